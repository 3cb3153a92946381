// Is there a model to ask, and can it be reached? One request without a key to each base URL.
#include <fmt/format.h>

#include <algorithm>

#include "app/doctor/check.h"
#include "app/doctor/web_look.h"
#include "config/key_path.h"
#include "extensions/providers/builtin.h"
#include "provider/catalogue.h"

namespace carapace::doctor {
namespace {

constexpr std::int64_t kLookMs = 4'000;

provider::Catalogue catalogue_of(const Ground& ground) {
  return {providers::builtin_providers(), ground.plan->providers,
          [&ground](std::string_view name) { return ground.environment.get(name); },
          ground.plan->timeouts};
}

// Those that configuration names, and those whose key the environment holds.
std::vector<std::string> providers_in_use(const Ground& ground,
                                          const provider::Catalogue& catalogue) {
  std::vector<std::string> ids;
  const auto add = [&ids](const std::string& id) {
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  };
  for (const auto& configured : ground.plan->providers) add(configured.id);
  for (const auto& model : catalogue.models()) add(model.provider);
  return ids;
}

std::string_view an_example() {
  for (const auto* row : providers::builtin_providers())
    if (row->key_required && !row->env_keys.empty()) return row->env_keys.front();
  return "NAME_OF_ITS_KEY";
}

// A key where only that is missing; else another model, the first of those that can be called.
std::string mend_choice(const Ground& ground, const provider::Catalogue& catalogue,
                        const std::string& primary) {
  const auto models = catalogue.models();
  const auto other = ground.command(fmt::format(
      "config set agents.defaults.model.primary {}",
      models.empty() ? "PROVIDER/MODEL"
                     : shell_word(fmt::format("{}/{}", models[0].provider, models[0].id))));
  const auto ref = catalogue.read_ref(primary);
  const auto found = ref ? catalogue.provider(ref->provider) : fail(Errc::not_found, "");
  if (ref && !found && found.error().code == Errc::unauthorized)
    return fmt::format(
        "{}   # or another model: {}",
        ground.command("config set " +
                       shell_word(fmt::format("models.providers.{}.apiKey", ref->provider))),
        other);
  return other;
}

// What is missing, by the error of the catalogue; taking the provider out mends the rest.
std::string mend_provider(const Ground& ground, const std::string& id, Errc code) {
  const auto key = config::child_path("models.providers", id);
  const auto without = ground.command("config unset " + shell_word(key));
  if (code == Errc::unauthorized)
    return fmt::format("{}   # or without it: {}",
                       ground.command("config set " + shell_word(key + ".apiKey")), without);
  return fmt::format("{}   # or mend it: {}", without, ground.command("config edit"));
}

void look_at_choice(const Ground& ground, const provider::Catalogue& catalogue, Findings& out) {
  const auto& primary = ground.plan->primary_model;
  const auto choice = catalogue.pick_default(primary, std::nullopt);
  if (choice && choice->offline) {
    out.push_back({.check_id = "models.none",
                   .severity = Severity::info,
                   .title = "No model is configured",
                   .detail = choice->reason,
                   .remediation = fmt::format(
                       "carapace providers   # then, for example: export {}=…", an_example())});
  } else if (!choice || !choice->callable) {
    out.push_back({.check_id = "models.primary_unusable",
                   .severity = Severity::critical,
                   .title = fmt::format("The chosen model {} cannot be called", primary),
                   .detail = choice ? choice->reason : choice.error().detail,
                   .remediation = mend_choice(ground, catalogue, primary)});
  }
}

struct Target {
  std::string id;
  WebLook look;
};

void tell_unreachable(const Target& target, Findings& out) {
  out.push_back(
      {.check_id = "providers.unreachable",
       .severity = Severity::warn,
       .title = fmt::format("{} cannot be reached", target.id),
       .detail = fmt::format("{}: {}", target.look.url, target.look.error.detail),
       .remediation = fmt::format("curl -sS -o /dev/null -v {}", shell_word(target.look.url))});
}

Findings run(const Ground& ground) {
  Findings out;
  if (!ground.plan || !ground.config()) return out;
  const auto catalogue = catalogue_of(ground);
  look_at_choice(ground, catalogue, out);
  std::vector<Target> targets;
  for (const auto& id : providers_in_use(ground, catalogue)) {
    const auto found = catalogue.provider(id);
    if (!found) {
      out.push_back({.check_id = "providers.unusable",
                     .severity = Severity::warn,
                     .title = fmt::format("{} cannot be used", id),
                     .detail = found.error().detail,
                     .remediation = mend_provider(ground, id, found.error().code)});
    } else if (!found->spec->offline && !found->settings.base_url.empty()) {
      targets.push_back({id, {.url = found->settings.base_url}});
    }
  }
  if (ground.options.offline) return out;
  std::vector<WebLook*> looks;
  for (auto& target : targets) looks.push_back(&target.look);
  look_at_web(looks, kLookMs);
  for (const auto& target : targets)
    if (target.look.status == 0) tell_unreachable(target, out);
  return out;
}

}  // namespace

extern const Check providers_check;
constinit const Check providers_check{.id = "providers", .title = "models", .run = run};

}  // namespace carapace::doctor
