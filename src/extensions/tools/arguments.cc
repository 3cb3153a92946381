#include "extensions/tools/arguments.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"

namespace carapace::tools {

Arguments::Arguments(const ToolCall& call) : object_(std::make_unique<json::object>()) {
  if (auto parsed = parse_json(call.arguments); parsed && parsed->is_object())
    *object_ = std::move(parsed->get_object());
}

Arguments::~Arguments() = default;

std::string Arguments::text(std::string_view key) const { return string_or(*object_, key, ""); }

std::int64_t Arguments::number(std::string_view key, std::int64_t fallback, std::int64_t low,
                               std::int64_t high) const {
  auto value = find_int(*object_, key);
  if (!value) {
    if (const auto text = find_string(*object_, key)) {
      std::int64_t parsed = 0;
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
      if (error == std::errc() && end == text->data() + text->size()) value = parsed;
    }
  }
  return std::clamp(value.value_or(fallback), low, high);
}

tool::Outcome failed(std::string text) {
  return {std::move(text), {}, true, {Integrity::owner, Confidentiality::open}};
}

tool::Outcome answered(const json::value& value) {
  return {dump_json(value), {}, false, {Integrity::owner, Confidentiality::open}};
}

}  // namespace carapace::tools
