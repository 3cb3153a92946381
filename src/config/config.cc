#include "config/config.h"

#include <charconv>

#include "base/json.h"
#include "config/read/state.h"

namespace carapace::config {

using std::string_view;

namespace {

const json::value* find_in(const json::value& tree, const KeyPath& path) {
  const auto* at = &tree;
  for (const auto& part : path) {
    if (const auto* object = at->if_object()) {
      at = object->if_contains(part);
    } else if (const auto* list = at->if_array()) {
      std::size_t index = list->size();
      std::from_chars(part.data(), part.data() + part.size(), index);
      at = index < list->size() ? &(*list)[index] : nullptr;
    } else {
      at = nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at->is_null() ? nullptr : at;
}

// The default of a key that the file leaves out.
void put_missing(json::value& tree, const FieldRow& row, const Schema& schema) {
  const auto parts = parse_key_path(row.path);
  if (!parts || find_in(tree, *parts) != nullptr) return;
  auto* at = tree.if_object();
  for (std::size_t i = 0; at != nullptr && i + 1 < parts->size(); ++i) {
    auto& next = (*at)[(*parts)[i]];
    if (next.is_null()) next = json::object();
    at = next.if_object();
  }
  if (at != nullptr) (*at)[parts->back()] = schema.fallback(*parts);
}

}  // namespace

void accept_short_forms(json::value& tree) {
  const auto inside = [](json::value* value, string_view key) -> json::value* {
    auto* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
  };
  auto* model = inside(inside(inside(&tree, "agents"), "defaults"), "model");
  if (model != nullptr && model->is_string()) *model = json::object{{"primary", *model}};
}

Config::Config(std::unique_ptr<State> state) : state_(std::move(state)) {}
Config::Config(const Config& other) : state_(std::make_unique<State>(*other.state_)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(const Config& other) {
  if (this != &other) state_ = std::make_unique<State>(*other.state_);
  return *this;
}
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

const json::value* Config::value(string_view path) const {
  const auto parts = parse_key_path(path);
  CARAPACE_CHECK(parts.has_value());
  CARAPACE_CHECK(state_->schema->known(*parts));
  return find_in(state_->tree, *parts);
}

bool Config::has(string_view path) const { return value(path) != nullptr; }

namespace {

// The value that is set, else the default.
json::value in_force(const Schema& schema, const json::value& tree, string_view path) {
  const auto parts = parse_key_path(path);
  CARAPACE_CHECK(parts.has_value());
  CARAPACE_CHECK(schema.row(*parts) != nullptr);
  if (const auto* found = find_in(tree, *parts)) return *found;
  return schema.fallback(*parts);
}

}  // namespace

std::string Config::text(string_view path) const {
  const auto found = in_force(*state_->schema, state_->tree, path);
  return found.is_string() ? std::string(string_view(found.get_string())) : std::string();
}

std::string Config::file_path(string_view path) const {
  return expand_home(text(path), state_->environment);
}

std::int64_t Config::integer(string_view path) const {
  return as_int(in_force(*state_->schema, state_->tree, path)).value_or(0);
}

double Config::number(string_view path) const {
  const auto found = in_force(*state_->schema, state_->tree, path);
  return found.is_number() ? found.to_number<double>() : 0;
}

bool Config::flag(string_view path) const {
  const auto found = in_force(*state_->schema, state_->tree, path);
  return found.is_bool() && found.get_bool();
}

std::vector<std::string> Config::list(string_view path) const {
  std::vector<std::string> out;
  const auto found = in_force(*state_->schema, state_->tree, path);
  if (const auto* items = found.if_array())
    for (const auto& item : *items)
      if (const auto* text = item.if_string()) out.emplace_back(string_view(*text));
  return out;
}

const json::object* Config::object(string_view path) const {
  const auto* found = value(path);
  return found == nullptr ? nullptr : found->if_object();
}

Result<json::value> Config::shown(string_view path) const {
  TRY(const auto parts, parse_key_path(path));
  const auto in_force = shown_in_force();
  if (const auto* found = find_in(in_force, parts)) return *found;
  if (const auto* row = state_->schema->row(parts); row != nullptr && !row->fallback.empty())
    return state_->schema->fallback(parts);
  if (state_->schema->known(parts))
    return fail(Errc::not_found, "{} is not set and has no default.", path);
  const auto near = state_->schema->suggestion(parts);
  return fail(Errc::not_found, "there is no key {}.{}", path,
              near ? fmt::format(" Did you mean {}?", *near) : "");
}

json::value Config::shown_all() const { return redacted(raw(), *state_->schema); }

json::value Config::shown_in_force() const {
  auto today = raw();
  accept_short_forms(today);
  apply_moves(today, state_->schema->moves());
  auto all = redacted(today, *state_->schema);
  for (const auto& row : state_->schema->rows())
    if (!row.fallback.empty() && !row.path.contains('*') && (!row.planned || row.filled_in))
      put_missing(all, row, *state_->schema);
  return all;
}

const json::value& Config::raw() const { return state_->document.tree(); }
const json::value& Config::tree() const { return state_->tree; }
const std::vector<Issue>& Config::warnings() const { return state_->warnings; }
const std::vector<Issue>& Config::legacy_issues() const { return state_->legacy; }
const std::string& Config::file() const { return state_->document.file; }
bool Config::from_file() const { return state_->document.exists; }
const Document& Config::document() const { return state_->document; }
const Environment& Config::environment() const { return state_->environment; }

Source Config::source(string_view path) const {
  const auto parts = parse_key_path(path);
  if (!parts || find_in(state_->tree, *parts) == nullptr) return {};
  return state_->document.source(*parts);
}

}  // namespace carapace::config
