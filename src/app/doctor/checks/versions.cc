// Versions, and whether what runs is what is installed.
#include "app/doctor/checks/versions.h"

#include <fmt/format.h>

#include "app/doctor/check.h"
#include "app/version.h"
#include "net/versions.h"
#include "store/inspect.h"

namespace carapace::doctor {
namespace {

Findings run(const Ground& ground) {
  Findings out;
  if (const auto http = net::http_version(); !http)
    out.push_back({.check_id = "library.http_missing",
                   .severity = Severity::critical,
                   .title = "No model on the net can be called",
                   .detail = http.error().detail,
                   .remediation = "sudo apt install libcurl4"});
  const auto& running = ground.running;
  if (running && running->answers && running->version != app::kVersion)
    out.push_back(
        {.check_id = "gateway.other_version",
         .severity = Severity::warn,
         .title = "The gateway that runs is of another version",
         .detail = fmt::format("pid {} is {}; this is {}.", running->pid, running->version,
                               app::kVersion),
         .remediation = fmt::format("kill {} && {}", running->pid, ground.command("start"))});
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> known_versions(const Ground& ground) {
  constexpr std::int64_t kNoCheck = 0;
  std::vector<std::pair<std::string, std::string>> all{{"carapace", app::kVersion}};
  const auto file = store::inspect(ground.state_file("carapace.db"), app::kVersion, kNoCheck);
  all.emplace_back("schema", std::to_string(file ? file->schema : store::newest_schema()));
  all.emplace_back("SQLite", store::engine_version());
  all.emplace_back("OpenSSL", net::tls_version());
  if (const auto http = net::http_version()) all.emplace_back("libcurl", *http);
  if (ground.running && ground.running->answers)
    all.emplace_back("gateway", ground.running->version);
  return all;
}

extern const Check versions_check;
constinit const Check versions_check{.id = "versions", .title = "versions", .run = run};

}  // namespace carapace::doctor
