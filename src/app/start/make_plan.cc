// Which configuration a start uses: the file, or the last good one when the file cannot be used.
#include <algorithm>

#include "app/start/fields.h"
#include "app/start/plan.h"
#include "base/random.h"
#include "config/history.h"

namespace carapace::app {
namespace {

// The newest bundle of this file that a gateway has run with. Nothing of it is read from the disk:
// what is there now may be what broke.
std::optional<config::Inspection> last_good(const Place& place,
                                            const config::Environment& environment) {
  SystemRandom random;
  const auto history = config::History(place.state_dir, random).list();
  if (!history) return std::nullopt;
  for (const auto& entry : history->entries) {
    if (!entry.good || entry.files.empty() || entry.files.front().path != place.config_path)
      continue;
    const auto reader = [&entry](const std::string& path) -> Result<std::string> {
      const auto found = std::ranges::find(entry.files, path, &config::HistoryFile::path);
      if (found == entry.files.end()) return fail(Errc::not_found, "{} is not kept", path);
      return found->text;
    };
    auto found = config::inspect(place.config_path, schema(), environment, reader);
    if (found.config) return found;
  }
  return std::nullopt;
}

}  // namespace

ConfigState state_of(const config::Inspection& found) {
  ConfigState state{.valid = found.valid(), .file = found.document.file};
  state.hash = found.document.hash;
  state.issues = found.issues;
  for (const auto& issue : state.issues) {
    const auto parts = config::parse_key_path(issue.path);
    const auto at = found.document.problem
                        ? found.document.problem->at
                        : found.document.source(parts ? *parts : config::KeyPath());
    state.places.push_back(at.line > 0 ? to_text(at) : "");
  }
  return state;
}

void add_error(ConfigState& state, std::string message) {
  state.valid = false;
  state.issues.push_back({config::Severity::error, "", std::move(message)});
  state.places.emplace_back();
}

std::vector<std::string> sentences(const ConfigState& state, config::Severity severity) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < state.issues.size(); ++i) {
    if (state.issues[i].severity != severity) continue;
    const auto& at = state.places[i];
    out.push_back(at.empty() ? to_text(state.issues[i]) : at + ": " + to_text(state.issues[i]));
  }
  return out;
}

namespace {

// The plan of the file; what is wrong with it is left in `state`.
Result<Plan> plan_of_file(const Options& options, const Place& place,
                          const config::Environment& environment, ConfigState& state) {
  auto found = config::inspect(place.config_path, schema(), environment);
  state = state_of(found);
  if (!found.config) return std::unexpected(std::move(*found.error));
  auto plan = plan_of(options, place, std::move(*found.config));
  if (!plan) {
    add_error(state, plan.error().detail);
    return plan;
  }
  state.in_force = state.hash;
  plan->file = state;
  return plan;
}

}  // namespace

Result<Plan> make_plan(const Options& options, config::Environment environment) {
  TRY(const auto place, find_place(options, environment));
  ConfigState state;
  return plan_of_file(options, place, environment, state);
}

Result<Plan> make_usable_plan(const Options& options, config::Environment environment) {
  TRY(const auto place, find_place(options, environment));
  ConfigState state;
  auto plan = plan_of_file(options, place, environment, state);
  if (plan) return plan;
  auto good = last_good(place, environment);
  if (!good) return plan;
  auto usable = plan_of(options, place, std::move(*good->config));
  // What the command line asks for is wrong with every file.
  if (!usable) return plan;
  state.in_force = good->document.hash;
  usable->file = std::move(state);
  usable->file_error = std::move(plan.error());
  return usable;
}

}  // namespace carapace::app
