#include "config/explain/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "base/json.h"
#include "base/make_row.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/explain/overrides.h"
#include "config/present/describe.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr string_view kMask = "***";

// null counts as not set.
const json::value* find_value(const json::value& tree, const KeyPath& key) {
  const auto* value = find_in_tree(tree, key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

// Every `${NAME}` of a value, as `substitute` would ask for them.
void collect_names(const json::value& value, std::set<std::string>& names) {
  auto copy = value;
  const auto lookup = [&names](string_view name) -> std::optional<std::string> {
    names.emplace(name);
    return "-";
  };
  // Only the questions count; a text that it cannot fill in has asked before.
  (void)substitute(copy, lookup);
}

std::vector<Reference> references_in(const json::value& value, const Inspection& found,
                                     const Environment& environment) {
  std::set<std::string> names;
  collect_names(value, names);
  std::vector<Reference> out;
  for (const auto& name : names) {
    auto from = Reference::From::missing;
    if (environment.get(name)) {
      from = Reference::From::process;
    } else if (found.config && found.config->environment().get(name)) {
      from = Reference::From::env_section;
    }
    out.push_back({name, from});
  }
  return out;
}

// A port is a number also when a variable says it.
json::value value_of_variable(const std::string& text, const Explanation& out) {
  if (out.secret) return json::value(kMask);
  const auto wants_text = out.row == nullptr || out.row->type == FieldType::text;
  auto parsed = wants_text ? fail(Errc::invalid_request, "") : parse_json(text);
  return parsed ? std::move(*parsed) : json::value(text);
}

bool from_environment(Explanation& out, const std::vector<std::string>& names,
                      const Environment& environment) {
  for (const auto& name : names) {
    const auto value = environment.get(name);
    if (!value) continue;
    out.origin = Origin::environment;
    out.variable = name;
    out.value = dump_json(value_of_variable(*value, out));
    return true;
  }
  return false;
}

void find_in_file(Explanation& out, const KeyPath& key, const Inspection& found,
                  const Schema& schema, const Environment& environment) {
  const auto& document = found.document;
  Source source;
  if (found.config) source = found.config->source(out.key);
  const auto* written = find_value(document.tree(), key);
  if (source.line == 0 && written != nullptr) source = document.source(key);
  if (source.line == 0) return;
  out.source = source;
  out.origin = source.file == document.file ? Origin::file : Origin::include;
  if (found.config) {
    const auto today = name_of_today(key, document);
    if (today != key) out.today = to_text(today);
    if (auto shown = found.config->shown(to_text(today))) out.value = dump_json(*shown);
  } else if (written != nullptr) {
    const auto masked = redacted(document.tree(), schema);
    out.value = dump_json(*find_value(masked, key));
  }
  if (written != nullptr) out.references = references_in(*written, found, environment);
}

std::string reload_in_words(const FieldRow& row) {
  switch (row.reload) {
    case Reload::hot: return "applies at once";
    case Reload::subsystem: return fmt::format("starts anew: {}", row.part);
    case Reload::restart: return "needs a restart of the gateway";
    case Reload::none: return "nothing restarts: it is read when it is needed";
  }
  return "";
}

std::string reference_in_words(const Reference& reference) {
  switch (reference.from) {
    case Reference::From::process: return reference.name + " (set)";
    case Reference::From::env_section: return reference.name + " (from the env section)";
    case Reference::From::missing: return reference.name + " (not set)";
  }
  return reference.name;
}

std::string origin_in_words(const Explanation& out) {
  switch (out.origin) {
    case Origin::unset:
      return out.keys.empty() ? "nowhere: it is not set and has no default"
                              : "nowhere: nothing is set below it";
    case Origin::fallback: return "the default";
    case Origin::file: return to_text(out.source);
    case Origin::include: return fmt::format("{} (included)", to_text(out.source));
    case Origin::environment: return fmt::format("the environment variable {}", out.variable);
  }
  return "";
}

std::string value_in_words(const std::string& text) {
  const auto value = parse_json(text);
  if (!value) return text;
  if (const auto* words = value->if_string()) return std::string(string_view(*words));
  return replace_all(pretty_json(*value), "\n", "\n            ");
}

// A long list in lines of a hundred characters, beneath each other.
std::string listed(const std::vector<std::string>& words) {
  constexpr std::size_t kWidth = 88;
  std::string out;
  std::size_t width = 0;
  for (const auto& word : words) {
    if (!out.empty()) out += ",";
    const bool next = width > 0 && width + word.size() + 2 > kWidth;
    if (next) width = 0;
    out += next ? "\n            " : out.empty() ? "" : " ";
    out += word;
    width += word.size() + 2;
  }
  return out;
}

// The names that rows know directly below the key; a row's `*` stands for any part of it.
std::vector<std::string> keys_below(const KeyPath& key, const Schema& schema) {
  std::vector<std::string> out;
  for (const auto& row : schema.rows()) {
    auto rest = row.path;
    const bool below = std::ranges::all_of(key, [&rest](const std::string& part) {
      const auto end = std::min(rest.find('.'), rest.size());
      const auto name = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      return name == part || name == "*";
    });
    const auto name = rest.substr(0, std::min(rest.find('.'), rest.size()));
    if (!below || name.empty()) continue;
    const auto shown = name == "*" ? string_view("<name>") : name;
    if (std::ranges::find(out, shown) == out.end()) out.emplace_back(shown);
  }
  return out;
}

std::string row_in_words(const Explanation& out) {
  const auto& row = *out.row;
  auto text = fmt::format("{}\n  {}\n  kind      {}{}", out.key, row.description, kind_of(row),
                          out.secret ? "; secret" : "");
  if (!row.fallback.empty()) text += fmt::format("\n  default   {}", row.fallback);
  if (row.planned && out.today.empty()) {
    text += "\n  planned   this version checks and keeps the key, but does not use it yet";
  } else if (!row.planned) {
    text += fmt::format("\n  change    {}", reload_in_words(row));
  }
  if (out.today.empty() && !row.same_as.empty())
    text += fmt::format("\n  today     {}", row.same_as);
  return text;
}

}  // namespace

string_view name_of(Reload reload) {
  switch (reload) {
    case Reload::hot: return "hot";
    case Reload::subsystem: return "subsystem";
    case Reload::restart: return "restart";
    case Reload::none: return "none";
  }
  return "restart";
}

string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::unset: return "unset";
    case Origin::fallback: return "default";
    case Origin::file: return "file";
    case Origin::include: return "include";
    case Origin::environment: return "environment";
  }
  return "unset";
}

KeyPath name_of_today(const KeyPath& key, const Document& document) {
  for (const auto& moved : document.moved) {
    if (moved.to.empty() || moved.from.size() > key.size() ||
        !std::equal(moved.from.begin(), moved.from.end(), key.begin()))
      continue;
    auto today = moved.to;
    today.insert(today.end(), key.begin() + static_cast<std::ptrdiff_t>(moved.from.size()),
                 key.end());
    return today;
  }
  return key;
}

KeyPath name_of_today(const KeyPath& key, const Schema& schema) {
  // Whether a spelling moves may depend on what stands there, so one of each kind is tried.
  for (json::value tried : {json::value("x"), json::value(true), json::value(1),
                            json::value(json::object{{"x", "x"}}), json::value(json::array{"x"})}) {
    for (const auto& part : std::views::reverse(key)) tried = json::object{{part, tried}};
    Document document;
    document.moved = apply_moves(tried, schema.moves());
    if (auto today = name_of_today(key, document); today != key) return today;
  }
  return key;
}

Explanation explain(const KeyPath& key, const Inspection& found, const Schema& schema,
                    const Environment& environment, const std::vector<std::string>& spoken) {
  Explanation out{.key = to_text(key), .row = schema.row(key), .known = schema.known(key)};
  out.secret = schema.is_secret(key);
  if (const auto today = name_of_today(key, schema); today != key) out.today = to_text(today);
  if (!out.known && out.today.empty()) out.near = schema.suggestion(key);
  out.keys = keys_below(key, schema);
  const auto* variables = override_of(out.key);
  if (variables != nullptr) out.variables = names_of(*variables);
  out.variables.insert(out.variables.end(), spoken.begin(), spoken.end());
  if (variables != nullptr && variables->over_file &&
      from_environment(out, out.variables, environment))
    return out;
  find_in_file(out, key, found, schema, environment);
  if (out.origin != Origin::unset || from_environment(out, out.variables, environment)) return out;
  const auto fallback = schema.fallback(key);
  if (fallback.is_null()) return out;
  out.value = dump_json(fallback);
  out.origin = Origin::fallback;
  return out;
}

std::string to_text(const Explanation& out) {
  auto text = out.row != nullptr ? row_in_words(out) : out.key;
  if (out.row == nullptr)
    text += out.known           ? "\n  an object that holds other keys"
            : out.today.empty() ? "\n  this version does not know the key"
                                : "\n  an older spelling, which is understood";
  if (!out.keys.empty()) text += "\n  keys      " + listed(out.keys);
  if (!out.today.empty()) text += fmt::format("\n  today     {}", out.today);
  if (out.near) text += fmt::format("\n  did you mean {}?", *out.near);
  if (!out.value.empty()) text += "\n  value     " + value_in_words(out.value);
  text += fmt::format("\n  from      {}", origin_in_words(out));
  for (const auto& reference : out.references)
    text += fmt::format("\n  variable  {}", reference_in_words(reference));
  if (!out.variables.empty() && out.origin != Origin::environment)
    text += fmt::format("\n  or set    {}", fmt::join(out.variables, ", "));
  return text;
}

namespace {

// Whole numbers without a fraction and an exponent.
json::value number(double value) {
  constexpr double kExact = 9007199254740992.0;
  const bool whole = value > -kExact && value < kExact &&
                     static_cast<double>(static_cast<std::int64_t>(value)) == value;
  return whole ? json::value(static_cast<std::int64_t>(value)) : json::value(value);
}

void put_row(json::object& out, const FieldRow& row) {
  out["type"] = kind_of(row);
  out["description"] = row.description;
  if (!row.one_of.empty()) {
    json::array choices;
    for (const auto choice : split(row.one_of, '|')) choices.emplace_back(choice);
    out["choices"] = std::move(choices);
  }
  if (row.min != row.max) {
    json::object bounds{{"min", number(row.min)}};
    if (row.max < make_row::kMost) bounds["max"] = number(row.max);
    out["bounds"] = std::move(bounds);
  }
  if (auto fallback = parse_json(row.fallback); fallback && !row.fallback.empty())
    out["default"] = std::move(*fallback);
  out["reload"] = name_of(row.reload);
  if (row.reload == Reload::subsystem) out["part"] = row.part;
  out["planned"] = row.planned;
  if (!row.same_as.empty()) out["sameAs"] = row.same_as;
}

string_view name_of(Reference::From from) {
  switch (from) {
    case Reference::From::process: return "process";
    case Reference::From::env_section: return "env";
    case Reference::From::missing: return "missing";
  }
  return "missing";
}

}  // namespace

json::value to_json(const Explanation& explanation) {
  const auto& it = explanation;
  json::object out{{"key", it.key}, {"known", it.known}, {"secret", it.secret}};
  if (it.near) out["suggestion"] = *it.near;
  if (!it.today.empty()) out["today"] = it.today;
  if (it.row != nullptr) put_row(out, *it.row);
  if (!it.keys.empty()) out["keys"] = json::array(it.keys.begin(), it.keys.end());
  const auto value =
      it.value.empty() ? json::value(nullptr) : parse_json(it.value).value_or(nullptr);
  out["value"] = value;
  json::object origin{{"kind", name_of(it.origin)}};
  if (it.source.line > 0) {
    origin["file"] = it.source.file;
    origin["line"] = it.source.line;
    origin["column"] = it.source.column;
  }
  if (!it.variable.empty()) origin["variable"] = it.variable;
  json::array references;
  for (const auto& reference : it.references)
    references.push_back(json::object{{"name", reference.name}, {"from", name_of(reference.from)}});
  if (!references.empty()) origin["references"] = std::move(references);
  out["from"] = std::move(origin);
  if (!it.variables.empty())
    out["variables"] = json::array(it.variables.begin(), it.variables.end());
  return out;
}

}  // namespace carapace::config
