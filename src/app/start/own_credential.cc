#include "app/start/own_credential.h"

#include <optional>
#include <utility>

#include "async/coro.h"
#include "base/clock.h"
#include "base/random.h"

namespace carapace::app {

namespace {

constexpr const char* kTokenKey = "gateway.auth.token";
constexpr const char* kPasswordKey = "gateway.auth.password";

Task<void> open_into(Result<OwnCredential>& out, const Plan& plan, config::SecretOpener& secrets,
                     Stop stop) {
  const bool by_token = plan.auth_mode == rpc::AuthMode::token;
  auto opened = co_await secrets.open(by_token ? plan.token : plan.password,
                                      by_token ? kTokenKey : kPasswordKey, std::move(stop));
  if (!opened) {
    out = std::unexpected(opened.error());
    if (out.error().code != Errc::cancelled) out.error().code = Errc::unauthorized;
  } else {
    (by_token ? out->token : out->password) = std::move(*opened);
  }
}

}  // namespace

Result<OwnCredential> open_credential(const Plan& plan, config::SecretOpener& secrets) {
  OwnCredential own;
  if (plan.auth_mode == rpc::AuthMode::token) {
    TRY(own.token, secrets.open_now(plan.token, kTokenKey));
  } else if (plan.auth_mode == rpc::AuthMode::password) {
    TRY(own.password, secrets.open_now(plan.password, kPasswordKey));
  }
  return own;
}

Result<OwnCredential> open_credential(Loop& loop, const Plan& plan, config::SecretOpener& secrets,
                                      const Stop& stop) {
  if (plan.auth_mode == rpc::AuthMode::none) return OwnCredential{};
  Result<OwnCredential> own = OwnCredential{};
  loop.run_task(open_into(own, plan, secrets, stop));
  return own;
}

std::unique_ptr<config::SecretOpener> make_opener(const Plan& plan) {
  auto credentials = make_credentials(plan.environment, plan.place.state_dir);
  return std::make_unique<config::SecretOpener>(
      plan.environment, [credentials](std::string_view service, std::string_view account,
                                      const std::stop_token& stop) {
        const std::stop_callback ending(stop, [&credentials] { credentials->give_up(); });
        return credentials->get(std::string(service), std::string(account));
      });
}

std::shared_ptr<secret::Credentials> make_credentials(const config::Environment& environment,
                                                      const std::string& state_dir) {
  struct Held {
    SystemClock clock;
    SystemRandom random;
    std::optional<secret::Credentials> credentials;
  };
  auto held = std::make_shared<Held>();
  const auto value = [&environment](std::string_view name) {
    return environment.get(name).value_or("");
  };
  held->credentials.emplace(
      secret::CredentialSettings{
          .place = {.folder = state_dir + "/credentials",
                    .password = secret::Sealed(value("CARAPACE_CONFIG_PASSWORD")),
                    .random = &held->random},
          .choice = value("CARAPACE_CREDENTIAL_STORE")},
      held->clock);
  return {held, &*held->credentials};
}

}  // namespace carapace::app
