// Who can reach the gateway, and what he has to show.
#include <fmt/format.h>

#include "app/doctor/check.h"
#include "app/start/fields.h"
#include "base/json.h"
#include "base/text.h"
#include "config/secret_opener.h"
#include "fs/read_file.h"

namespace carapace::doctor {
namespace {

constexpr std::size_t kLongEnough = 24;
// Works as it is, and no token is seen on a screen or in a list of processes.
std::string make_new(const Ground& ground, std::string_view key) {
  return "openssl rand -hex 32 | " + ground.command(fmt::format("config set {} -", key));
}

// The text of a key as it stands in the file, whether or not a row of ours reads it.
std::string text_at(const Ground& ground, std::string_view path) {
  if (!ground.config()) return {};
  const json::value* value = &ground.config()->tree();
  while (!path.empty()) {
    const auto end = std::min(path.find('.'), path.size());
    if (!value->is_object()) return {};
    value = value->get_object().if_contains(path.substr(0, end));
    if (!value) return {};
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return value->is_string() ? std::string(std::string_view(value->get_string())) : std::string();
}

// What a reference stands for is not opened to measure it.
bool refers(std::string_view text) { return config::SecretOpener::is_reference(text); }

// With the mode `none` a token would not be asked for.
std::string mend_bind(const Ground& ground) {
  const auto token = make_new(ground, "gateway.auth.token");
  return text_at(ground, "gateway.auth.mode") == "none"
             ? fmt::format("{} && {}", ground.command("config unset gateway.auth.mode"), token)
             : token;
}

void look_at_bind(const Ground& ground, Findings& out) {
  const bool no_token = ground.plan && !ground.plan->loopback_only &&
                        ground.plan->auth_mode == rpc::AuthMode::token &&
                        ground.plan->token.empty() && !fs::exists(ground.plan->token_path());
  if (ground.refused_for_bind || no_token) {
    out.push_back({.check_id = "gateway.bind_no_auth",
                   .severity = Severity::critical,
                   .title = "The gateway would be reachable from elsewhere without a credential",
                   .detail = ground.plan_error
                                 ? ground.plan_error->detail
                                 : "gateway.bind opens it beyond this machine, and there is "
                                   "neither a token nor a password. It refuses to start so.",
                   .remediation = mend_bind(ground)});
    return;
  }
  if (ground.plan_error && ground.config())
    out.push_back({.check_id = "gateway.start_refused",
                   .severity = Severity::critical,
                   .title = "The gateway would not start with this configuration",
                   .detail = ground.plan_error->detail,
                   .remediation = ground.command("config edit")});
  if (ground.plan && ground.plan->auth_mode == rpc::AuthMode::none)
    out.push_back({.check_id = "gateway.loopback_no_auth",
                   .severity = Severity::warn,
                   .title = "Every program and every user of this machine may use the gateway",
                   .detail = "gateway.auth.mode is none. A proxy on this machine would open it to "
                             "everybody.",
                   .remediation = ground.command("config unset gateway.auth.mode")});
}

void look_at_length(const Ground& ground, Findings& out) {
  if (!ground.plan || ground.plan->auth_mode == rpc::AuthMode::none) return;
  const bool password = ground.plan->auth_mode == rpc::AuthMode::password;
  std::string secret = password ? ground.plan->password : ground.plan->token;
  if (!password && secret.empty()) {
    // What the gateway makes is long; somebody may have written one by hand.
    const auto text = fs::read_file(ground.plan->token_path(), {.max_bytes = 4096});
    if (!text) return;
    secret = std::string(trim(*text));
  }
  if (secret.empty() || secret.size() >= kLongEnough || refers(secret)) return;
  out.push_back({.check_id = "gateway.token_too_short",
                 .severity = Severity::warn,
                 .title = fmt::format("The gateway's {} is short", password ? "password" : "token"),
                 .detail = fmt::format("It has {} characters; below {} it can be guessed.",
                                       secret.size(), kLongEnough),
                 .remediation = password ? make_new(ground, "gateway.auth.password")
                                         : make_new(ground, "gateway.auth.token")});
}

void look_at_hooks(const Ground& ground, Findings& out) {
  for (const std::string at : {"hooks", "gateway.hooks"}) {
    const auto token = text_at(ground, at + ".token");
    if (!token.empty() && token.size() < kLongEnough && !refers(token))
      out.push_back(
          {.check_id = "hooks.token_too_short",
           .severity = Severity::warn,
           .title = "The token of the hooks is short",
           .detail = fmt::format("{}.token has {} characters; below {} it can be guessed.", at,
                                 token.size(), kLongEnough),
           .remediation = make_new(ground, at + ".token")});
    if (!token.empty() && ground.plan && token == ground.plan->token)
      out.push_back({.check_id = "hooks.token_reuse_gateway_token",
                     .severity = Severity::warn,
                     .title = "Hooks use the gateway's own token",
                     .detail = "Whoever may call a hook may then do everything.",
                     .remediation = make_new(ground, at + ".token")});
    if (text_at(ground, at + ".path") == "/")
      out.push_back(
          {.check_id = "hooks.path_root",
           .severity = Severity::critical,
           .title = "Hooks lie at the root of the gateway",
           .detail = fmt::format("{}.path is \"/\", where they hide everything else.", at),
           .remediation = ground.command(fmt::format("config set {}.path /hooks", at))});
  }
}

Findings run(const Ground& ground) {
  Findings out;
  look_at_bind(ground, out);
  look_at_length(ground, out);
  look_at_hooks(ground, out);
  if (text_at(ground, "logging.redactSensitive") == "off")
    out.push_back({.check_id = "logging.redact_off",
                   .severity = Severity::warn,
                   .title = "The configuration asks for logs with secrets in them",
                   .detail = "logging.redactSensitive is off.",
                   .remediation = ground.command("config set logging.redactSensitive tools"),
                   .mend = {.kind = Mend::Kind::set_key,
                            .path = ground.paths.config_file,
                            .key = "logging.redactSensitive",
                            .value = "tools"}});
  return out;
}

}  // namespace

extern const Check exposure_check;
constinit const Check exposure_check{
    .id = "exposure", .title = "who can reach the gateway", .run = run};

}  // namespace carapace::doctor
