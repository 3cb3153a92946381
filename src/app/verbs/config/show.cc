// config show | get | path: what the configuration says, secrets masked.
#include <fmt/format.h>

#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/findings.h"
#include "app/verbs/config/typed.h"
#include "base/json.h"
#include "config/config.h"
#include "config/edit.h"
#include "config/explain/explain.h"
#include "fs/read_file.h"

namespace carapace::app {
namespace {

config::Inspection inspected(const ConfigCall& call) {
  return config::inspect(call.paths.config_file, call.schema, call.environment);
}

// A file with errors is shown as far as it can be read: whoever mends it needs to see it.
Result<json::value> value_in(const config::Inspection& found, const ConfigCall& call) {
  TRY(const auto key, typed_key(call, found));
  if (found.config) {
    const auto today = config::name_of_today(key, found.document);
    return found.config->shown(config::to_text(config::name_of_today(today, call.schema)));
  }
  if (found.document.problem || !found.document.tree().is_object())
    return std::unexpected(*found.error);
  const auto tree = config::redacted(found.document.tree(), call.schema);
  const auto* value = value_at(tree, key);
  if (value != nullptr) return *value;
  if (!call.schema.known(key)) return unknown_key(key, call.schema);
  if (auto fallback = call.schema.fallback(key); !fallback.is_null()) return fallback;
  return fail(Errc::not_found, "{} is not set.", call.options.key);
}

}  // namespace

void print_value(const json::value& value, bool as_json) {
  if (!as_json && value.is_string()) {
    print_line(std::string_view(value.get_string()));
  } else {
    print_line(config::pretty_json(value));
  }
}

int config_show(const ConfigCall& call) {
  const auto found = inspected(call);
  if (found.document.problem) {
    report(*found.error, call.options.json);
    advise(found);
    return kExitFailed;
  }
  if (!found.config) {
    print_value(config::redacted(found.document.tree(), call.schema), true);
  } else {
    print_value(call.options.only_set ? found.config->shown_all() : found.config->shown_in_force(),
                true);
  }
  print_issues(found);
  return found.config ? kExitOk : kExitFailed;
}

int config_get(const ConfigCall& call) {
  const auto found = inspected(call);
  const auto value = value_in(found, call);
  if (!value) {
    report(value.error(), call.options.json);
    advise(found);
    return kExitFailed;
  }
  if (value->is_null())
    return report(Error{Errc::not_found, call.options.key + " is not set."}, call.options.json);
  print_value(*value, call.options.json);
  if (!found.valid()) print_error("the file has errors: carapace config validate lists them");
  return kExitOk;
}

int config_path(const ConfigCall& call) {
  const auto& file = call.paths.config_file;
  if (call.options.json) {
    print_line(dump_json(json::object{{"path", file}, {"exists", fs::exists(file)}}));
  } else {
    print_line(file);
  }
  return kExitOk;
}

}  // namespace carapace::app
