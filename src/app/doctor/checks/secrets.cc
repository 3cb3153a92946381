// Secrets that stand in the configuration in the clear. Only the key is told, never a part of the
// value.
#include <fmt/format.h>

#include "app/doctor/check.h"
#include "app/start/fields.h"
#include "base/json.h"
#include "config/key_path.h"
#include "config/read/plain_secrets.h"

namespace carapace::doctor {
namespace {

// The ids that the ancestor's audit has for two of them.
std::string id_of(const std::string& key) {
  if (key == "gateway.auth.password") return "config.secrets.gateway_password_in_config";
  if (key == "hooks.token" || key == "gateway.hooks.token")
    return "config.secrets.hooks_token_in_config";
  return "config.secrets.plaintext";
}

Findings run(const Ground& ground) {
  Findings out;
  const auto& document = ground.inspection.document;
  for (const auto& path : config::plain_secrets(document.tree(), app::schema())) {
    const auto key = config::to_text(path);
    const auto source = document.source(path);
    out.push_back({.check_id = id_of(key),
                   .severity = Severity::warn,
                   .title = fmt::format("{} stands in the configuration in the clear", key),
                   .detail = fmt::format("{}, line {}.", source.file, source.line),
                   .remediation = ground.command("credentials migrate")});
  }
  return out;
}

}  // namespace

extern const Check secrets_check;
constinit const Check secrets_check{
    .id = "secrets", .title = "secrets in the configuration", .run = run};

}  // namespace carapace::doctor
