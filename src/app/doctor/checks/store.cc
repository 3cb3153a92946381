// The database: is it whole, and of a version that we can read?
#include "store/inspect.h"

#include <fmt/format.h>

#include "app/doctor/check.h"
#include "app/version.h"

namespace carapace::doctor {
namespace {

constexpr std::int64_t kBudgetMs = 2'000;

Findings run(const Ground& ground) {
  const auto path = ground.state_file("carapace.db");
  const auto found = store::inspect(path, app::kVersion, kBudgetMs);
  const auto restore = fmt::format(
      "sqlite3 {0} .recover | sqlite3 {0}.new   # stop the gateway first, then move {0}.new to {0}",
      shell_word(path));
  if (!found) {
    if (found.error().code == Errc::not_found) return {};
    const bool newer = found.error().code == Errc::conflict;
    return {{.check_id = newer ? "store.newer_schema" : "store.unreadable",
             .severity = Severity::critical,
             .title = newer ? "The database is not one that this version may use"
                            : "The database cannot be read",
             .detail = found.error().detail,
             .remediation =
                 newer ? "carapace version   # install the version that is named" : restore}};
  }
  if (found->damage.empty()) return {};
  return {{.check_id = "store.damaged",
           .severity = Severity::critical,
           .title = "The database is damaged",
           .detail = fmt::format("{}: {}", path, found->damage.front()),
           .remediation = restore}};
}

}  // namespace

extern const Check store_check;
constinit const Check store_check{.id = "store", .title = "database", .run = run};

}  // namespace carapace::doctor
