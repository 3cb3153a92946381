// The gateway's own token or password, opened: at start before anything listens, and in each
// command that talks to it. Takes as long as config/secret_opener.h says.
#pragma once

#include <memory>
#include <string>

#include "app/start/plan.h"
#include "async/loop.h"
#include "async/stop.h"
#include "base/error.h"
#include "config/secret_opener.h"
#include "secret/credentials.h"
#include "secret/sealed.h"

namespace carapace::app {

struct OwnCredential {
  secret::Sealed token;  // empty: the generated one in the state directory
  secret::Sealed password;
};

// Only the one that plan.auth_mode asks for. Errors say which key, and what to do.
Result<OwnCredential> open_credential(const Plan& plan, config::SecretOpener& secrets);
// The same while the loop runs, so that signals are heard. cancelled: `stop`; unauthorized:
// whatever else is in the way.
Result<OwnCredential> open_credential(Loop& loop, const Plan& plan, config::SecretOpener& secrets,
                                      const Stop& stop);

// The opener for a plan: its environment and the credential store of its state folder.
std::unique_ptr<config::SecretOpener> make_opener(const Plan& plan);

// The credentials of a state folder; nothing is asked of any store before the first use.
// CARAPACE_CREDENTIAL_STORE chooses the store (secret/credentials.h).
std::shared_ptr<secret::Credentials> make_credentials(const config::Environment& environment,
                                                      const std::string& state_dir);

}  // namespace carapace::app
