// Reads JSON5 texts, one a line in base64, and answers each with one line of JSON: what our reader
// makes of it, and what it says for the ancestor's reader. For json5.test.mjs.
#include <bit>
#include <iostream>
#include <string>

#include "base/bytes.h"
#include "base/json.h"
#include "config/json5.h"
#include "config/text/json5_wire.h"

namespace {

namespace json = carapace::json;

// A form that loses nothing on the way: numbers as the bits of a double, objects as lists.
json::value plain(const json::value& value) {
  if (value.is_number()) {
    auto number = value.to_number<double>();
    if (number == 0) number = 0;  // one zero
    if (number != number) return json::object{{"#", "NaN"}};
    return json::object{{"#", fmt::format("{:016x}", std::bit_cast<std::uint64_t>(number))}};
  }
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& item : *list) out.push_back(plain(item));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::array out;
    for (const auto& member : *object)
      out.push_back(json::array{json::string(member.key()), plain(member.value())});
    return json::object{{"{}", std::move(out)}};
  }
  return value;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto text = carapace::from_base64(line).value();
    json::object answer;
    const auto node = carapace::config::read_json5(text);
    answer["ok"] = node.has_value();
    if (node)
      answer["value"] = plain(carapace::config::to_json(*node));
    else
      answer["what"] =
          fmt::format("{}:{}: {}", node.error().line, node.error().column, node.error().what);
    if (const auto wire = carapace::config::json5_wire_text(text)) answer["wire"] = *wire;
    std::cout << carapace::dump_json(answer) << '\n';
  }
  std::cout.flush();
}
