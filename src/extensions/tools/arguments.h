// Reading a tool's arguments: the JSON object that the model wrote. Models send numbers as text and
// the other way round; these readers take both. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "domain/message.h"
#include "tool/contract.h"

namespace carapace::tools {

class Arguments {
 public:
  // What is no JSON object has no arguments.
  explicit Arguments(const ToolCall& call);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  std::string text(std::string_view key) const;  // empty when absent or no text
  // Clamped to [low, high]; `fallback` when absent or no number.
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t low,
                      std::int64_t high) const;

 private:
  std::unique_ptr<json::object> object_;
};

tool::Outcome failed(std::string text);            // something the model can mend
tool::Outcome answered(const json::value& value);  // pretty enough: JSON text

}  // namespace carapace::tools
