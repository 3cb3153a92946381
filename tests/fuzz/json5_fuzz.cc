// The JSON5 reader never fails to end; a problem lies inside the text; JSON that the strict parser
// takes is taken with the same value (but for the last place of fractions); every value lies where
// its node says; and setting a key either is refused or gives a text with that value.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/json5.h"
#include "config/text/json5_wire.h"

namespace {

namespace json = carapace::json;
using carapace::config::Json5Node;

bool same(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_double())
    return a.as_double() == b.as_double() ||
           std::abs(a.as_double() - b.as_double()) <= std::abs(a.as_double()) * 1e-14;
  if (a.is_array() && b.is_array()) {
    if (a.as_array().size() != b.as_array().size()) return false;
    for (std::size_t i = 0; i < a.as_array().size(); ++i)
      if (!same(a.as_array()[i], b.as_array()[i])) return false;
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return false;
    for (const auto& member : a.as_object()) {
      const auto* other = b.as_object().if_contains(member.key());
      if (other == nullptr || !same(member.value(), *other)) return false;
    }
    return true;
  }
  return a.kind() == b.kind() && a == b;
}

void check_places(const Json5Node& node, std::size_t begin, std::size_t end) {
  if (node.begin < begin || node.end > end || node.begin >= node.end) std::abort();
  for (const auto& item : node.items) check_places(item, node.begin + 1, node.end - 1);
  for (const auto& member : node.members) check_places(member.value, node.begin + 1, node.end - 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto node = carapace::config::read_json5(text);
  const auto strict = carapace::parse_json(text);
  // What we take the ancestor's reader takes as well; it has no limits, and mends bad bytes.
  const auto wire = carapace::config::json5_wire_text(text);
  if (node && wire) std::abort();
  if (!node && !wire && text.find('\0') == std::string_view::npos &&
      carapace::is_valid_utf8(text) && !node.error().what.starts_with("deeper than"))
    std::abort();
  if (!node) {
    if (node.error().line < 1 || node.error().line > size + 1 || node.error().column < 1 ||
        node.error().column > size + 1)
      std::abort();
    // NUL is the one thing that strict JSON cannot hold either, so nothing may be lost here.
    if (strict) std::abort();
    return 0;
  }
  check_places(*node, 0, size);
  if (strict && !same(carapace::config::to_json(*node), *strict)) std::abort();

  const auto edited = carapace::config::set_in_text(text, {"gateway", "port"}, 18789);
  if (!edited) {
    if (edited.error().code == carapace::Errc::internal) std::abort();
    return 0;
  }
  const auto again = carapace::config::parse_json5(*edited);
  if (!again || again->at("gateway").at("port") != 18789) std::abort();
  return 0;
}
