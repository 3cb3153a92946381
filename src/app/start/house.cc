#include "app/start/house.h"

#include <fmt/format.h>

#include <exception>
#include <utility>
#include <vector>

#include "app/start/assets.h"
#include "app/start/models.h"
#include "app/start/own_credential.h"
#include "app/version.h"
#include "async/coro.h"
#include "async/pool.h"
#include "async/task_group.h"
#include "dispatch/desk.h"
#include "dispatch/dispatcher.h"
#include "extensions/channels/names.h"
#include "extensions/providers/builtin.h"
#include "extensions/tools/builtin.h"
#include "fs/directory.h"
#include "fs/lock.h"
#include "gateway/gateway.h"
#include "log/log.h"
#include "net/server.h"
#include "secret/token.h"
#include "store/approvals.h"
#include "store/costs.h"
#include "store/engine.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"gateway"};
constexpr std::int64_t kProbeMs = 1'500;

void log_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& what) {
    kLog.error("a task failed", {{"cause", what.what()}});
  } catch (...) {
    kLog.error("a task failed", {{"cause", "something that is no exception"}});
  }
}

provider::Catalogue make_catalogue(const Plan& plan) {
  return {providers::builtin_providers(), plan.providers,
          [environment = plan.environment](std::string_view name) { return environment.get(name); },
          plan.timeouts};
}

std::vector<const tool::Spec*> enabled_tools(const Plan& plan) {
  std::vector<const tool::Spec*> rows;
  for (const auto* row : tools::builtin_tools())
    // `tools.web.fetch.enabled` turns off what reads strangers' text from the net.
    if (plan.web_fetch || !row->reads_untrusted) rows.push_back(row);
  return rows;
}

gateway::Settings gateway_settings(const Plan& plan, OwnCredential own) {
  gateway::Settings settings;
  settings.version = kVersion;
  settings.loopback_only = plan.loopback_only;
  settings.auth.mode = plan.auth_mode;
  settings.auth.token = std::move(own.token);
  settings.auth.password = std::move(own.password);
  settings.allowed_origins = plan.allowed_origins;
  settings.config_path = plan.place.config_path;
  settings.state_dir = plan.place.state_dir;
  settings.store_path = plan.store_path();
  settings.log_file = plan.log.file;
  settings.chat_completions = plan.chat_completions;
  settings.browser_app = plan.browser_app;
  settings.base_path = plan.base_path;
  settings.known_channels = channels::known_names();
  settings.assets = browser_assets();
  return settings;
}

}  // namespace

struct House::Impl {
  Loop& loop;
  const Plan& plan;
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<fs::FileLock> lock;
  std::unique_ptr<config::SecretOpener> secrets;
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
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<net::Server> server;
  bool closing = false;

  Impl(Loop& on, const Plan& by, std::unique_ptr<fs::FileLock> held,
       std::unique_ptr<config::SecretOpener> opener, std::unique_ptr<store::Engine> opened,
       provider::Choice choice, OwnCredential own)
      : loop(on),
        plan(by),
        lock(std::move(held)),
        secrets(std::move(opener)),
        work(on, &log_failure),
        engine(std::move(opened)),
        sessions(*engine),
        transcripts(*engine),
        runs(*engine),
        costs(*engine),
        approvals(*engine),
        client(net::make_client(on)),
        ledger(costs, clock, work, by.ledger),
        catalogue(make_catalogue(by)),
        provider_ports{*client, clock, random},
        models(catalogue, std::move(choice), provider_ports, ledger, *secrets),
        tools(enabled_tools(by), {sessions, transcripts, *client, pool, clock, by.private_hosts,
                                  by.fetch_max_bytes, by.fetch_timeout_ms}),
        desk(approvals, clock, random),
        runner({loop, clock, random, runs, sessions, transcripts, models, tools, desk,
                [this](RunEvent event) { fanout.publish(std::move(event)); }},
               by.agent),
        dispatcher({work, clock, random, runs, transcripts, runner, fanout}, {}),
        gateway(gateway::make_gateway({loop, pool, clock, random, *engine, sessions, transcripts,
                                       runs, dispatcher, fanout, &desk, models, draining},
                                      gateway_settings(by, std::move(own)))) {}

  Task<void> settle_in();
  Task<void> shut_down(std::string reason, std::int64_t drain_ms);
};

namespace {

// Others may guess as often as they like: a short secret falls.
void warn_of_short_secret(const Plan& plan, const OwnCredential& own) {
  constexpr std::size_t kLongEnough = 24;
  const bool password = plan.auth_mode == rpc::AuthMode::password;
  const auto length = (password ? own.password : own.token).reveal().size();
  if (plan.loopback_only || length == 0 || length >= kLongEnough) return;
  kLog.warn(
      "the gateway's credential is short and can be reached from elsewhere: use 24 "
      "characters or more",
      {{"key", password ? "gateway.auth.password" : "gateway.auth.token"}});
}

// A token that nobody has seen is no credential that others could have been given: beyond this
// machine one has to be there already.
Result<secret::Sealed> token_for_others(const Plan& plan) {
  auto token = secret::load_token(plan.token_path());
  if (token || token.error().code != Errc::not_found) return token;
  return fail(Errc::invalid_request,
              "refusing to listen beyond this machine without a credential: set "
              "gateway.auth.token or CARAPACE_GATEWAY_TOKEN, or start once on loopback, which "
              "makes one");
}

}  // namespace

House::House(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
House::~House() = default;

Result<std::unique_ptr<House>> House::build(Loop& loop, const Plan& plan) {
  TRY_STATUS(fs::ensure_dir(plan.place.state_dir));
  TRY(auto lock, fs::lock_state_dir(plan.place.state_dir));
  SystemRandom random;
  auto secrets = make_opener(plan);
  TRY(auto own, open_credential(plan, *secrets));
  warn_of_short_secret(plan, own);
  if (plan.auth_mode == rpc::AuthMode::token && plan.token.empty()) {
    TRY(own.token, plan.loopback_only ? secret::load_or_create_token(plan.token_path(), random)
                                      : token_for_others(plan));
  }
  TRY(auto engine, store::open_engine({plan.store_path(), kVersion, ""}));
  TRY(auto choice, make_catalogue(plan).pick_default(plan.primary_model, std::nullopt));
  return std::unique_ptr<House>(
      new House(std::make_unique<Impl>(loop, plan, std::move(lock), std::move(secrets),
                                       std::move(engine), std::move(choice), std::move(own))));
}

// A local model server is asked only when nothing better was found, and never before clients can
// connect.
Task<void> House::Impl::settle_in() {
  if (models.choice().offline) {
    if (auto probe = co_await probe_local(loop, catalogue, provider_ports, *secrets, kProbeMs)) {
      catalogue.add_discovered(probe->provider, probe->models);
      if (auto choice = catalogue.pick_default(plan.primary_model, probe))
        models.choose(catalogue, std::move(*choice));
    }
  }
  const auto& chosen = models.choice();
  if (chosen.callable)
    kLog.info("model chosen", {{"model", chosen.model.text()}, {"why", chosen.reason}});
  else
    kLog.warn("model chosen", {{"model", chosen.model.text()}, {"why", chosen.reason}});
  if (const auto expired = co_await desk.expire_left_over(); !expired)
    kLog.error("questions of the last run could not be closed",
               {{"cause", expired.error().detail}});
  const auto recovered = co_await dispatcher.recover();
  if (!recovered) {
    kLog.error("what the last stop left could not be taken up",
               {{"cause", recovered.error().detail}});
  } else if (recovered->resumed + recovered->interrupted > 0) {
    kLog.info("took up what the last stop left",
              {{"resumed", std::to_string(recovered->resumed)},
               {"interrupted", std::to_string(recovered->interrupted)}});
  }
}

Status House::listen() {
  net::ServerOptions options;
  options.addresses = impl_->plan.addresses;
  options.port = impl_->plan.port;
  options.always = gateway::security_headers();
  TRY(impl_->server, net::listen(impl_->loop, std::move(options), impl_->gateway->handler()));
  impl_->gateway->start();
  impl_->work.spawn(impl_->settle_in());
  return {};
}

std::uint16_t House::port() const { return impl_->server ? impl_->server->port() : 0; }

Task<void> House::Impl::shut_down(std::string reason, std::int64_t drain_ms) {
  constexpr std::int64_t kCloseMs = 5'000;
  server->stop_accepting();
  co_await dispatcher.drain(drain_ms);
  co_await gateway->shutdown(reason);
  co_await server->shut_down(1012, "service restart", kCloseMs);
  co_await ledger.flush();
  kLog.info("stopped", {{"reason", reason}});
  loop.stop();
}

void House::begin_shutdown(std::string reason, std::int64_t drain_ms) {
  if (std::exchange(impl_->closing, true)) return;
  kLog.info("stopping", {{"reason", reason}});
  impl_->draining.request(reason);
  impl_->work.spawn(impl_->shut_down(std::move(reason), drain_ms));
}

}  // namespace carapace::app
