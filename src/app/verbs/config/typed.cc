#include "app/verbs/config/typed.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/verbs/config/findings.h"
#include "base/json.h"
#include "config/explain/explain.h"

namespace carapace::app {
namespace {

bool is_index(std::string_view part) {
  return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

std::string id_of(const json::value& item) {
  const auto* object = item.if_object();
  return object == nullptr ? std::string() : string_or(*object, "id", "");
}

// The index of the item with the id; the ids that there are in the words of the refusal.
Result<std::string> index_of(const json::array& list, const std::string& id,
                             const config::KeyPath& at) {
  std::string ids;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto one = id_of(list[i]);
    if (one == id) return std::to_string(i);
    if (!one.empty()) ids += fmt::format("{}[{}] {}", ids.empty() ? ": " : ", ", i, one);
  }
  return fail(Errc::not_found, "{} is a list of {}, and '{}' is no index or id in it{}",
              config::to_text(at), list.size(), id, ids);
}

}  // namespace

Result<config::KeyPath> typed_key(const ConfigCall& call, const config::Inspection& found) {
  TRY(auto path, config::parse_key_path(call.options.key));
  if (found.document.problem) return path;
  const json::value* at = &found.document.tree();
  config::KeyPath before;
  for (auto& part : path) {
    if (const auto* list = at->if_array(); list != nullptr && !is_index(part)) {
      TRY(part, index_of(*list, part, before));
    }
    before.push_back(part);
    at = value_at(*at, {part});
    if (at == nullptr) break;
  }
  return path;
}

std::unexpected<Error> unknown_key(const config::KeyPath& key, const config::Schema& schema) {
  if (const auto today = config::name_of_today(key, schema); today != key)
    return fail(Errc::not_found, "{} is called {} today.", config::to_text(key),
                config::to_text(today));
  const auto near = schema.suggestion(key);
  return fail(Errc::not_found, "there is no key {}.{}", config::to_text(key),
              near ? fmt::format(" Did you mean {}?", *near) : "");
}

std::string all_of_input() {
  std::string text;
  char byte = 0;
  while (text.size() <= kMaxTyped && std::cin.get(byte)) text.push_back(byte);
  return text;
}

}  // namespace carapace::app
