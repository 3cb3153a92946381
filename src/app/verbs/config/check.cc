// config validate | schema | plan: what can be said about a file without changing anything.
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/start/standing.h"
#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/effect.h"
#include "app/verbs/config/findings.h"
#include "app/verbs/config/typed.h"
#include "base/json.h"
#include "base/random.h"
#include "config/history.h"
#include "config/present/schema_json.h"
#include "config/reload_plan.h"

namespace carapace::app {
namespace {

bool is_input(const ConfigCall& call) { return call.options.path == "-"; }

// The file that was named, else the one in use. One that was named has to be there; standard input
// is looked at as if it stood in the place of the one in use.
Result<std::string> wanted_file(const ConfigCall& call) {
  if (is_input(call)) return call.paths.config_file;
  if (call.options.path.empty()) return call.paths.config_file;
  std::error_code error;
  const auto file =
      std::filesystem::absolute(config::expand_home(call.options.path, call.environment), error)
          .lexically_normal()
          .string();
  if (error || !std::filesystem::exists(file, error))
    return fail(Errc::not_found, "there is no file {}", file);
  return file;
}

Result<config::Inspection> wanted(const ConfigCall& call, const std::string& file) {
  if (!is_input(call)) return config::inspect(file, call.schema, call.environment);
  const auto text = all_of_input();
  if (text.size() > kMaxTyped) return fail(Errc::too_large, "standard input is longer than 4 MiB");
  return inspect_text(text, file, call.schema, call.environment);
}

int count_of(const config::Inspection& found, config::Severity severity) {
  int count = 0;
  for (const auto& issue : found.issues) count += issue.severity == severity ? 1 : 0;
  return count;
}

// What stood on the disk when something else was the case: an entry of the history as it was.
Result<config::Inspection> inspect_entry(const config::HistoryEntry& entry,
                                         const ConfigCall& call) {
  if (entry.files.empty()) return fail(Errc::internal, "entry {} holds no file", entry.number);
  const auto reader = [&entry](const std::string& path) -> Result<std::string> {
    for (const auto& file : entry.files)
      if (file.path == path) return file.text;
    return fail(Errc::not_found, "{} is not part of entry {}", path, entry.number);
  };
  return config::inspect_kept(entry.files.front().path, call.schema, call.environment, reader);
}

struct Base {
  config::Inspection found;
  std::string name;  // "what the running gateway has in force"
};

Result<std::optional<config::HistoryEntry>> entry_of(const config::HistoryList& list,
                                                     const std::string& hash) {
  for (const auto& entry : list.entries)
    if (hash.empty() || entry.hash == hash) return entry;
  return std::nullopt;
}

// What a file is compared with: that which runs, else that which was there last.
Result<Base> base_of(const ConfigCall& call) {
  SystemRandom random;
  const config::History history(call.paths.state_dir, random);
  const auto standing = read_standing(call.paths.state_dir);
  if (!standing && !call.options.path.empty())
    return Base{config::inspect(call.paths.config_file, call.schema, call.environment),
                call.paths.config_file};
  TRY(const auto list, history.list());
  TRY(auto entry, entry_of(list, standing ? standing->in_force : ""));
  if (!entry) {
    const std::string nothing;
    return Base{inspect_text(nothing, call.paths.config_file, call.schema, call.environment),
                standing ? "the defaults (the history does not hold what the gateway runs with)"
                         : "the defaults (there is no history yet)"};
  }
  TRY(entry, history.load(entry->number));
  TRY(auto found, inspect_entry(*entry, call));
  return Base{std::move(found), standing ? "what the running gateway has in force"
                                         : fmt::format("entry {} of the history", entry->number)};
}

}  // namespace

int config_validate(const ConfigCall& call) {
  const auto file = wanted_file(call);
  if (!file) return report(file.error(), call.options.json);
  auto read = wanted(call, *file);
  if (!read) return report(read.error(), call.options.json);
  auto& found = *read;
  if (const auto problem = found.valid() ? start_problem(call, found) : std::nullopt) {
    found.issues.push_back({config::Severity::error, "", problem->detail});
    found.error = *problem;
  }
  if (call.options.json) {
    json::array issues;
    for (const auto& issue : found.issues) issues.push_back(json_of(issue, found.document));
    json::array legacy;
    for (const auto& issue : found.legacy) legacy.push_back(json_of(issue, found.document));
    print_line(dump_json(json::object{{"file", *file},
                                      {"exists", found.document.exists},
                                      {"valid", found.valid()},
                                      {"issues", std::move(issues)},
                                      {"legacy", std::move(legacy)}}));
    return found.valid() ? kExitOk : kExitFailed;
  }
  print_issues(found);
  for (const auto& issue : found.legacy)
    print_error("older spelling: " + line_of(issue, found.document));
  if (!found.valid()) {
    print_error(fmt::format("{} is not valid: {} error(s), {} warning(s)", *file,
                            count_of(found, config::Severity::error),
                            count_of(found, config::Severity::warning)));
    return kExitFailed;
  }
  print_line(found.document.exists
                 ? fmt::format("{} is valid ({} warning(s)).", *file,
                               count_of(found, config::Severity::warning))
                 : fmt::format("{} is not there, so everything has its default.", *file));
  return kExitOk;
}

int config_schema(const ConfigCall& call) {
  print_line(config::json_schema(call.schema));
  return kExitOk;
}

namespace {

// Keys of the file that the gateway has seen and not applied.
std::vector<std::string> waiting_in(const ConfigCall& call) {
  const auto standing = read_standing(call.paths.state_dir);
  const bool ours = standing && standing->config_file == call.paths.config_file;
  return ours ? standing->waiting : std::vector<std::string>();
}

}  // namespace

int config_plan(const ConfigCall& call) {
  const auto file = wanted_file(call);
  if (!file) return report(file.error(), call.options.json);
  const auto read = wanted(call, *file);
  if (!read) return report(read.error(), call.options.json);
  const auto& after = *read;
  const auto base = base_of(call);
  if (!base) return report(base.error(), call.options.json);
  if (!after.valid() || !after.config) {
    print_issues(after);
    print_error("it would not be taken over: a gateway that runs keeps what it has");
    if (call.options.json) {
      json::array issues;
      for (const auto& issue : after.issues) issues.push_back(json_of(issue, after.document));
      print_line(dump_json(
          json::object{{"file", *file}, {"valid", false}, {"issues", std::move(issues)}}));
    }
    return kExitFailed;
  }
  if (!base->found.config) return report(*base->found.error, call.options.json);
  const auto plan = config::plan_reload(*base->found.config, *after.config, call.schema);
  const auto mode = config::reload_mode_from(after.config->text("gateway.reload.mode"));
  const auto waiting = waiting_in(call);
  if (call.options.json) {
    print_line(dump_json(json::object{{"file", *file},
                                      {"valid", true},
                                      {"against", base->name},
                                      {"mode", config::to_text(mode)},
                                      {"plan", config::to_json(plan)},
                                      {"waiting", json::array(waiting.begin(), waiting.end())}}));
    return kExitOk;
  }
  print_line(fmt::format("{}, against {}:", *file, base->name));
  print_line(config::to_text(plan));
  if (!waiting.empty())
    print_line(
        fmt::format("These were taken over and wait for a restart: {}.", fmt::join(waiting, ", ")));
  if (!plan.empty()) print_line(fmt::format("gateway.reload.mode is {}.", config::to_text(mode)));
  return kExitOk;
}

}  // namespace carapace::app
