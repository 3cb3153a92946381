// providers: the rows of the language model providers, for scripts: id, whether it needs a key, and
// the variables that may hold one.
#include <fmt/format.h>

#include <string>

#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "base/json.h"
#include "extensions/providers/builtin.h"
#include "provider/spec.h"

namespace carapace::app {

int run_providers(const Options& options, const config::Environment&) {
  json::array all;
  for (const auto* row : providers::builtin_providers()) {
    if (row->offline || row->generic) continue;
    json::array variables;
    std::string names;
    for (const auto name : row->env_keys) {
      variables.emplace_back(name);
      names += fmt::format("{}{}", names.empty() ? "" : " ", name);
    }
    if (!options.json)
      print_line(fmt::format("{}\t{}\t{}", row->id, row->key_required ? "key" : "-", names));
    all.push_back(json::object{{"id", row->id},
                               {"label", row->label},
                               {"keyRequired", row->key_required},
                               {"env", std::move(variables)}});
  }
  if (options.json) print_line(dump_json(all));
  return kExitOk;
}

}  // namespace carapace::app
