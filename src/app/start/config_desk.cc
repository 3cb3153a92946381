#include "app/start/config_desk.h"

#include <unistd.h>

#include <utility>

#include "app/reload/restart_note.h"
#include "app/start/config_snapshot.h"
#include "async/coro.h"
#include "base/json.h"
#include "base/time_text.h"
#include "config/present/schema_json.h"
#include "config/read/cache.h"
#include "config/reload_plan.h"
#include "config/write/writer.h"
#include "log/log.h"
#include "secret/envelope.h"

namespace carapace::app {
namespace {

using config::Refused;
using gateway::ConfigAnswer;
using gateway::ConfigChange;
using gateway::ConfigFault;
using gateway::ConfigLook;
using gateway::ConfigWrite;

constexpr log::Log kLog{"config"};

ConfigFault::Kind kind_of(const config::Refusal& refusal) {
  using Kind = ConfigFault::Kind;
  switch (refusal.why) {
    case Refused::request:
      return refusal.error.code == Errc::not_found ? Kind::not_found : Kind::request;
    case Refused::stale:
    case Refused::broken: return Kind::stale;
    case Refused::protected_key:
    case Refused::read_only: return Kind::protected_key;
    case Refused::invalid: return Kind::invalid;
    case Refused::failed:
      return refusal.error.code == Errc::unavailable ? Kind::busy : Kind::failed;
  }
  return Kind::failed;
}

ConfigAnswer fault(ConfigFault::Kind kind, std::string message, std::string issues = {}) {
  return {{}, ConfigFault{kind, std::move(message), std::move(issues)}};
}

std::string_view name_of(ConfigChange change) {
  switch (change) {
    case ConfigChange::set: return "config.set";
    case ConfigChange::apply: return "config.apply";
    case ConfigChange::patch: return "config.patch";
    case ConfigChange::value: return "PATCH /control/config";
    case ConfigChange::validate: return "config.validate";
  }
  return "";
}

// What the pool works with: it may outlive the desk by one job.
struct Core {
  const config::Schema& schema;
  const Clock& clock;
  Random& random;
  DeskPlace place;
  secret::Envelopes envelopes;
  config::ReadCache cache;

  Core(const config::Schema& the_schema, const Clock& the_clock, Random& the_random,
       DeskPlace the_place)
      : schema(the_schema),
        clock(the_clock),
        random(the_random),
        place(std::move(the_place)),
        envelopes(secret::Sealed(place.environment.get("CARAPACE_CONFIG_PASSWORD").value_or(""))),
        cache(place.environment) {}

  std::shared_ptr<const config::Inspection> inspect() {
    return cache.inspect(place.config_file, schema, place.environment);
  }
};

// One write and what stands in the file after it.
struct Done {
  config::WriteResult result;
  config::Inspection found;
};

// The key that PATCH names: null takes it out, and taking out what is not there is done already.
config::WriteResult write_value(const config::Writer& writer, const ConfigWrite& wanted,
                                const config::WriteRequest& request) {
  const auto path = config::parse_key_path(wanted.path);
  if (!path) return std::unexpected(config::Refusal{Refused::request, path.error(), {}});
  const auto value = parse_json(wanted.raw);
  if (!value) return std::unexpected(config::Refusal{Refused::request, value.error(), {}});
  return value->is_null() ? writer.unset(*path, request) : writer.set(*path, *value, request);
}

// As a gateway would read it with this text in the place of the file.
config::Inspection inspect_text(const Core& core, const std::string& text) {
  const auto& file = core.place.config_file;
  return config::inspect(file, core.schema, core.place.environment,
                         [&](const std::string& path) -> Result<std::string> {
                           return path == file ? Result<std::string>(text)
                                               : config::read_from_disk(path);
                         });
}

// Rows do not know all that keeps a gateway from a start, such as an address that is none. Which
// credentials there are is not asked here: they may come from elsewhere.
std::optional<std::string> start_problem(const Core& core, const config::Inspection& found) {
  if (!found.config) return std::nullopt;
  Options options;
  options.token = "any";
  const Place place{.state_dir = core.place.state_dir, .config_path = core.place.config_file};
  const auto plan = plan_of(options, place, *found.config);
  return plan ? std::nullopt : std::optional(plan.error().detail);
}

// What the file does not already suffer from.
std::optional<config::Refusal> no_start(const Core& core, const config::Written& wanted) {
  const auto problem = start_problem(core, inspect_text(core, wanted.text));
  if (!problem) return std::nullopt;
  const auto& place = core.place;
  const auto now = config::inspect(place.config_file, core.schema, place.environment);
  if (start_problem(core, now) == problem) return std::nullopt;
  return config::Refusal{Refused::invalid,
                         {Errc::invalid_request, "invalid config", -1},
                         {{.severity = config::Severity::error, .path = "", .message = *problem}}};
}

config::WriteResult write_with(const config::Writer& writer, const ConfigWrite& wanted,
                               const config::WriteRequest& request) {
  switch (wanted.change) {
    case ConfigChange::patch: return writer.patch(wanted.raw, request);
    case ConfigChange::value: return write_value(writer, wanted, request);
    case ConfigChange::validate:
    case ConfigChange::set:
    case ConfigChange::apply: break;
  }
  return writer.replace(wanted.raw, request);
}

Done write_now(const std::shared_ptr<Core>& core, const ConfigWrite& wanted) {
  const config::Writer writer({.file = core->place.config_file,
                               .state_dir = core->place.state_dir,
                               .schema = core->schema,
                               .environment = core->place.environment,
                               .version = core->place.version,
                               .clock = core->clock,
                               .random = core->random,
                               .envelopes = &core->envelopes});
  const bool only_judged = wanted.change == ConfigChange::validate;
  config::WriteRequest request{.by = std::string(name_of(wanted.change)),
                               .base_hash = wanted.base_hash,
                               .needs_hash = !only_judged,
                               .hand = config::Hand::remote,
                               .dry_run = true};
  auto result = write_with(writer, wanted, request);
  if (result)
    if (auto refusal = no_start(*core, *result)) result = std::unexpected(std::move(*refusal));
  request.dry_run = false;
  if (result && !only_judged) result = write_with(writer, wanted, request);
  // What was written is read once more, whatever others have made of the file since.
  auto found =
      result ? inspect_text(*core, result->text)
             : config::inspect(core->place.config_file, core->schema, core->place.environment);
  return {std::move(result), std::move(found)};
}

ConfigAnswer refusal_answer(const config::Refusal& refusal, const Done& done,
                            const config::Schema& schema) {
  const auto redaction = redaction_of(done.found, schema);
  const auto sentence = redaction.masked_sentence(refusal.error.detail);
  return fault(kind_of(refusal), sentence,
               refusal.issues.empty() ? std::string() : issues_json(refusal.issues, redaction));
}

class Desk final : public gateway::ConfigPort {
 public:
  Desk(std::shared_ptr<Core> core, Pool& pool, DeskEnds ends)
      : core_(std::move(core)), pool_(pool), ends_(std::move(ends)) {}

  Task<ConfigAnswer> look(ConfigLook what, std::string key) override;
  Task<ConfigAnswer> write(ConfigWrite wanted) override;
  Task<ConfigAnswer> reload() override;

 private:
  config::ReloadPlan plan_for(const config::Inspection& found) const;
  config::ReloadStep step_for(const config::Inspection& found, ConfigChange change) const;
  Task<std::string> applied(ConfigWrite wanted, config::Inspection found);

  std::shared_ptr<Core> core_;
  Pool& pool_;
  DeskEnds ends_;
};

std::string schema_answer(const Core& core) {
  const json::object rest{{"version", core.place.version},
                          {"generatedAt", iso8601(core.clock.wall_ms())}};
  return fmt::format(R"({{"schema":{},"uiHints":{},{})", config::json_schema(core.schema),
                     config::ui_hints(core.schema), dump_json(rest).substr(1));
}

Result<std::string> look_now(const std::shared_ptr<Core>& core, ConfigLook what,
                             const std::string& key) {
  if (what == ConfigLook::schema) return schema_answer(*core);
  const auto found = core->inspect();
  if (!key.empty()) return value_json(*found, core->schema, key);
  return snapshot_json(*found, core->schema, core->place.version);
}

config::ReloadPlan Desk::plan_for(const config::Inspection& found) const {
  if (!ends_.in_force || !found.config) return {};
  return config::plan_reload(ends_.in_force(), found.config->tree(), core_->schema);
}

Task<ConfigAnswer> Desk::look(ConfigLook what, std::string key) {
  if (what == ConfigLook::plan) {
    const auto found = co_await offload(pool_, [core = core_] { return core->inspect(); });
    auto plan = config::to_json(plan_for(*found));
    co_return ConfigAnswer{dump_json(plan), std::nullopt};
  }
  auto text =
      co_await offload(pool_, [core = core_, what, key] { return look_now(core, what, key); });
  if (text) co_return ConfigAnswer{std::move(*text), std::nullopt};
  co_return fault(text.error().code == Errc::not_found ? ConfigFault::Kind::not_found
                                                       : ConfigFault::Kind::request,
                  text.error().detail);
}

// `apply` and `patch` ask for the change to be in force, so mode off only holds for edits by hand.
// What waits since earlier is not this change's business.
config::ReloadStep Desk::step_for(const config::Inspection& found, ConfigChange change) const {
  const auto now = ends_.taken_over ? ends_.taken_over() : nullptr;
  const auto plan = now && found.config
                        ? config::plan_reload(now->config, *found.config, core_->schema)
                        : config::ReloadPlan();
  const auto mode = ends_.mode ? ends_.mode() : config::ReloadMode::off;
  const bool asked = change == ConfigChange::apply || change == ConfigChange::patch;
  const auto step = plan.step(mode);
  if (!asked) return step;
  if (mode == config::ReloadMode::off || mode == config::ReloadMode::hot)
    return plan.needs_restart() || (mode == config::ReloadMode::off && !plan.empty())
               ? config::ReloadStep::restart
               : step;
  return step;
}

std::string restart_json(const ConfigWrite& wanted, std::string_view mode) {
  return dump_json(json::object{{"ok", true},
                                {"pid", ::getpid()},
                                {"signal", "SIGUSR1"},
                                {"delayMs", wanted.restart_delay_ms},
                                {"reason", name_of(wanted.change)},
                                {"mode", mode}});
}

// Brings a change into force. Answers the members `restart` and `sentinel` of config.apply and
// config.patch: `mode` is "emit" when this gateway starts anew in `delayMs`, "hot" when it has
// applied the change as it runs, "none" when there was nothing to apply.
Task<std::string> Desk::applied(ConfigWrite wanted, config::Inspection found) {
  const auto step = step_for(found, wanted.change);
  RestartNote note{.kind = "config-apply",
                   .status = "ok",
                   .at_ms = core_->clock.wall_ms(),
                   .session_key = wanted.session_key,
                   .message = wanted.note,
                   .mode = std::string(name_of(wanted.change)),
                   .root = core_->place.config_file};
  std::string path = "null";
  std::string_view mode = step == config::ReloadStep::nothing ? "none" : "hot";
  const bool asked = wanted.change == ConfigChange::apply || wanted.change == ConfigChange::patch;
  if (step == config::ReloadStep::restart && asked && ends_.request_restart) {
    mode = "emit";
    // The note first: the restart may be now.
    const auto left = co_await offload(
        pool_, [dir = core_->place.state_dir, note] { return leave_restart_note(dir, note); });
    if (left)
      path = dump_json(json::value(restart_note_path(core_->place.state_dir)));
    else
      kLog.warn("nobody is told about the restart", {{"cause", left.error().detail}});
    ends_.request_restart(wanted.restart_delay_ms, std::string(name_of(wanted.change)));
  } else if (ends_.reload) {
    co_await ends_.reload();
  }
  co_return fmt::format(R"("restart":{},"sentinel":{{"path":{},"payload":{}}})",
                        restart_json(wanted, mode), path, to_json(note));
}

Task<ConfigAnswer> Desk::write(ConfigWrite wanted) {
  auto done = co_await offload(pool_, [core = core_, wanted] { return write_now(core, wanted); });
  if (!done.result) co_return refusal_answer(done.result.error(), done, core_->schema);
  const auto& written = *done.result;
  for (const auto& warning : written.warnings) kLog.warn(warning);
  const bool dry = wanted.change == ConfigChange::validate;
  std::string tail;
  if (!dry) tail = co_await applied(wanted, done.found);

  if (wanted.change == ConfigChange::value) {
    auto value = value_json(done.found, core_->schema, wanted.path);
    const auto tree = value ? parse_json(*value) : Result<json::value>(json::object());
    const auto* shown = tree ? tree->get_object().if_contains("value") : nullptr;
    co_return ConfigAnswer{
        dump_json(json::object{
            {"ok", true},
            {"hash", written.hash},
            {"applied", json::object{{"path", wanted.path},
                                     {"value", shown == nullptr ? json::value() : *shown}}}}),
        std::nullopt};
  }
  auto payload =
      fmt::format(R"({{"ok":true,"path":{},"config":{})", dump_json(json::value(written.file)),
                  dump_json(shown_config(done.found, core_->schema)));
  if (wanted.change == ConfigChange::apply || wanted.change == ConfigChange::patch)
    payload += "," + tail;
  co_return ConfigAnswer{payload + "}", std::nullopt};
}

Task<ConfigAnswer> Desk::reload() {
  const auto looked = co_await offload(pool_, [core = core_] { return core->inspect(); });
  const auto& found = *looked;
  const auto plan = plan_for(found);
  if (!found.config) {
    const auto redaction = redaction_of(found, core_->schema);
    co_return fault(ConfigFault::Kind::invalid, "invalid config",
                    issues_json(found.issues, redaction));
  }
  const auto mode = ends_.mode ? ends_.mode() : config::ReloadMode::off;
  const auto outcome = ends_.reload ? co_await ends_.reload() : ReloadOutcome::none;
  json::array now;
  json::array later;
  for (const auto& change : plan.changes)
    if (change.reload != Reload::none)
      (change.reload == Reload::restart || outcome != ReloadOutcome::hot ? later : now)
          .emplace_back(change.path);
  co_return ConfigAnswer{dump_json(json::object{{"ok", true},
                                                {"mode", config::to_text(mode)},
                                                {"applied", std::move(now)},
                                                {"restartRequired", std::move(later)}}),
                         std::nullopt};
}

}  // namespace

std::unique_ptr<gateway::ConfigPort> make_config_desk(const config::Schema& schema, Pool& pool,
                                                      const Clock& clock, Random& random,
                                                      DeskPlace place, DeskEnds ends) {
  return std::make_unique<Desk>(std::make_shared<Core>(schema, clock, random, std::move(place)),
                                pool, std::move(ends));
}

}  // namespace carapace::app
