#include "app/start/own_credential.h"

#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/random.h"

namespace carapace::app {

Result<OwnCredential> open_credential(const Plan& plan, config::SecretOpener& secrets) {
  OwnCredential own;
  if (plan.auth_mode == rpc::AuthMode::token) {
    TRY(own.token, secrets.open_now(plan.token, "gateway.auth.token"));
  } else if (plan.auth_mode == rpc::AuthMode::password) {
    TRY(own.password, secrets.open_now(plan.password, "gateway.auth.password"));
  }
  return own;
}

std::unique_ptr<config::SecretOpener> make_opener(const Plan& plan) {
  auto credentials = make_credentials(plan.environment, plan.place.state_dir);
  return std::make_unique<config::SecretOpener>(
      plan.environment, [credentials](std::string_view service, std::string_view account) {
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
