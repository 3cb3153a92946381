// What a start means, as plain values: read from the command line, the environment and the
// configuration once, before anything runs. The commands that talk to a running gateway read the
// same values, so that both agree on where it is.
#pragma once

#include <cstdint>
#include <optional>
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
  bool inherited = false;     // the file of an earlier program, at its own place
};

// How the configuration file stands. Not the same as what is in force: a file that cannot be used
// changes nothing.
struct ConfigState {
  bool valid = true;
  std::string file = {};
  std::string hash = {};                   // SHA-256 hex of the file as it was last seen
  std::string in_force = {};               // of the file that the gateway runs with
  std::vector<config::Issue> issues = {};  // errors and warnings
  std::vector<std::string> places = {};    // of each issue: "file:line:column", or empty
  std::vector<std::string> waiting = {};   // keys that wait for a restart
};
ConfigState state_of(const config::Inspection& found);
void add_error(ConfigState& state, std::string message);
// The issues of one severity as sentences, each with its place in front.
std::vector<std::string> sentences(const ConfigState& state, config::Severity severity);

struct Plan {
  Place place;
  config::Config config;
  config::Environment environment;  // of the process, with the `env` section beneath it
  ConfigState file = {};
  std::optional<Error> file_error = {};  // why the last good configuration is used instead

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

Result<Place> find_place(const Options& options, const config::Environment& environment);

// What a configuration that was read means for a gateway of this place. Errors say what to mend: an
// unknown bind mode, a bind that needs a credential and has none.
Result<Plan> plan_of(const Options& options, const Place& place, config::Config config);

// Opens the log as the plan says, and makes the folder of its file. What is wrong with the file is
// told on the console: a gateway runs without it.
void open_log(const Plan& plan);

// A file that is there and says nothing, as a crash or a full disk leaves it behind.
bool is_blank(const config::Document& document);

// Reads the file; blocks on the disk. Errors name file, line and column.
Result<Plan> make_plan(const Options& options, config::Environment environment);

// The same for who wants to run: a file that cannot be used, or is empty, is passed over for the
// last good one of the history, and `file` and `file_error` say so. When there has never been one,
// the error says what to mend.
Result<Plan> make_usable_plan(const Options& options, config::Environment environment);

// For a gateway that cannot start with `failed`: the last good one, when that is another one.
std::optional<Plan> last_good_plan(const Options& options, const config::Environment& environment,
                                   const Plan& failed, const Error& cause);

}  // namespace carapace::app
