#include "provider/stack/resume.h"

#include <iterator>
#include <utility>
#include <variant>

#include "async/coro.h"

namespace carapace::provider {
namespace {

constexpr int kMaxPauses = 3;

void add_usage(const Usage& more, Usage& total) {
  total.input += more.input;
  total.output += more.output;
  total.cache_read += more.cache_read;
  total.cache_write += more.cache_write;
}

// White space at the end of the assistant's last words is refused.
Message so_far(std::vector<Block> blocks) {
  Message message;
  message.role = Role::assistant;
  if (auto* text = blocks.empty() ? nullptr : std::get_if<TextBlock>(&blocks.back()))
    text->text.erase(text->text.find_last_not_of(" \t\r\n") + 1);
  std::erase_if(blocks, [](const Block& block) {
    const auto* text = std::get_if<TextBlock>(&block);
    return text && text->text.empty();
  });
  message.blocks = std::move(blocks);
  return message;
}

// Words that the pause cut in two are one text again, as they were shown.
void append(std::vector<Block> more, std::vector<Block>& blocks) {
  auto from = more.begin();
  if (!blocks.empty() && from != more.end()) {
    auto* last = std::get_if<TextBlock>(&blocks.back());
    const auto* next = std::get_if<TextBlock>(&*from);
    if (last && next) {
      last->text += next->text;
      ++from;
    }
  }
  blocks.insert(blocks.end(), std::make_move_iterator(from), std::make_move_iterator(more.end()));
}

class Resume final : public Provider {
 public:
  explicit Resume(Provider& inner) : inner_(inner) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    auto answer = co_await inner_.complete(request, events, context);
    if (!answer || !answer->paused) co_return answer;
    auto longer = request;
    auto whole = std::move(*answer);
    for (int pauses = 0; whole.paused && pauses < kMaxPauses; ++pauses) {
      auto message = so_far(whole.blocks);
      if (message.blocks.empty()) break;
      longer.messages.resize(request.messages.size());
      longer.messages.push_back(std::move(message));
      CO_TRY(auto part, co_await inner_.complete(longer, events, context));
      add_usage(whole.usage, part.usage);
      part.cost_micros += whole.cost_micros;
      append(std::move(part.blocks), whole.blocks);
      part.blocks = std::move(whole.blocks);
      whole = std::move(part);
    }
    co_return whole;
  }

 private:
  Provider& inner_;
};

}  // namespace

std::unique_ptr<Provider> make_resume(Provider& inner) { return std::make_unique<Resume>(inner); }

}  // namespace carapace::provider
