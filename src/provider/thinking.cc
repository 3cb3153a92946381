#include "provider/thinking.h"

#include <algorithm>

namespace carapace::provider {

std::int64_t thinking_budget(Thinking level) {
  switch (level) {
    case Thinking::off: return 0;
    case Thinking::minimal: return 1024;
    case Thinking::low: return 2048;
    case Thinking::medium: return 8192;
    case Thinking::high:
    case Thinking::xhigh: return 16'384;
  }
  return 0;
}

std::int64_t longest_output(const Request& request, const ModelInfo* model) {
  const bool effort_words = model && (model->style == ThinkingStyle::adaptive ||
                                      model->style == ThinkingStyle::adaptive_xhigh);
  if (effort_words) return request.max_output_tokens;
  const auto wanted = request.max_output_tokens + thinking_budget(request.thinking);
  if (!model || model->max_output <= 0) return wanted;
  return std::max(request.max_output_tokens, std::min(wanted, model->max_output));
}

}  // namespace carapace::provider
