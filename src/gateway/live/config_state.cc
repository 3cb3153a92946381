#include "gateway/live/config_state.h"

#include "rpc/json_text.h"

namespace carapace::gateway {
namespace {

using rpc::ArrayText;
using rpc::ObjectText;

// A file can be wrong in thousands of ways at once; clients are told of the first of them.
constexpr std::size_t kMaxIssues = 50;
constexpr std::size_t kMaxPaths = 500;

std::string list_of(const std::vector<std::string>& texts) {
  ArrayText out;
  for (std::size_t i = 0; i < texts.size() && i < kMaxPaths; ++i) out.text(texts[i]);
  return out.take();
}

std::string issues_json(const std::vector<ConfigIssue>& issues) {
  ArrayText out;
  for (std::size_t i = 0; i < issues.size() && i < kMaxIssues; ++i)
    out.raw(ObjectText()
                .text("severity", issues[i].error ? "error" : "warn")
                .text("path", issues[i].path)
                .text("message", issues[i].message)
                .text_unless_empty("at", issues[i].at)
                .take());
  return out.take();
}

}  // namespace

std::string to_json(const ConfigState& state) {
  return ObjectText()
      .boolean("valid", state.valid)
      .text("file", state.file)
      .text("hash", state.hash)
      .raw("issues", issues_json(state.issues))
      .raw("waiting", list_of(state.waiting))
      .take();
}

std::string config_changed_json(std::string_view mode, const std::vector<std::string>& changed,
                                const ConfigState& state, std::int64_t now_ms) {
  ObjectText out;
  out.text("mode", mode)
      .number("ts", now_ms)
      .text("hash", state.hash)
      .boolean("valid", state.valid)
      .raw("changed", list_of(changed));
  if (!state.issues.empty()) out.raw("issues", issues_json(state.issues));
  return out.take();
}

}  // namespace carapace::gateway
