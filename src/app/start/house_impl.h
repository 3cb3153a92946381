// The inside of a house, for the files that build it (house.cc), make its parts from a plan
// (parts.cc) and change it while it runs (appliers.cc). Private to these. Loop thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/reload/keeper.h"
#include "app/start/house.h"
#include "app/start/models.h"
#include "app/start/own_credential.h"
#include "app/start/plan.h"
#include "async/pool.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/random.h"
#include "config/secret_opener.h"
#include "dispatch/desk.h"
#include "dispatch/dispatcher.h"
#include "fs/lock.h"
#include "gateway/config_port.h"
#include "gateway/gateway.h"
#include "ledger/ledger.h"
#include "net/client.h"
#include "net/server.h"
#include "provider/catalogue.h"
#include "store/approvals.h"
#include "store/costs.h"
#include "store/engine.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"
#include "tool/registry.h"

namespace carapace::app {

// Parts as a plan describes them.
std::vector<const tool::Spec*> enabled_tools(const Plan& plan);
gateway::Settings gateway_settings(const Plan& plan, OwnCredential own, const ConfigState& file);
gateway::HotSettings hot_settings(const Plan& plan);
gateway::ConfigState for_clients(const ConfigState& file);

// What a house is made of and cannot make itself.
struct HouseMaterial {
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<fs::FileLock> lock;
  std::shared_ptr<config::SecretOpener> secrets;
  std::unique_ptr<store::Engine> engine;
  provider::Choice choice;
  OwnCredential own;
};

struct House::Impl {
  Loop& loop;
  Keeper& keeper;
  std::shared_ptr<const Plan> plan;  // in force
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<fs::FileLock> lock;
  std::shared_ptr<config::SecretOpener> secrets;
  std::vector<std::weak_ptr<config::SecretOpener>> openers;  // turns may hold older ones
  Pool pool{"worker", 2};
  TaskGroup work;  // turns, bookkeeping, the start and the end

  // Floor 2: the store and its repositories; the calling side of the net.
  std::unique_ptr<store::Engine> engine;
  store::Sessions sessions;
  store::Transcripts transcripts;
  store::Runs runs;
  store::Costs costs;
  store::Approvals approvals;
  std::unique_ptr<net::Client> client;

  // Floors 3 to 4: money, models, tools.
  ledger::Ledger ledger;
  provider::Catalogue catalogue;
  std::optional<provider::Probe> probe;  // what the last look for a local server found
  bool probing = false;
  provider::Ports provider_ports;
  Models models;
  tool::Registry tools;

  // Floors 6 to 7: the turn and the door.
  dispatch::Fanout fanout;
  dispatch::Desk desk;
  agent::TurnRunner runner;
  dispatch::Dispatcher dispatcher;

  // Floor 9: the face.
  Stop draining;
  std::unique_ptr<gateway::ConfigPort> config_desk;
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<net::Server> server;
  bool closing = false;

  Impl(Loop& on, Keeper& kept_by, HouseMaterial material);

  tool::Registry make_tools();
  void open_secrets_by(std::shared_ptr<config::SecretOpener> opener);
  Task<void> settle_in();
  Task<void> look_for_local_server();
  Task<void> tell_restart_note();
  Task<void> shut_down(std::string reason, std::int64_t drain_ms,
                       std::optional<std::int64_t> restart_expected_ms);
  void close(std::string reason, std::int64_t drain_ms,
             std::optional<std::int64_t> restart_expected_ms);
  HouseEnds ends();
};

}  // namespace carapace::app
