// Reading a tool's arguments: the JSON object that the model wrote. Models send numbers as text and
// the other way round; these readers take both. Loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "domain/message.h"
#include "tool/contract.h"

namespace carapace::tools {

class Arguments {
 public:
  explicit Arguments(const ToolCall& call) {
    if (auto parsed = parse_json(call.arguments); parsed && parsed->is_object())
      object_ = std::move(parsed->get_object());
  }
  std::string text(std::string_view key) const { return string_or(object_, key, ""); }
  // Clamped to [low, high]; `fallback` when absent or no number.
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t low,
                      std::int64_t high) const;

 private:
  json::object object_;
};

tool::Outcome failed(std::string text);            // something the model can mend
tool::Outcome answered(const json::value& value);  // pretty enough: JSON text

}  // namespace carapace::tools
