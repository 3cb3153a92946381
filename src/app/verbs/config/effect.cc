#include "app/verbs/config/effect.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <thread>
#include <utility>

#include "app/start/plan.h"
#include "app/terminal/output.h"
#include "app/verbs/config/findings.h"
#include "app/version.h"
#include "base/json.h"
#include "base/random.h"
#include "secret/envelope.h"
#include "secret/sealed.h"

namespace carapace::app {
namespace {

constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::milliseconds kPause{20};

void pause() { std::this_thread::sleep_for(kPause); }

std::string listed(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::vector<std::string> unused_of(const std::vector<std::string>& paths,
                                   const config::Schema& schema) {
  std::vector<std::string> unused;
  for (const auto& path : paths) {
    const auto key = config::parse_key_path(path);
    const auto* row = key ? schema.row(*key) : nullptr;
    if (row != nullptr && row->planned) unused.push_back(path);
  }
  return unused;
}

config::ReloadMode mode_of(const std::optional<config::Config>& config) {
  return config ? config::reload_mode_from(config->text("gateway.reload.mode"))
                : config::ReloadMode::hybrid;
}

// What a gateway that has not said anything yet is going to do.
std::string expected(const config::ReloadPlan& plan, config::ReloadMode mode) {
  if (mode == config::ReloadMode::off) return "off";
  switch (plan.step(mode)) {
    case config::ReloadStep::nothing: return "none";
    case config::ReloadStep::apply: return plan.needs_restart() ? "waiting" : "hot";
    case config::ReloadStep::restart: return "restart";
  }
  return "unknown";
}

void ask_gateway(Effect& effect, const ConfigCall& call, const config::Written& written,
                 const Standing& standing, config::ReloadMode mode) {
  effect.running = true;
  if (standing.config_file != call.paths.config_file) {
    effect.outcome = "elsewhere";
    effect.file = standing.config_file;
    return;
  }
  effect.outcome = expected(effect.plan, mode);
  effect.parts = effect.plan.parts();
  if (!written.changed) effect.outcome = "none";
  if (!written.changed || mode == config::ReloadMode::off) return;
  const auto seen = wait_for_standing(call.paths.state_dir, written.hash, kPatience, pause);
  if (!seen) {
    effect.outcome = "unknown";
  } else if (!seen->outcome.empty()) {
    effect.outcome = seen->outcome == "hot" && !seen->waiting.empty() ? "waiting" : seen->outcome;
    effect.parts = seen->parts;
    effect.problems = seen->problems;
  }
}

struct Said {
  std::string_view outcome;
  std::string_view sentence;
};
constexpr Said kSaid[] = {
    {"next_start", "It applies at the next start."},
    {"hot", "The running gateway has applied it."},
    {"restart", "The running gateway restarts for it."},
    {"none", "Nothing changes for the running gateway."},
    {"off", "gateway.reload.mode is off: it applies when the gateway is started again."},
    {"invalid", "The running gateway did not take it over:"},
    {"unknown",
     "The running gateway has not said yet that it took it over: carapace status tells."},
};

}  // namespace

Effect effect_of(const ConfigCall& call, const std::optional<config::Config>& before,
                 const config::Written& written) {
  Effect effect{.outcome = "next_start", .unused = unused_of(written.paths, call.schema)};
  const auto after =
      inspect_text(written.text, call.paths.config_file, call.schema, call.environment);
  if (before && after.config)
    effect.plan = config::plan_reload(*before, *after.config, call.schema);
  // One that has just started may not have said anything yet.
  if (const auto standing = wait_for_standing(call.paths.state_dir, "", kPatience, pause))
    ask_gateway(effect, call, written, *standing, mode_of(after.config));
  return effect;
}

std::string to_text(const Effect& effect) {
  std::string out;
  for (const auto& said : kSaid)
    if (said.outcome == effect.outcome) out = said.sentence;
  if (effect.outcome == "elsewhere")
    out = fmt::format("The gateway that runs with this state folder reads another file: {}",
                      effect.file);
  if (effect.outcome == "waiting")
    out = fmt::format("The running gateway has applied what it can; start it again for: {}",
                      listed(effect.plan.paths(Reload::restart)));
  if (effect.outcome == "hot" && !effect.parts.empty())
    out += fmt::format(" Started anew: {}.", listed(effect.parts));
  for (const auto& problem : effect.problems) out += "\n  " + problem;
  if (!effect.unused.empty())
    out += fmt::format("\nThis version checks and keeps {}, but does not use {} yet.",
                       listed(effect.unused), effect.unused.size() == 1 ? "it" : "them");
  return out;
}

json::object to_json(const Effect& effect) {
  json::object out{{"running", effect.running},
                   {"outcome", effect.outcome},
                   {"plan", config::to_json(effect.plan)}};
  if (!effect.parts.empty()) out["parts"] = json::array(effect.parts.begin(), effect.parts.end());
  if (!effect.problems.empty())
    out["problems"] = json::array(effect.problems.begin(), effect.problems.end());
  if (!effect.unused.empty())
    out["notUsedYet"] = json::array(effect.unused.begin(), effect.unused.end());
  if (!effect.file.empty()) out["gatewayFile"] = effect.file;
  return out;
}

config::WriteResult with_writer(
    const ConfigCall& call,
    const std::function<config::WriteResult(const config::Writer& writer)>& work) {
  const SystemClock clock;
  SystemRandom random;
  // With a password new secrets reach the disk encrypted; without one nothing sealed is replaced.
  secret::Envelopes envelopes(
      secret::Sealed(call.environment.get("CARAPACE_CONFIG_PASSWORD").value_or("")));
  const config::Writer writer({.file = call.paths.config_file,
                               .state_dir = call.paths.state_dir,
                               .schema = call.schema,
                               .environment = call.environment,
                               .version = kVersion,
                               .clock = clock,
                               .random = random,
                               .envelopes = &envelopes});
  return work(writer);
}

std::optional<Error> start_problem(const ConfigCall& call, const config::Inspection& found) {
  if (!found.config) return std::nullopt;
  const Place place{.state_dir = call.paths.state_dir,
                    .config_path = call.paths.config_file,
                    .config_named = call.paths.config_named};
  const auto plan = plan_of({}, place, *found.config);
  return plan ? std::nullopt : std::optional(plan.error());
}

config::WriteResult checked_write(
    const ConfigCall& call, const config::Inspection& before, config::WriteRequest request,
    const std::function<config::WriteResult(const config::Writer& writer,
                                            const config::WriteRequest& request)>& work) {
  return with_writer(call, [&](const config::Writer& writer) -> config::WriteResult {
    const bool dry = std::exchange(request.dry_run, true);
    auto tried = work(writer, request);
    if (!tried) return tried;
    const auto after =
        inspect_text(tried->text, call.paths.config_file, call.schema, call.environment);
    if (const auto problem = start_problem(call, after); problem && !start_problem(call, before))
      return std::unexpected(config::Refusal{
          config::Refused::invalid,
          {Errc::invalid_request, "a gateway could not start with it: " + problem->detail, -1}});
    if (dry) return tried;
    request.dry_run = false;
    return work(writer, request);
  });
}

int report(const config::Refusal& refusal, const config::Inspection& found, bool as_json) {
  print_error(refusal.error.detail);
  json::array issues;
  // Only of a file that does not parse are the places those of what lies on the disk.
  const bool broken = found.document.problem.has_value();
  for (const auto& issue : refusal.issues) {
    print_error("  " + (broken ? line_of(issue, found.document) : config::to_text(issue)));
    issues.push_back(json_of(issue, found.document));
  }
  if (as_json)
    print_line(dump_json(json::object{
        {"error", {{"code", errc_row(refusal.error.code).name}, {"message", refusal.error.detail}}},
        {"issues", std::move(issues)}}));
  advise(found);
  return kExitFailed;
}

namespace {

// What a running gateway would do about a change that is only tried.
std::optional<config::ReloadPlan> plan_of_change(const ConfigCall& call,
                                                 const config::Inspection& before,
                                                 const config::Written& written) {
  const auto after =
      inspect_text(written.text, call.paths.config_file, call.schema, call.environment);
  if (!before.config || !after.config) return std::nullopt;
  return config::plan_reload(*before.config, *after.config, call.schema);
}

}  // namespace

int report_written(const ConfigCall& call, const std::string& sentence,
                   const config::Written& written, const config::Inspection& before) {
  for (const auto& issue : written.issues) print_error("warning: " + config::to_text(issue));
  for (const auto& warning : written.warnings) print_error("warning: " + warning);
  const bool dry = call.options.dry_run;
  std::optional<Effect> effect;
  std::optional<config::ReloadPlan> plan;
  if (dry) plan = plan_of_change(call, before, written);
  if (!dry) effect = effect_of(call, before.config, written);
  if (!call.options.json) {
    print_line(written.changed || dry ? sentence : "Nothing differs; nothing was written.");
    if (effect && written.changed) print_line(to_text(*effect));
    if (plan && !plan->empty()) print_line(config::to_text(*plan));
    return kExitOk;
  }
  json::object out{{"ok", true},
                   {"file", written.file},
                   {"changed", written.changed},
                   {"dryRun", dry},
                   {"hash", written.hash},
                   {"paths", json::array(written.paths.begin(), written.paths.end())}};
  json::array warnings(written.warnings.begin(), written.warnings.end());
  for (const auto& issue : written.issues) warnings.emplace_back(config::to_text(issue));
  out["warnings"] = std::move(warnings);
  if (effect) out["effect"] = to_json(*effect);
  if (plan) out["plan"] = config::to_json(*plan);
  print_line(dump_json(out));
  return kExitOk;
}

}  // namespace carapace::app
