// config show | get | set | path: the configuration file, for people and scripts.
#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "app/start/plan.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "base/json.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/fields.h"
#include "config/json5.h"
#include "config/key_path.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/read_file.h"

namespace carapace::app {
namespace {

void print_value(const json::value& value, bool as_json) {
  if (!as_json && value.is_string()) {
    print_line(std::string_view(value.get_string()));
  } else {
    print_line(config::pretty_json(value));
  }
}

// The value as typed: JSON5 where it is some, else plain text; `-` is asked for without echo.
Result<json::value> typed_value(std::string text, const FieldRow* row) {
  if (text == "-") {
    auto secret = is_terminal(0) ? read_secret("value: ") : std::optional<std::string>();
    if (!secret) {
      std::string line;
      if (!std::getline(std::cin, line)) return fail(Errc::invalid_request, "no value was given on standard input");
      secret = line;
    }
    text = std::string(trim(*secret));
    if (text.empty()) return fail(Errc::invalid_request, "the value is empty; nothing was changed");
    return json::value(text);
  }
  const bool wants_text = row && row->type == FieldType::text;
  if (!wants_text) {
    if (auto parsed = config::parse_json5(text)) return std::move(*parsed);
  }
  return json::value(text);
}

Status write_value(const Options& options, const config::Paths& paths, const config::Schema& schema,
                   const config::Environment& environment) {
  TRY(const auto key, config::parse_key_path(options.key));
  if (!schema.known(key)) {
    const auto near = schema.suggestion(key);
    return fail(Errc::not_found, "no key '{}'{}", options.key, near ? fmt::format("; did you mean {}?", *near) : "");
  }
  TRY(auto value, typed_value(options.value, schema.row(key)));
  std::string text;
  if (auto old = fs::read_file(paths.config_file, {.max_bytes = config::kMaxConfigBytes, .follow_links = true})) {
    text = std::move(*old);
  } else if (old.error().code != Errc::not_found) {
    return std::unexpected(old.error());
  }
  TRY(const auto changed, config::set_in_text(text, key, value));
  // What would not load is not written.
  TRY(const auto checked, config::Config::from_text(changed, paths.config_file, schema, environment));
  const auto slash = paths.config_file.rfind('/');
  TRY_STATUS(fs::ensure_dir(paths.config_file.substr(0, slash)));
  return fs::atomic_write(paths.config_file, changed);
}

int show(const Options& options, const config::Config& config) {
  if (options.config_action == "show") {
    print_value(config.shown_all(), true);
  } else {
    const auto value = config.shown(options.key);
    if (!value) return report(value.error());
    if (value->is_null()) {
      print_error(options.key + " is not set");
      return kExitFailed;
    }
    print_value(*value, options.json);
  }
  for (const auto& issue : config.warnings()) print_error(config::to_text(issue));
  return kExitOk;
}

}  // namespace

int run_config(const Options& options, const config::Environment& environment) {
  const auto paths = config::resolve_paths(environment, {options.state_dir, options.config_file});
  if (!paths) return report(paths.error());
  if (options.config_action == "path") {
    print_line(paths->config_file);
    return kExitOk;
  }
  const config::Schema schema(config::builtin_fields());
  if (options.config_action == "set") {
    const auto written = write_value(options, *paths, schema, environment);
    if (!written) return report(written.error());
    print_line(fmt::format("{} is set in {}; it applies from the next start on.", options.key, paths->config_file));
    return kExitOk;
  }
  const auto config = config::Config::load(paths->config_file, schema, environment);
  if (!config) return report(config.error());
  return show(options, *config);
}

}  // namespace carapace::app
