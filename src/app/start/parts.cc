// What a plan means for the parts of a house, as values for each of them.
#include "app/start/assets.h"
#include "app/start/house_impl.h"
#include "app/version.h"
#include "extensions/channels/names.h"
#include "extensions/providers/builtin.h"
#include "extensions/tools/builtin.h"

namespace carapace::app {

provider::Catalogue make_catalogue(const Plan& plan) {
  return {providers::builtin_providers(), plan.providers,
          [environment = plan.environment](std::string_view name) { return environment.get(name); },
          plan.timeouts};
}

std::vector<const tool::Spec*> enabled_tools(const Plan& plan) {
  std::vector<const tool::Spec*> rows;
  for (const auto* row : tools::builtin_tools())
    // `tools.web.fetch.enabled` turns off what reads strangers' text from the net.
    if (plan.web_fetch || !row->reads_untrusted) rows.push_back(row);
  return rows;
}

gateway::HotSettings hot_settings(const Plan& plan) {
  return {plan.allowed_origins, plan.chat_completions, plan.browser_app, plan.log.file};
}

gateway::Settings gateway_settings(const Plan& plan, OwnCredential own, const ConfigState& file) {
  gateway::Settings settings;
  settings.version = kVersion;
  settings.loopback_only = plan.loopback_only;
  settings.auth.mode = plan.auth_mode;
  settings.auth.token = std::move(own.token);
  settings.auth.password = std::move(own.password);
  auto hot = hot_settings(plan);
  settings.allowed_origins = std::move(hot.allowed_origins);
  settings.chat_completions = hot.chat_completions;
  settings.browser_app = hot.browser_app;
  settings.log_file = std::move(hot.log_file);
  settings.config_path = plan.place.config_path;
  settings.state_dir = plan.place.state_dir;
  settings.store_path = plan.store_path();
  settings.base_path = plan.base_path;
  settings.known_channels = channels::known_names();
  settings.assets = browser_assets();
  settings.config = for_clients(file);
  return settings;
}

gateway::ConfigState for_clients(const ConfigState& file) {
  gateway::ConfigState state{file.valid, file.file, file.hash, {}, file.waiting};
  for (std::size_t i = 0; i < file.issues.size(); ++i) {
    const auto& issue = file.issues[i];
    state.issues.push_back(
        {issue.severity == config::Severity::error, issue.path, issue.message, file.places[i]});
  }
  return state;
}

}  // namespace carapace::app
