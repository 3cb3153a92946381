#include "app/start/appliers.h"

#include <algorithm>
#include <array>

#include "app/start/house_impl.h"
#include "log/log.h"

namespace carapace::app {
namespace {

using std::string_view;

constexpr log::Log kLog{"config"};

void apply_log(House::Impl& house) {
  open_log(*house.plan);
  house.gateway->apply(hot_settings(*house.plan));  // logs.tail reads the new file
}

void apply_face(House::Impl& house) { house.gateway->apply(hot_settings(*house.plan)); }

void apply_agent(House::Impl& house) { house.runner.apply(house.plan->agent); }

void apply_budget(House::Impl& house) { house.ledger.apply(house.plan->ledger); }

void apply_tools(House::Impl& house) { house.tools = house.make_tools(); }

// The providers start anew, with secrets looked for again. A local server that was found before is
// still believed in, so that the model does not change for a moment; another look follows.
void apply_models(House::Impl& house) {
  auto catalogue = make_catalogue(*house.plan);
  if (house.probe) catalogue.add_discovered(house.probe->provider, house.probe->models);
  auto choice = catalogue.pick_default(house.plan->primary_model, house.probe);
  if (!choice) {
    kLog.error("the providers stay as they are", {{"cause", choice.error().detail}});
    return;
  }
  house.open_secrets_by(make_opener(*house.plan));
  house.catalogue = catalogue;
  const bool other = choice->model.text() != house.models.choice().model.text();
  const bool offline = choice->offline;
  if (other || !choice->callable)
    kLog.info("model chosen", {{"model", choice->model.text()}, {"why", choice->reason}});
  house.models.renew(std::move(catalogue), std::move(*choice), house.secrets);
  if (offline) house.work.spawn(house.look_for_local_server());
}

// Variables say the time zone and whether there are colours.
constexpr std::array<string_view, 2> kLogKeys{"logging", "env"};
constexpr std::array<string_view, 2> kFaceKeys{"gateway.http", "gateway.controlUi"};
constexpr std::array<string_view, 2> kAgentKeys{"agents", "env"};
constexpr std::array<string_view, 1> kBudgetKeys{"models.budget"};
// A run that may take longer may do so in one answer, so its time is a deadline of providers too.
constexpr std::array<string_view, 4> kModelKeys{"models", "env", "agents.defaults.model",
                                                "agents.defaults.timeoutSeconds"};
constexpr std::array<string_view, 1> kToolKeys{"tools"};

constexpr std::array kAppliers{
    Applier{"log", kLogKeys, apply_log},         Applier{"face", kFaceKeys, apply_face},
    Applier{"agent", kAgentKeys, apply_agent},   Applier{"budget", kBudgetKeys, apply_budget},
    Applier{"models", kModelKeys, apply_models}, Applier{"tools", kToolKeys, apply_tools},
};

bool applies_now(const config::Change& change) {
  return change.reload == Reload::hot || change.reload == Reload::subsystem;
}

}  // namespace

std::span<const Applier> appliers() { return kAppliers; }

bool covers(const Applier& applier, string_view path) {
  return std::ranges::any_of(applier.keys, [path](string_view key) {
    return path.starts_with(key) &&
           (path.size() == key.size() || path[key.size()] == '.' || path[key.size()] == '[');
  });
}

void apply_changes(House::Impl& house, const config::ReloadPlan& what) {
  for (const auto& applier : kAppliers)
    if (std::ranges::any_of(what.changes, [&applier](const config::Change& change) {
          return applies_now(change) && covers(applier, change.path);
        }))
      applier.apply(house);
}

}  // namespace carapace::app
