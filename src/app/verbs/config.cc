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
#include "config/key_path.h"
#include "config/write.h"
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

// `-` stands for a value that is asked for without echo, or read from standard input.
Result<std::string> typed_text(const std::string& given) {
  if (given != "-") return given;
  auto text = is_terminal(0) ? read_secret("value: ") : std::optional<std::string>();
  std::string line;
  if (!text && std::getline(std::cin, line)) text = line;
  if (!text || trim(*text).empty())
    return fail(Errc::invalid_request, "no value was given; nothing was changed");
  return std::string(trim(*text));
}

// What the rows cannot say about a value.
Status check_wish(const std::string& key, const json::value& value) {
  if (key != "gateway.bind" || !value.is_string()) return {};
  return check_bind(std::string(std::string_view(value.get_string())));
}

Status write_value(const Options& options, const config::Paths& paths,
                   const config::Schema& schema) {
  TRY(const auto key, config::parse_key_path(options.key));
  if (!schema.known(key)) {
    const auto near = schema.suggestion(key);
    return fail(Errc::not_found, "no key '{}'{}", options.key,
                near ? fmt::format("; did you mean {}?", *near) : "");
  }
  TRY(const auto text, typed_text(options.value));
  const auto value =
      options.value == "-" ? json::value(text) : config::typed_value(text, schema.row(key));
  TRY_STATUS(check_wish(options.key, value));
  TRY_STATUS(fs::ensure_dir(paths.config_file.substr(0, paths.config_file.rfind('/'))));
  TRY(const auto issues, config::set_in_file(paths.config_file, key, value, schema));
  for (const auto& issue : issues) print_error(config::to_text(issue));
  return {};
}

int show(const Options& options, const config::Config& config) {
  if (options.config_action == "show") {
    print_value(config.shown_in_force(), true);
  } else {
    const auto value = config.shown(options.key);
    if (!value) return report(value.error(), options.json);
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
    if (options.json) {
      print_line(dump_json(
          json::object{{"path", paths->config_file}, {"exists", fs::exists(paths->config_file)}}));
    } else {
      print_line(paths->config_file);
    }
    return kExitOk;
  }
  const config::Schema schema(config::builtin_fields());
  if (options.config_action == "set") {
    const auto written = write_value(options, *paths, schema);
    if (!written) return report(written.error());
    print_line(fmt::format("{} is set in {}; it applies from the next start on.", options.key,
                           paths->config_file));
    return kExitOk;
  }
  const auto config = config::Config::load(paths->config_file, schema, environment);
  if (!config) return report(config.error(), options.json);
  return show(options, *config);
}

}  // namespace carapace::app
