#include "config/config.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"
#include "config/text/substitute.h"
#include "fs/read_file.h"

namespace carapace::config {

using std::string_view;

struct Config::State {
  const Schema* schema = nullptr;
  Environment environment;
  std::string file;
  bool from_file = false;
  json::value raw = json::object();
  json::value tree = json::object();
  std::vector<Issue> warnings;
};

namespace {

constexpr std::size_t kMaxReported = 10;

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

// The node in the text that an issue speaks of, or the nearest one around it.
const Json5Node& node_of(const Json5Node& root, string_view path) {
  const auto* at = &root;
  const auto parts = parse_key_path(path);
  if (!parts) return root;
  for (const auto& part : *parts) {
    const Json5Node* next = nullptr;
    std::size_t index = 0;
    if (at->kind == Json5Node::Kind::object) {
      next = member_of(*at, part);
    } else if (std::from_chars(part.data(), part.data() + part.size(), index).ec == std::errc() &&
               index < at->items.size()) {
      next = &at->items[index];
    }
    if (next == nullptr) break;
    at = next;
  }
  return *at;
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

std::unexpected<Error> not_valid(const std::string& file, string_view text, const Json5Node& root,
                                 const std::vector<Issue>& issues) {
  std::string detail = fmt::format("{} is not valid:", file);
  std::size_t reported = 0;
  std::size_t errors = 0;
  for (const auto& issue : issues) {
    if (issue.severity != Severity::error) continue;
    if (++errors > kMaxReported) continue;
    ++reported;
    detail +=
        fmt::format("\n  line {}: {}", problem_at(text, node_of(root, issue.path).begin, "").line,
                    to_text(issue));
  }
  if (errors > reported) detail += fmt::format("\n  and {} more", errors - reported);
  return fail(Errc::invalid_request,
              detail + "\nMend the file, or move it away to start with defaults.");
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

Result<Config> Config::load(const std::string& file, const Schema& schema,
                            const Environment& environment) {
  // People keep their configuration elsewhere and link to it, so links are followed here.
  const auto text = fs::read_file(file, {.max_bytes = kMaxConfigBytes, .follow_links = true});
  if (!text && text.error().code != Errc::not_found) return std::unexpected(text.error());
  TRY(auto config, from_text(text ? *text : std::string(), file, schema, environment));
  config.state_->from_file = text.has_value();
  return config;
}

Result<Config> Config::from_text(string_view text, const std::string& file, const Schema& schema,
                                 const Environment& environment) {
  auto state = std::make_unique<State>();
  state->schema = &schema;
  state->environment = environment;
  state->file = file;
  const bool blank = trim(text).empty();
  const auto node = read_json5(blank ? "{}" : text, {.max_bytes = kMaxConfigBytes});
  if (!node)
    return fail(Errc::invalid_request,
                "{}:{}:{}: {}.\nMend the file, or move it away to start with defaults.", file,
                node.error().line, node.error().column, node.error().what);
  state->raw = to_json(*node);
  state->tree = state->raw;
  accept_short_forms(state->tree);

  const auto lookup = [&environment](string_view name) { return environment.get(name); };
  if (auto status = substitute(state->tree, lookup); !status)
    return fail(status.error().code, "{}: {}", file, status.error().detail);
  auto issues = schema.validate(state->tree);
  const auto is_error = [](const Issue& issue) { return issue.severity == Severity::error; };
  if (std::ranges::any_of(issues, is_error)) return not_valid(file, text, *node, issues);
  state->warnings = std::move(issues);
  return Config(std::move(state));
}

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

json::value Config::shown_all() const { return redacted(state_->raw, *state_->schema); }

json::value Config::shown_in_force() const {
  auto all = redacted(state_->raw, *state_->schema);
  accept_short_forms(all);
  for (const auto& row : state_->schema->rows())
    if (!row.fallback.empty() && !row.path.contains('*')) put_missing(all, row, *state_->schema);
  return all;
}

const json::value& Config::raw() const { return state_->raw; }
const json::value& Config::tree() const { return state_->tree; }
const std::vector<Issue>& Config::warnings() const { return state_->warnings; }
const std::string& Config::file() const { return state_->file; }
bool Config::from_file() const { return state_->from_file; }

}  // namespace carapace::config
