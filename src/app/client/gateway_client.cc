#include "app/client/gateway_client.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/json.h"
#include "base/random.h"
#include "net/ws_client.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kConnectMs = 10'000;

struct Waiting {
  bool wait_final = false;
  std::optional<Result<json::value>> answer;
  Signal ready;
};

Error error_of(const json::object& frame) {
  const auto* error = find_object(frame, "error");
  if (!error) return {Errc::internal, "the gateway refused without saying why"};
  const auto message = string_or(*error, "message", "refused");
  const auto code = string_or(*error, "code", "");
  if (message.starts_with("unauthorized") || code == "NOT_PAIRED")
    return {Errc::unauthorized, message};
  return {code == "UNAVAILABLE" ? Errc::unavailable : Errc::invalid_request, message};
}

}  // namespace

struct GatewayClient::Impl {
  Impl(Loop& loop, std::unique_ptr<net::WsClient> socket)
      : group_(loop, nullptr), socket_(std::move(socket)) {}

  void start() { group_.spawn(read()); }

  Task<Status> sign_in(GatewayAddress address, std::string version) {
    json::object auth;
    if (!address.token.empty()) auth["token"] = address.token;
    if (!address.password.empty()) auth["password"] = address.password;
    SystemRandom random;
    auto hello =
        co_await call("connect",
                      {{"minProtocol", 3},
                       {"maxProtocol", 3},
                       {"client",
                        {{"id", "cli"},
                         {"displayName", "carapace"},
                         {"version", version},
                         {"platform", "linux"},
                         {"mode", "cli"},
                         {"instanceId", uuid_v4(random)}}},
                       {"caps", json::array()},
                       {"role", "operator"},
                       {"scopes", {"operator.admin", "operator.approvals", "operator.pairing"}},
                       {"auth", std::move(auth)}},
                      kConnectMs, false);
    if (!hello) co_return std::unexpected(hello.error());
    if (hello->is_object()) hello_ = hello->get_object();
    co_return Status{};
  }

  Task<Result<json::value>> call(std::string method, json::object params, std::int64_t limit_ms,
                                 bool wait_final) {
    if (!closed_.empty()) co_return fail(Errc::unavailable, closed_);
    const auto id = std::to_string(++last_id_);
    const auto waiting = std::make_shared<Waiting>();
    waiting->wait_final = wait_final;
    calls_[id] = waiting;
    json::object frame{
        {"type", "req"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
    auto text = dump_json(frame);
    if (const auto most = largest_frame(); text.size() > most) {
      calls_.erase(id);
      co_return fail(Errc::too_large,
                     "this is too long: {} bytes, and the gateway takes {} at once", text.size(),
                     most);
    }
    const auto sent = co_await socket_->send(std::move(text));
    if (sent) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
      while (!waiting->answer) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        if (left.count() <= 0 || !co_await waiting->ready.wait_for(left)) break;
      }
    }
    calls_.erase(id);
    if (!sent) co_return std::unexpected(sent.error());
    if (!waiting->answer)
      co_return fail(Errc::timeout, "the gateway did not answer {} within {} ms", method, limit_ms);
    co_return std::move(*waiting->answer);
  }

  // What the gateway said that it takes; it ends a connection that sends more.
  std::size_t largest_frame() const {
    const auto* policy = find_object(hello_, "policy");
    const auto most = policy ? find_int(*policy, "maxPayload").value_or(0) : 0;
    return most > 0 ? static_cast<std::size_t>(most) : net::kWsMaxMessage;
  }

  Task<void> close() {
    on_closed_ = nullptr;
    co_await socket_->close();
    group_.cancel();
    co_await group_.join();
  }

  Task<void> read() {
    for (;;) {
      auto text = co_await socket_->receive();
      if (!text) {
        end(text.error().detail);
        co_return;
      }
      const auto frame = parse_json(*text);
      if (frame && frame->is_object()) take(frame->get_object());
    }
  }

  void take(const json::object& frame) {
    const auto type = string_or(frame, "type", "");
    if (type == "event" && on_event_) {
      const auto* payload = find_object(frame, "payload");
      on_event_(string_or(frame, "event", ""), payload ? *payload : json::object());
    }
    if (type != "res") return;
    const auto found = calls_.find(string_or(frame, "id", ""));
    if (found == calls_.end()) return;
    const auto* payload = find(frame, "payload");
    const auto* object = payload ? payload->if_object() : nullptr;
    if (found->second->wait_final && object && string_or(*object, "status", "") == "accepted")
      return;
    if (find_bool(frame, "ok").value_or(false)) {
      found->second->answer.emplace(payload ? *payload : json::value());
    } else {
      found->second->answer.emplace(std::unexpected(error_of(frame)));
    }
    found->second->ready.notify_all();
  }

  void end(const std::string& why) {
    closed_ = why.empty() ? "the gateway closed the connection" : why;
    for (const auto& [id, waiting] : calls_) {
      waiting->answer.emplace(fail(Errc::unavailable, closed_));
      waiting->ready.notify_all();
    }
    if (on_closed_) on_closed_(closed_);
  }

  TaskGroup group_;
  std::unique_ptr<net::WsClient> socket_;
  std::map<std::string, std::shared_ptr<Waiting>> calls_;
  std::int64_t last_id_ = 0;
  std::string closed_;
  json::object hello_;
  OnEvent on_event_;
  std::function<void(const std::string&)> on_closed_;
};

GatewayClient::GatewayClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GatewayClient::~GatewayClient() = default;

Task<Result<json::value>> GatewayClient::call(std::string method, json::object params,
                                              std::int64_t limit_ms, bool wait_final) {
  return impl_->call(std::move(method), std::move(params), limit_ms, wait_final);
}
void GatewayClient::on_event(OnEvent handler) { impl_->on_event_ = std::move(handler); }
void GatewayClient::on_closed(std::function<void(const std::string&)> handler) {
  impl_->on_closed_ = std::move(handler);
}
const json::object& GatewayClient::hello() const { return impl_->hello_; }
Task<void> GatewayClient::close() { return impl_->close(); }

Task<Result<std::unique_ptr<GatewayClient>>> GatewayClient::connect(Loop& loop,
                                                                    GatewayAddress address,
                                                                    std::string version) {
  auto socket = co_await net::connect_websocket(loop, address.url, {}, kConnectMs);
  if (!socket)
    co_return fail(Errc::unavailable,
                   "no gateway answers at {} ({}). Start one with: carapace start", address.url,
                   socket.error().detail);
  std::unique_ptr<GatewayClient> client(
      new GatewayClient(std::make_unique<Impl>(loop, std::move(*socket))));
  client->impl_->start();
  if (const auto signed_in = co_await client->impl_->sign_in(address, std::move(version));
      !signed_in) {
    auto error = signed_in.error();
    co_await client->close();
    co_return std::unexpected(std::move(error));
  }
  co_return std::move(client);
}

}  // namespace carapace::app
