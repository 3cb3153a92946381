// config explain: what a key is for, its value and where that comes from.
#include "config/explain/explain.h"

#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/findings.h"
#include "app/verbs/config/typed.h"
#include "base/json.h"
#include "base/text.h"
#include "extensions/providers/builtin.h"
#include "provider/spec.h"

namespace carapace::app {
namespace {

// `models.providers.<id>.apiKey` and `.baseUrl`: the row of the provider names its variables.
std::vector<std::string> provider_variables(const config::KeyPath& key) {
  std::vector<std::string> names;
  if (key.size() != 4 || key[0] != "models" || key[1] != "providers") return names;
  for (const auto* row : providers::builtin_providers()) {
    if (row->id != to_lower(key[2])) continue;
    if (key[3] == "apiKey") names.assign(row->env_keys.begin(), row->env_keys.end());
    if (key[3] == "baseUrl" && !row->env_base_url.empty()) names.emplace_back(row->env_base_url);
  }
  return names;
}

}  // namespace

int config_explain(const ConfigCall& call) {
  const auto found = config::inspect(call.paths.config_file, call.schema, call.environment);
  const auto key = typed_key(call, found);
  if (!key) return report(key.error(), call.options.json);
  const auto told =
      config::explain(*key, found, call.schema, call.environment, provider_variables(*key));
  print_line(call.options.json ? dump_json(config::to_json(told)) : config::to_text(told));
  if (found.document.problem && found.error) print_error(found.error->detail);
  advise(found);
  if (!found.valid() && !found.document.problem)
    print_error("the file has errors: carapace config validate lists them");
  return told.known || told.origin != config::Origin::unset ? kExitOk : kExitFailed;
}

}  // namespace carapace::app
