// What an import carries over, as text and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "base/text.h"
#include "config/import/carry.h"

namespace carapace::config {
namespace {

template <typename Row, typename Line>
std::string section(std::string_view title, const std::vector<Row>& rows, Line line) {
  if (rows.empty()) return {};
  auto out = fmt::format("{} ({}):\n", title, rows.size());
  for (const auto& row : rows) out += "  " + strip_controls(line(row), false) + "\n";
  return out;
}

json::array list_of(const std::vector<CarriedKey>& keys) {
  json::array list;
  for (const auto& key : keys)
    list.push_back(json::object{{"path", key.path}, {"value", key.value}});
  return list;
}

std::string summary(const Carried& carried) {
  return fmt::format(
      "{} carried over as they are, {} changed, {} kept for later, {} unknown and "
      "kept, {} left out.",
      carried.as_it_is.size(), carried.moved.size(), carried.planned.size(), carried.unknown.size(),
      carried.left_out.size());
}

}  // namespace

std::string to_text(const Carried& carried) {
  const auto key = [](const CarriedKey& one) {
    return fmt::format("{} = {}", one.path, one.value);
  };
  const auto word = [](const std::string& text) { return text; };
  auto out = fmt::format("{} of {}\n", carried.from.file, name_of(carried.from.product));
  out += section("Put in from included files", carried.included, word);
  out += section("As it is", carried.as_it_is, key);
  out += section("Changed", carried.moved,
                 [](const MovedKey& one) { return fmt::format("{} -> {}", one.from, one.to); });
  out += section("Checked and kept, not used by this version yet", carried.planned, key);
  out += section("Unknown and kept", carried.unknown, key);
  out += section("Left out", carried.left_out,
                 [](const LeftOutKey& one) { return fmt::format("{}: {}", one.path, one.why); });
  out += section("Variables that are asked for and not set here", carried.variables, word);
  out += section("Still names a place in the old folder", carried.old_places, word);
  out += section("Not looked at, in the same folder", carried.from.others, word);
  return out + summary(carried);
}

json::value to_json(const Carried& carried) {
  json::array moved;
  for (const auto& one : carried.moved)
    moved.push_back(json::object{{"from", one.from}, {"to", one.to}});
  json::array left_out;
  for (const auto& one : carried.left_out)
    left_out.push_back(json::object{{"path", one.path}, {"why", one.why}});
  const auto words = [](const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
  };
  return json::object{
      {"from", {{"file", carried.from.file}, {"product", name_of(carried.from.product)}}},
      {"included", words(carried.included)},
      {"asItIs", list_of(carried.as_it_is)},
      {"changed", std::move(moved)},
      {"planned", list_of(carried.planned)},
      {"unknown", list_of(carried.unknown)},
      {"leftOut", std::move(left_out)},
      {"variables", words(carried.variables)},
      {"oldPlaces", words(carried.old_places)},
      {"others", words(carried.from.others)},
      {"summary", summary(carried)}};
}

}  // namespace carapace::config
