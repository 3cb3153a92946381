// Which configuration a start uses: the file, or the last good one when the file cannot be used.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/start/fields.h"
#include "app/start/plan.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
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
    auto found = config::inspect_kept(place.config_path, schema(), environment, reader);
    if (found.config) return found;
  }
  return std::nullopt;
}

}  // namespace

bool is_blank(const config::Document& document) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::string_view text = document.text;
  if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
  return document.exists && !document.problem && trim(text).empty();
}

ConfigState state_of(const config::Inspection& found) {
  ConfigState state{.valid = found.valid(), .file = found.document.file};
  state.hash = found.document.hash();
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

// Where there was a history, why it did not help. Begins a line; empty when there was none.
std::string why_no_other(const Place& place) {
  SystemRandom random;
  const auto history = config::History(place.state_dir, random).list();
  std::string out;
  if (!history)
    out = history.error().detail;
  else if (!history->damaged.empty())
    out = fmt::format("{}", fmt::join(history->damaged, "; "));
  return out.empty() ? out : "\nNo earlier configuration can be used instead: " + out;
}

Error empty_file(const Place& place) {
  return {Errc::invalid_request,
          fmt::format("{} is empty. Write {{}} into it for the defaults, or take an earlier one "
                      "back: carapace config rollback",
                      place.config_path)};
}

// The last good one in the place of a file that stands as `state` says.
std::optional<Plan> instead(const Options& options, const Place& place, config::Inspection good,
                            ConfigState state, const Error& cause) {
  auto usable = plan_of(options, place, std::move(*good.config));
  if (!usable) return std::nullopt;
  state.in_force = good.document.hash();
  usable->file = std::move(state);
  usable->file_error = cause;
  return std::move(*usable);
}

// The plan of the file; what is wrong with it is left in `state`.
Result<Plan> plan_of_file(const Options& options, const Place& place,
                          const config::Environment& environment, ConfigState& state, bool& blank) {
  auto found = config::inspect(place.config_path, schema(), environment);
  state = state_of(found);
  blank = is_blank(found.document);
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
  bool blank = false;
  return plan_of_file(options, place, environment, state, blank);
}

Result<Plan> make_usable_plan(const Options& options, config::Environment environment) {
  TRY(const auto place, find_place(options, environment));
  ConfigState state;
  bool blank = false;
  auto plan = plan_of_file(options, place, environment, state, blank);
  if (plan && !blank) return plan;
  auto good = last_good(place, environment);
  if (!good) {
    if (!plan) plan.error().detail += why_no_other(place);
    return plan;
  }
  auto cause = plan ? empty_file(place) : std::move(plan.error());
  if (plan) add_error(state, cause.detail);
  auto usable = instead(options, place, std::move(*good), std::move(state), cause);
  if (usable) return std::move(*usable);
  // What the command line asks for is wrong with every file.
  if (plan) return plan;
  return std::unexpected(std::move(cause));
}

std::optional<Plan> last_good_plan(const Options& options, const config::Environment& environment,
                                   const Plan& failed, const Error& cause) {
  if (failed.file_error) return std::nullopt;
  auto good = last_good(failed.place, environment);
  if (!good || good->config->tree() == failed.config.tree()) return std::nullopt;
  return instead(options, failed.place, std::move(*good), failed.file, cause);
}

}  // namespace carapace::app
