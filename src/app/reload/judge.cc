// What the keeper makes of one look at the file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/reload/keeper_impl.h"
#include "app/start/fields.h"
#include "base/json.h"
#include "base/text.h"
#include "log/log.h"

namespace carapace::app {
namespace {

using config::ReloadMode;
using config::ReloadStep;

constexpr log::Log kLog{"config"};
// Before a restart that nobody gave a time: whoever wrote the change still gets his answer, or says
// when it shall be.
constexpr std::int64_t kGraceMs = 150;

std::string on_one_line(const config::ReloadPlan& plan) {
  return replace_all(to_text(plan), "\n", " ");
}

// What does not come into force by this step, and is no restart's business either when it means
// nothing to a gateway.
std::vector<config::Change> left_by(const config::ReloadPlan& what, ReloadStep step,
                                    ReloadMode mode) {
  const bool all = step == ReloadStep::restart || mode == ReloadMode::off;
  std::vector<config::Change> left;
  std::ranges::copy_if(what.changes, std::back_inserter(left), [all](const config::Change& c) {
    return c.reload == Reload::restart || (all && c.reload != Reload::none);
  });
  return left;
}

std::vector<std::string> paths_of(const std::vector<config::Change>& changes) {
  std::vector<std::string> paths;
  for (const auto& change : changes) paths.push_back(change.path);
  return paths;
}

}  // namespace

std::string_view to_text(ReloadOutcome outcome) {
  switch (outcome) {
    case ReloadOutcome::none: return "none";
    case ReloadOutcome::hot: return "hot";
    case ReloadOutcome::restart: return "restart";
    case ReloadOutcome::waiting: return "waiting";
    case ReloadOutcome::invalid: return "invalid";
  }
  return "";
}

// null: it cannot be used, and its state says why.
std::shared_ptr<const Plan> Keeper::Impl::plan_for(ConfigLook& found) const {
  if (!found.usable) return nullptr;
  auto made = plan_of(options, plan->place, std::move(*found.config));
  if (!made) {
    add_error(found.state, made.error().detail);
    return nullptr;
  }
  made->file = found.state;
  return std::make_shared<const Plan>(std::move(*made));
}

ReloadOutcome Keeper::Impl::reject(ConfigState found, bool asked) {
  const bool news =
      asked || state.valid || state.hash != found.hash || state.issues != found.issues;
  found.in_force = state.in_force;
  found.waiting = state.waiting;
  state = std::move(found);
  if (!news) return ReloadOutcome::invalid;
  kLog.error("the configuration file cannot be used; what was in force stays in force",
             {{"file", state.file}});
  log_issues(state, config::Severity::error);
  last_plan = {};
  tell(ReloadOutcome::invalid, last_plan);
  return ReloadOutcome::invalid;
}

ReloadOutcome Keeper::Impl::act(std::shared_ptr<const Plan> next) {
  const auto what = config::plan_reload(*in_force, next->config.tree(), schema());
  take_settings(next->config);
  const auto step = what.step(mode);
  auto leaves = left_by(what, step, mode);
  const bool mended = !state.valid && next->file.valid;
  // Looked at once more, what waits already is no news.
  const bool known = step != ReloadStep::apply && leaves == left;
  const bool news = mended || state.hash != next->file.hash || (!what.empty() && !known);
  auto in_force_hash = std::move(state.in_force);
  state = next->file;
  state.in_force = std::move(in_force_hash);
  state.waiting = paths_of(leaves);
  left = std::move(leaves);
  if (news) log_issues(state, config::Severity::warning);
  if (mended) kLog.info("the configuration file can be used again", {{"file", state.file}});
  if (news && step == ReloadStep::restart)
    kLog.info("the gateway restarts for a changed configuration", {{"plan", on_one_line(what)}});
  const auto outcome = take_over(std::move(next), what, step);
  if (news && !left.empty() && step != ReloadStep::restart)
    kLog.warn("some changed keys wait for a restart",
              {{"mode", std::string(to_text(mode))},
               {"keys", fmt::format("{}", fmt::join(state.waiting, ", "))}});
  if (!what.empty()) last_plan = what;
  if (news) tell(outcome, what);
  if (outcome == ReloadOutcome::restart && restart_waits == Waiting::nothing)
    restart_in(kGraceMs, "a changed configuration", Waiting::ours);
  return outcome;
}

ReloadOutcome Keeper::Impl::take_over(std::shared_ptr<const Plan> next,
                                      const config::ReloadPlan& what, ReloadStep step) {
  candidate = next;
  if (step == ReloadStep::restart) return ReloadOutcome::restart;
  if (mode == ReloadMode::off && !left.empty()) return ReloadOutcome::waiting;
  if (step == ReloadStep::apply) {
    house->apply(next, what);
    kLog.info("configuration reloaded", {{"plan", on_one_line(what)}});
  }
  in_force = std::make_shared<const json::value>(
      tree_without(*in_force, next->config.tree(), state.waiting));
  state.in_force = state.hash;
  plan = std::move(next);
  // A house that cannot be goes back to what is known to work, so what waits does not count.
  if (left.empty()) proven = plan;
  work.spawn(keep(shared_from_this()));
  if (step == ReloadStep::apply) return ReloadOutcome::hot;
  return left.empty() ? ReloadOutcome::none : ReloadOutcome::waiting;
}

void Keeper::Impl::tell(ReloadOutcome outcome, const config::ReloadPlan& what) {
  if (house) house->tell({outcome, what, state});
}

}  // namespace carapace::app
