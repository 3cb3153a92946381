// The actions of `carapace config`: one function each, an exit code out. All of them work with and
// without a gateway that runs. What they print has its secrets masked; the one exception is `edit`,
// whose copy is the owner's own file. Inside app/verbs/ only.
#pragma once

#include <string>

#include "app/command_line.h"
#include "base/error.h"
#include "base/json_fwd.h"
#include "config/paths.h"
#include "config/schema.h"

namespace carapace::app {

struct ConfigCall {
  const Options& options;
  const config::Environment& environment;
  const config::Paths& paths;
  const config::Schema& schema;
};

int config_show(const ConfigCall& call);
int config_get(const ConfigCall& call);
int config_path(const ConfigCall& call);
int config_explain(const ConfigCall& call);
int config_validate(const ConfigCall& call);
int config_schema(const ConfigCall& call);
int config_plan(const ConfigCall& call);
int config_set(const ConfigCall& call);
int config_unset(const ConfigCall& call);
int config_edit(const ConfigCall& call);
int config_history(const ConfigCall& call);
int config_diff(const ConfigCall& call);
int config_rollback(const ConfigCall& call);
int config_import(const ConfigCall& call);

// A value as people read it: a text bare, everything else as JSON; with `as_json` always JSON.
void print_value(const json::value& value, bool as_json);

}  // namespace carapace::app
