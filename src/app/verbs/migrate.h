// `carapace credentials migrate`: secrets that stand in the configuration in the clear go to the
// credential store, and references take their place.
#pragma once

#include "app/command_line.h"
#include "config/paths.h"
#include "secret/credentials.h"

namespace carapace::app {

struct CredentialCall {
  const Options& options;
  const config::Environment& environment;
  const config::Paths& paths;
  secret::Credentials& credentials;
};

// An exit code. Ended at any moment it has lost nothing, and the next call does the rest: first
// everything is kept in the store, then one write puts all references into the file.
int migrate_credentials(const CredentialCall& call);

}  // namespace carapace::app
