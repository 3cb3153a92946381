#include "app/start/own_credential.h"

#include <utility>

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
  return std::make_unique<config::SecretOpener>(plan.environment);
}

}  // namespace carapace::app
