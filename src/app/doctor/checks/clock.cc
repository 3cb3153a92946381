// Is it today? Certificates, tokens and the order of messages depend on it.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cctype>

#include "app/doctor/check.h"
#include "base/time_text.h"
#include "fs/read_file.h"

namespace carapace::doctor {
namespace {

constexpr std::int64_t kBuilt = 1'767'225'600'000;   // 2026-01-01: no earlier day has this program
constexpr std::int64_t kFarOff = 4'102'444'800'000;  // 2100-01-01
constexpr std::int64_t kDayMs = 86'400'000;
constexpr const char* kSetClock = "sudo timedatectl set-ntp true";

// Area/City, as in the zone database. Rules in POSIX notation need no file.
bool is_zone_name(std::string_view zone) {
  if (zone.empty() || zone.front() == '/' || zone.contains("..")) return false;
  for (const char c : zone)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '/' && c != '_' && c != '-' &&
        c != '+')
      return false;
  return zone.contains('/') || zone.find_first_of("0123456789") == std::string_view::npos;
}

bool is_known_zone(std::string_view zone) {
  if (zone == "UTC" || zone == "GMT") return true;
  return fs::exists("/usr/share/zoneinfo/" + std::string(zone));
}

void look_at_zone(const Ground& ground, std::string_view zone, std::string_view from,
                  std::string_view mend, Findings& out) {
  if (zone.starts_with(':')) zone.remove_prefix(1);
  // Without a zone database nothing can be said.
  if (!is_zone_name(zone) || is_known_zone(zone) || !fs::exists("/usr/share/zoneinfo/Europe"))
    return;
  (void)ground;
  out.push_back({.check_id = "clock.time_zone_unknown",
                 .severity = Severity::warn,
                 .title = "The time zone is not known",
                 .detail = fmt::format("{} is {}, which the zone database does not hold; times are "
                                       "then those of UTC.",
                                       from, zone),
                 .remediation = std::string(mend)});
}

Findings run(const Ground& ground) {
  Findings out;
  const auto now = ground.clock.wall_ms();
  if (now < kBuilt || now > kFarOff) {
    out.push_back({.check_id = "clock.wrong",
                   .severity = Severity::critical,
                   .title = "The clock is wrong",
                   .detail = fmt::format("It says {}; no certificate is valid then.", iso8601(now)),
                   .remediation = kSetClock});
  } else {
    struct stat info{};
    const auto store = ground.state_file("carapace.db");
    if (::stat(store.c_str(), &info) == 0 && std::int64_t{info.st_mtime} * 1000 > now + kDayMs)
      out.push_back({.check_id = "clock.behind",
                     .severity = Severity::warn,
                     .title = "The clock went back",
                     .detail = fmt::format("It says {}, but {} was written at {}.", iso8601(now),
                                           store, iso8601(std::int64_t{info.st_mtime} * 1000)),
                     .remediation = kSetClock});
  }
  if (const auto zone = ground.environment.get("TZ"))
    look_at_zone(ground, *zone, "TZ", "export TZ=Europe/Berlin   # or: unset TZ", out);
  if (const auto& config = ground.config(); config && config->has("agents.defaults.userTimezone"))
    look_at_zone(ground, config->text("agents.defaults.userTimezone"),
                 "agents.defaults.userTimezone",
                 ground.command("config set agents.defaults.userTimezone Europe/Berlin"), out);
  return out;
}

}  // namespace

extern const Check clock_check;
constinit const Check clock_check{.id = "clock", .title = "clock and time zone", .run = run};

}  // namespace carapace::doctor
