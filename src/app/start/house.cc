#include "app/start/house.h"

#include <fmt/format.h>

#include <exception>
#include <utility>
#include <vector>

#include "app/reload/restart_note.h"
#include "app/start/appliers.h"
#include "app/start/config_desk.h"
#include "app/start/fields.h"
#include "app/start/house_impl.h"
#include "app/version.h"
#include "async/coro.h"
#include "fs/directory.h"
#include "log/log.h"
#include "secret/token.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"gateway"};
constexpr std::int64_t kProbeMs = 1'500;
constexpr std::int64_t kDrainMs = 10'000;
// What the ancestor tells its clients, and about what it takes.
constexpr std::int64_t kRestartMs = 1'500;

void log_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& what) {
    kLog.error("a task failed", {{"cause", what.what()}});
  } catch (...) {
    kLog.error("a task failed", {{"cause", "something that is no exception"}});
  }
}

std::unique_ptr<gateway::ConfigPort> make_desk(House::Impl& house) {
  const auto& place = house.plan->place;
  return make_config_desk(
      schema(), house.pool, house.clock, house.random,
      {place.config_path, place.state_dir, house.keeper.environment(), kVersion},
      {.in_force = [&keeper = house.keeper]() -> const json::value& { return keeper.in_force(); },
       .taken_over = [&keeper = house.keeper] { return keeper.plan(); },
       .mode = [&keeper = house.keeper] { return keeper.mode(); },
       .reload = [&keeper = house.keeper] { return keeper.reload(); },
       .request_restart =
           [&keeper = house.keeper](std::int64_t delay_ms, std::string reason) {
             return keeper.request_restart(delay_ms, std::move(reason));
           }});
}

}  // namespace

House::Impl::Impl(Loop& on, Keeper& kept_by, HouseMaterial material)
    : loop(on),
      keeper(kept_by),
      plan(std::move(material.plan)),
      lock(std::move(material.lock)),
      secrets(std::move(material.secrets)),
      work(on, &log_failure),
      engine(std::move(material.engine)),
      sessions(*engine),
      transcripts(*engine),
      runs(*engine),
      costs(*engine),
      approvals(*engine),
      client(net::make_client(on)),
      ledger(costs, clock, work, plan->ledger),
      catalogue(make_catalogue(*plan)),
      provider_ports{*client, clock, random},
      models(catalogue, std::move(material.choice), provider_ports, ledger, secrets),
      tools(make_tools()),
      desk(approvals, clock, random),
      runner({loop, clock, random, runs, sessions, transcripts, models, tools, desk,
              [this](RunEvent event) { fanout.publish(std::move(event)); }},
             plan->agent),
      dispatcher({work, clock, random, runs, transcripts, runner, fanout}, {}),
      config_desk(make_desk(*this)),
      gateway(
          gateway::make_gateway({loop, pool, clock, random, *engine, sessions, transcripts, runs,
                                 dispatcher, fanout, &desk, models, draining, config_desk.get()},
                                gateway_settings(*plan, std::move(material.own), keeper.state()))) {
  open_secrets_by(secrets);
}

void House::Impl::open_secrets_by(std::shared_ptr<config::SecretOpener> opener) {
  std::erase_if(openers, [](const auto& older) { return older.expired(); });
  openers.emplace_back(opener);
  secrets = std::move(opener);
}

tool::Registry House::Impl::make_tools() {
  return {enabled_tools(*plan),
          {sessions, transcripts, *client, pool, clock, plan->private_hosts, plan->fetch_max_bytes,
           plan->fetch_timeout_ms}};
}

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
House::~House() { impl_->keeper.detach(); }

Result<std::unique_ptr<House>> House::build(Loop& loop, std::shared_ptr<const Plan> plan,
                                            Keeper& keeper, const Stop& stop) {
  TRY_STATUS(fs::ensure_dir(plan->place.state_dir));
  TRY(auto lock, fs::lock_state_dir(plan->place.state_dir));
  SystemRandom random;
  std::shared_ptr secrets = make_opener(*plan);
  TRY(auto own, open_credential(loop, *plan, *secrets, stop));
  warn_of_short_secret(*plan, own);
  if (plan->auth_mode == rpc::AuthMode::token && plan->token.empty()) {
    TRY(own.token, plan->loopback_only ? secret::load_or_create_token(plan->token_path(), random)
                                       : token_for_others(*plan));
  }
  TRY(auto engine, store::open_engine({plan->store_path(), kVersion, ""}));
  TRY(auto choice, make_catalogue(*plan).pick_default(plan->primary_model, std::nullopt));
  return std::unique_ptr<House>(new House(
      std::make_unique<Impl>(loop, keeper,
                             HouseMaterial{std::move(plan), std::move(lock), std::move(secrets),
                                           std::move(engine), std::move(choice), std::move(own)})));
}

// A local model server is asked only when nothing better was found, and never before clients can
// connect.
Task<void> House::Impl::look_for_local_server() {
  if (probing) co_return;
  struct Probing {
    bool& flag;
    explicit Probing(bool& set) : flag(set) { flag = true; }
    ~Probing() { flag = false; }
  } const busy(probing);
  const auto asked = plan;
  probe = co_await probe_local(loop, catalogue, provider_ports, secrets, kProbeMs);
  if (!probe) co_return;
  // By the configuration of now, which may be another one than that of the question.
  catalogue.add_discovered(probe->provider, probe->models);
  if (auto choice = catalogue.pick_default(plan->primary_model, probe))
    models.choose(catalogue, std::move(*choice));
  if (asked != plan)
    kLog.info("model chosen",
              {{"model", models.choice().model.text()}, {"why", models.choice().reason}});
}

Task<void> House::Impl::settle_in() {
  if (models.choice().offline) co_await look_for_local_server();
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
  co_await tell_restart_note();
}

// The session that asked for the restart reads that it happened, and why.
Task<void> House::Impl::tell_restart_note() {
  const auto note = take_restart_note(plan->place.state_dir);
  if (!note) co_return;
  kLog.info("restarted", {{"kind", note->kind}, {"status", note->status}, {"by", note->mode}});
  const auto key = canonical_key(note->session_key, AgentId("main"));
  if (note->session_key.empty() || !key) co_return;
  const auto session = co_await sessions.find(*key, kOwner);
  if (!session || !*session) co_return;
  Message message;
  message.role = Role::assistant;
  message.blocks = {TextBlock{to_text(*note)}};
  message.at_ms = clock.wall_ms();
  message.principal = kOwner;
  message.origin.emplace();
  message.origin->stop = StopReason::injected;
  const auto appended = co_await transcripts.append((*session)->id, std::move(message));
  if (!appended)
    kLog.warn("the note about the restart could not be written",
              {{"cause", appended.error().detail}});
}

HouseEnds House::Impl::ends() {
  return {.apply =
              [this](std::shared_ptr<const Plan> next, const config::ReloadPlan& what) {
                plan = std::move(next);
                apply_changes(*this, what);
              },
          .tell =
              [this](const ConfigNews& news) {
                gateway->tell_config(for_clients(news.state), to_text(news.outcome),
                                     news.plan.paths());
              },
          .restart = [this](const std::string& reason) { close(reason, kDrainMs, kRestartMs); }};
}

Status House::listen() {
  net::ServerOptions options;
  options.addresses = impl_->plan->addresses;
  options.port = impl_->plan->port;
  options.always = gateway::security_headers();
  TRY(impl_->server, net::listen(impl_->loop, std::move(options), impl_->gateway->handler()));
  impl_->gateway->start();
  impl_->work.spawn(impl_->settle_in());
  impl_->keeper.attach(impl_->ends());
  return {};
}

std::uint16_t House::port() const { return impl_->server ? impl_->server->port() : 0; }

Task<void> House::Impl::shut_down(std::string reason, std::int64_t drain_ms,
                                  std::optional<std::int64_t> restart_expected_ms) {
  constexpr std::int64_t kCloseMs = 5'000;
  server->stop_accepting();
  // A turn that still waits for its key has not begun to answer.
  for (const auto& opener : openers)
    if (const auto open = opener.lock()) open->give_up();
  co_await dispatcher.drain(drain_ms);
  co_await gateway->shutdown(reason, restart_expected_ms);
  co_await server->shut_down(1012, "service restart", kCloseMs);
  co_await ledger.flush();
  kLog.info("stopped", {{"reason", reason}});
  loop.stop();
}

void House::Impl::close(std::string reason, std::int64_t drain_ms,
                        std::optional<std::int64_t> restart_expected_ms) {
  if (std::exchange(closing, true)) return;
  kLog.info("stopping", {{"reason", reason}});
  draining.request(reason);
  work.spawn(shut_down(std::move(reason), drain_ms, restart_expected_ms));
}

void House::begin_shutdown(std::string reason, std::int64_t drain_ms,
                           std::optional<std::int64_t> restart_expected_ms) {
  impl_->close(std::move(reason), drain_ms, restart_expected_ms);
}

Task<void> House::ended() {
  impl_->work.cancel();
  return impl_->work.join();
}

}  // namespace carapace::app
