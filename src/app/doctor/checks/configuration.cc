// Is the configuration found, read, and valid; and is there a good one to fall back on?
#include <fmt/format.h>

#include <algorithm>

#include "app/doctor/check.h"
#include "app/start/fields.h"
#include "app/version.h"
#include "base/json.h"
#include "base/random.h"
#include "config/history.h"

namespace carapace::doctor {
namespace {

constexpr std::size_t kMostKeys = 20;

std::string command(const Ground& ground, std::string_view words) {
  return ground.command(fmt::format("config {}", words));
}

std::optional<config::HistoryEntry> last_good(const Ground& ground) {
  SystemRandom random;
  const auto good = config::History(ground.paths.state_dir, random).newest_good();
  return good ? *good : std::nullopt;
}

// Nothing can run with it: either a good one is there to come back, or a person has to mend it.
Finding broken(const Ground& ground) {
  const auto& error = *ground.inspection.error;
  Finding finding{.check_id = "config.invalid",
                  .severity = Severity::critical,
                  .title = "The configuration cannot be used",
                  .detail = error.detail,
                  .remediation = command(ground, "edit")};
  if (const auto good = last_good(ground)) {
    finding.detail += fmt::format(
        " A gateway runs on with entry {} of the history, the last good one.", good->number);
    finding.remediation =
        fmt::format("{}   # or by hand: {}",
                    command(ground, fmt::format("rollback {}", good->number)), finding.remediation);
    finding.mend = {
        .kind = Mend::Kind::roll_back, .path = ground.paths.config_file, .number = good->number};
  } else {
    finding.detail += " There is no earlier one that a gateway has run with.";
  }
  return finding;
}

Finding of_issue(const Ground& ground, const config::Issue& issue) {
  if (issue.severity == config::Severity::error)
    return {.check_id = "config.error",
            .severity = Severity::critical,
            .title = fmt::format("{} has an error", issue.path.empty() ? "The file" : issue.path),
            .detail = config::to_text(issue),
            .remediation = command(
                ground, issue.path.empty()
                            ? std::string("edit")
                            : fmt::format("unset {}   # or another value: {}",
                                          shell_word(issue.path), command(ground, "edit")))};
  if (issue.unknown_key)
    return {.check_id = "config.unknown_key",
            .severity = Severity::warn,
            .title = fmt::format("{} is no key that this version knows", issue.path),
            .detail = config::to_text(issue),
            .remediation = command(ground, "unset " + shell_word(issue.path))};
  return {.check_id = "config.warning",
          .severity = Severity::warn,
          .title = fmt::format("{} deserves a look", issue.path),
          .detail = config::to_text(issue),
          .remediation =
              command(ground, fmt::format("edit   # or without it: {}",
                                          command(ground, "unset " + shell_word(issue.path))))};
}

Finding of_legacy(const Ground& ground, const config::Issue& issue) {
  return {.check_id = "config.legacy_key",
          .severity = Severity::info,
          .title = fmt::format("{} is a spelling of an older version", issue.path),
          .detail = config::to_text(issue),
          .remediation = command(ground, "edit   # it may stay as well: it does what it says")};
}

// Numbers between dots and dashes, compared one by one: 2026.1.9 is older than 2026.1.27.
bool is_newer(std::string_view one, std::string_view other) {
  const auto next = [](std::string_view& text) {
    while (!text.empty() && (text.front() < '0' || text.front() > '9')) text.remove_prefix(1);
    std::int64_t value = text.empty() ? -1 : 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      value = std::min<std::int64_t>(value * 10 + (text.front() - '0'), 1'000'000'000);
      text.remove_prefix(1);
    }
    return value;
  };
  for (int part = 0; part < 4; ++part) {
    const auto a = next(one);
    const auto b = next(other);
    if (a != b) return a > b;
    if (a < 0) return false;
  }
  return false;
}

// Years stand in the ancestors' version numbers; one of theirs says nothing about ours.
bool is_of_an_ancestor(std::string_view version) { return version.starts_with("20"); }

void look_at_writer(const Ground& ground, Findings& out) {
  const auto& tree = ground.inspection.document.tree();
  const auto* meta = tree.is_object() ? find_object(tree.get_object(), "meta") : nullptr;
  if (!meta) return;
  const auto writer = string_or(*meta, "lastTouchedVersion", "");
  if (is_of_an_ancestor(writer) || !is_newer(writer, app::kVersion)) return;
  out.push_back(
      {.check_id = "config.newer_version",
       .severity = Severity::warn,
       .title = "The configuration was written by a newer version",
       .detail = fmt::format("meta.lastTouchedVersion is {}; this is {}.", writer, app::kVersion),
       .remediation = "carapace version   # then install the newer one again"});
}

Findings run(const Ground& ground) {
  Findings out;
  const auto& inspection = ground.inspection;
  if (ground.paths.config_named && !inspection.document.exists)
    out.push_back({.check_id = "config.missing",
                   .severity = Severity::warn,
                   .title = "There is no configuration file of the name that was given",
                   .detail = ground.paths.config_file + " does not exist, so defaults are used.",
                   .remediation = command(ground, "edit")});
  if (!inspection.config && inspection.error) out.push_back(broken(ground));
  std::size_t told = 0;
  for (const auto& issue : inspection.issues) {
    // A file that does not parse has said so already.
    if (!inspection.config && issue.path.empty()) continue;
    if (told++ < kMostKeys) out.push_back(of_issue(ground, issue));
  }
  if (told > kMostKeys)
    out.push_back({.check_id = "config.more_issues",
                   .severity = Severity::warn,
                   .title = fmt::format("There are {} more", told - kMostKeys),
                   .detail = "Only the first ones are shown.",
                   .remediation = command(ground, "validate")});
  for (const auto& issue : inspection.legacy) out.push_back(of_legacy(ground, issue));
  look_at_writer(ground, out);
  if (inspection.config && inspection.document.exists && !last_good(ground))
    out.push_back({.check_id = "config.no_last_good",
                   .severity = Severity::info,
                   .title = "No gateway has run with a configuration of this state folder yet",
                   .detail = "Until one has, there is nothing to fall back on after a bad edit.",
                   .remediation = ground.command("start")});
  return out;
}

}  // namespace

extern const Check configuration_check;
constinit const Check configuration_check{
    .id = "configuration", .title = "configuration", .run = run};

}  // namespace carapace::doctor
