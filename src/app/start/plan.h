// What a start means, as plain values: read from the command line, the environment and the
// configuration once, before anything runs. The commands that talk to a running gateway read the
// same values, so that both agree on where it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/turn.h"
#include "app/command_line.h"
#include "base/error.h"
#include "config/config.h"
#include "config/paths.h"
#include "ledger/ledger.h"
#include "log/log.h"
#include "provider/catalogue.h"
#include "rpc/handshake.h"

namespace carapace::app {

struct Place {
  std::string state_dir;
  std::string config_path;
  bool config_named = false;  // by the command line or the environment
};

struct Plan {
  Place place;
  config::Config config;
  config::Environment environment;

  std::vector<std::string> addresses = {};  // to listen on
  std::uint16_t port = 18789;
  bool loopback_only = true;
  rpc::AuthMode auth_mode = rpc::AuthMode::token;
  std::string token = {};  // empty: the generated one in the state directory
  std::string password = {};
  std::vector<std::string> allowed_origins = {};
  bool chat_completions = true;
  bool browser_app = true;
  std::string base_path = {};

  std::string primary_model = {};
  std::vector<provider::ProviderConfig> providers = {};
  provider::Timeouts timeouts = {};  // of all providers
  ledger::Settings ledger = {};
  agent::Settings agent = {};
  log::Settings log = {};
  bool web_fetch = true;
  std::vector<std::string> private_hosts = {};
  std::size_t fetch_max_bytes = 5 << 20;
  std::int64_t fetch_timeout_ms = 30'000;

  std::string store_path() const { return place.state_dir + "/carapace.db"; }
  std::string token_path() const { return place.state_dir + "/gateway.token"; }
  // Where this machine's own clients find it.
  std::string local_url(std::string_view scheme) const;
};

// invalid_request when `gateway.bind` cannot be this.
Status check_bind(const std::string& mode);

// Errors say what to mend: a broken file with line and column, an unknown bind mode, a bind that
// needs a credential and has none.
Result<Plan> make_plan(const Options& options, config::Environment environment);

}  // namespace carapace::app
