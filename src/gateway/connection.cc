#include "gateway/connection.h"

#include <chrono>

#include "async/coro.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "dispatch/desk.h"
#include "gateway/approval_events.h"
#include "gateway/face.h"
#include "log/log.h"
#include "rpc/json_text.h"

namespace carapace::gateway {

namespace {

using rpc::ObjectText;

constexpr log::Log kLog{"gateway"};
constexpr std::size_t kMaxUnsentAnswers = 32UL << 20U;
constexpr std::size_t kLoggedReasonCharacters = 300;  // it may quote what a stranger sent

std::shared_ptr<const std::string> frame(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

}  // namespace

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Face& face, const net::ServerRequest& request, std::shared_ptr<net::WebSocket> socket);
  void open();                     // challenge, and the clock for the handshake
  void take(std::string message);  // one frame from the client
  void leave();                    // it is gone
  void close(std::uint16_t code, const std::string& reason) { socket_->close(code, reason); }

 private:
  void shake_hands(std::string_view message);
  void refuse(const rpc::RequestFrame& request, rpc::Refusal refusal);
  void welcome(const std::string& id, rpc::Caller caller);
  std::string hello() const;
  void catch_up();
  void serve(const rpc::RequestFrame& request);
  void respond(const std::string& id, const Reply& reply);
  static Task<void> expire(std::weak_ptr<Connection> weak, std::int64_t after_ms);
  static Task<void> tell_health(std::shared_ptr<Connection> self);
  static Task<void> run(std::shared_ptr<Connection> self, const MethodRow* row, Call call,
                        std::string id);
  static Task<void> end(std::shared_ptr<TaskGroup> group);

  Face& face_;
  std::shared_ptr<net::WebSocket> socket_;
  std::shared_ptr<TaskGroup> group_;
  std::shared_ptr<const Client> client_;  // null before the handshake
  std::string conn_id_, nonce_, address_;
  bool loopback_;
  bool local_;
  bool closed_ = false;
};

Connection::Connection(Face& face, const net::ServerRequest& request,
                       std::shared_ptr<net::WebSocket> socket)
    : face_(face),
      socket_(std::move(socket)),
      group_(std::make_shared<TaskGroup>(
          face.ports.loop,
          [](const std::exception_ptr&) { kLog.error("a request handler threw"); })),
      conn_id_(uuid_v4(face.ports.random)),
      nonce_(uuid_v4(face.ports.random)),
      address_(request.peer.address),
      loopback_(request.peer.loopback),
      local_(local_direct(request)) {
  face_.connections.insert(this);
}

void Connection::open() {
  const auto payload =
      ObjectText().text("nonce", nonce_).number("ts", face_.ports.clock.wall_ms()).take();
  socket_->send(frame(rpc::event_frame("connect.challenge", payload, std::nullopt, std::nullopt)));
  group_->spawn(expire(weak_from_this(), face_.settings.handshake_ms));
}

Task<void> Connection::expire(std::weak_ptr<Connection> weak, std::int64_t after_ms) {
  co_await sleep_for(std::chrono::milliseconds(after_ms));
  const auto self = weak.lock();
  if (!self || self->client_) co_return;
  kLog.info("closing a client that did not connect in time", {{"conn", self->conn_id_}});
  self->closed_ = true;
  self->socket_->close(1000, "");
}

void Connection::take(std::string message) {
  if (closed_) return;
  if (client_) {
    if (auto request = rpc::parse_request(message))
      return serve(*request);
    else if (!request.error().not_json)
      return socket_->send(frame(rpc::response_refused(request.error())));
    return kLog.debug("ignoring a frame that is not JSON", {{"conn", conn_id_}});
  }
  shake_hands(message);
}

void Connection::shake_hands(std::string_view message) {
  const auto request = rpc::parse_request(message);
  if (!request) {
    closed_ = true;
    if (request.error().not_json) return socket_->close(1000, "");
    return socket_->close(1008, "invalid request frame");
  }
  if (request->method != "connect") return refuse(*request, rpc::not_a_connect());
  const rpc::ConnectionFacts facts{local_, nonce_, face_.ports.clock.wall_ms()};
  auto caller = rpc::judge_connect(request->params.get(), facts, face_.settings.auth);
  if (!caller) return refuse(*request, std::move(caller.error()));
  if (!loopback_ && face_.throttle.over(address_, face_.ports.clock.steady_ms()))
    return refuse(*request, rpc::Refusal{.error = rpc::invalid_request("unauthorized"),
                                         .close_reason = {},
                                         .wrong_credential = true});
  welcome(request->id, std::move(*caller));
}

void Connection::refuse(const rpc::RequestFrame& request, rpc::Refusal refusal) {
  closed_ = true;
  if (refusal.wrong_credential) {
    if (const auto wait = face_.throttle.failed(address_, face_.ports.clock.steady_ms())) {
      refusal.error.message =
          fmt::format("unauthorized: too many failed attempts (retry in {} s)", *wait / 1000 + 1);
      refusal.error.details = fmt::format(R"({{"retryAfterMs":{}}})", *wait);
      refusal.close_reason = refusal.error.message;
    }
  }
  kLog.info("refused a client",
            {{"conn", conn_id_},
             {"address", address_},
             {"reason", ellipsize(refusal.error.message, kLoggedReasonCharacters)}});
  socket_->send(frame(rpc::response_failed(request.id, refusal.error)));
  socket_->close(refusal.close_code, std::move(refusal.close_reason));
}

void Connection::welcome(const std::string& id, rpc::Caller caller) {
  group_->cancel();  // the handshake's clock: nothing else runs yet
  Client client{conn_id_, std::move(caller), kOwner, local_, address_, {}, socket_};
  client.presence_key = presence_key(client);
  client_ = std::make_shared<const Client>(std::move(client));
  if (!client_->presence_key.empty()) {
    face_.presence.connected(*client_);
    ++face_.broadcast.versions().presence;
  }
  face_.broadcast.join(client_);
  socket_->send(frame(rpc::response_ok(id, hello())));
  catch_up();
}

std::string Connection::hello() const {
  const auto& settings = face_.settings;
  const auto& versions = face_.broadcast.versions();
  const auto health = face_.health.cached();
  const auto main_key = main_session_key(settings.default_agent).value;
  ObjectText server;
  server.text("version", settings.version)
      .text_unless_empty("commit", settings.commit)
      .text("host", settings.self.host)
      .text("connId", conn_id_);
  ObjectText snapshot;
  snapshot.raw("presence", face_.presence.entries_json())
      .raw("health", health ? std::string_view(*health) : "{}")
      .raw("stateVersion", ObjectText()
                               .number("presence", versions.presence)
                               .number("health", versions.health)
                               .take())
      .number("uptimeMs", face_.uptime_ms())
      .text_unless_empty("configPath", settings.config_path)
      .text_unless_empty("stateDir", settings.state_dir)
      .raw("sessionDefaults", ObjectText()
                                  .text("defaultAgentId", settings.default_agent.value)
                                  .text("mainKey", "main")
                                  .text("mainSessionKey", main_key)
                                  .text("scope", "per-sender")
                                  .take());
  return ObjectText()
      .text("type", "hello-ok")
      .number("protocol", rpc::kProtocol)
      .raw("server", server.take())
      .raw("features", face_.methods.features())
      .raw("snapshot", snapshot.take())
      .raw("policy", ObjectText()
                         .number("maxPayload", static_cast<std::int64_t>(rpc::kMaxFrameBytes))
                         .number("maxBufferedBytes", static_cast<std::int64_t>(kSlowConsumerBytes))
                         .number("tickIntervalMs", settings.tick_ms)
                         .take())
      .take();
}

// A newcomer gets at once what others got when it happened: health, and questions that still wait
// for a person.
void Connection::catch_up() {
  if (face_.health.fresh(face_.settings.coalesce_ms))
    face_.broadcast.send_to(*client_, "health", *face_.health.cached(), true);
  else
    group_->spawn(tell_health(shared_from_this()));
  if (!face_.ports.desk || !has_scope(*client_, "operator.approvals")) return;
  for (const auto& row : face_.ports.desk->open_questions())
    if (row.principal == client_->principal)
      face_.broadcast.send_to(*client_, "exec.approval.requested", approval_requested_json(row),
                              false);
}

Task<void> Connection::tell_health(std::shared_ptr<Connection> self) {
  auto& face = self->face_;
  const auto summary = co_await face.health.refresh();
  // When it was told to everybody, the newcomer was among them.
  if (summary && face.told_health < face.broadcast.versions().health)
    face.broadcast.send_to(*self->client_, "health", **summary, true);
}

void Connection::respond(const std::string& id, const Reply& reply) {
  if (socket_->backlog().bytes > kMaxUnsentAnswers) {
    kLog.warn("closing a client that reads no answers", {{"conn", conn_id_}});
    return socket_->close(1008, "slow consumer");
  }
  socket_->send(frame(reply.error ? rpc::response_failed(id, *reply.error, reply.payload)
                                  : rpc::response_ok(id, reply.payload)));
}

void Connection::serve(const rpc::RequestFrame& request) {
  const auto* row = face_.methods.find(request.method);
  if (auto no = authorize(client_->caller, row)) return respond(request.id, {{}, std::move(no)});
  if (!row) return respond(request.id, refused("unknown method: " + request.method));
  static const auto kNone = std::make_shared<const json::value>(json::object{});
  Call call{
      &face_, client_, request.params && !request.params->is_null() ? request.params : kNone, {}};
  if (const auto violations = rpc::check_params(row->params, call.params.get());
      !violations.empty())
    return respond(request.id,
                   refused(fmt::format("invalid {} params: {}", row->name, violations)));
  if (row->quick)
    if (const auto reply = row->quick(call)) return respond(request.id, *reply);
  if (!row->work) return respond(request.id, {{}, rpc::unavailable("internal")});
  if (group_->size() >= face_.settings.requests_in_flight)
    return respond(request.id,
                   {{}, rpc::unavailable("too many requests in flight on this connection")});
  call.first = [weak = weak_from_this(), id = request.id](const Reply& reply) {
    if (const auto self = weak.lock()) self->respond(id, reply);
  };
  group_->spawn(run(shared_from_this(), row, std::move(call), request.id));
}

Task<void> Connection::run(std::shared_ptr<Connection> self, const MethodRow* row, Call call,
                           std::string id) {
  // Whatever happens to the handler, its client gets an answer.
  struct Unanswered {
    Connection& connection;
    const std::string& id;
    bool pending = true;
    Unanswered(Connection& owner, const std::string& request) : connection(owner), id(request) {}
    ~Unanswered() {
      if (pending) connection.respond(id, {{}, rpc::unavailable("internal")});
    }
  } unanswered(*self, id);
  auto reply = co_await row->work(std::move(call));
  unanswered.pending = false;
  self->respond(id, reply);
}

Task<void> Connection::end(std::shared_ptr<TaskGroup> group) { co_await group->join(); }

void Connection::leave() {
  closed_ = true;
  face_.connections.erase(this);
  if (client_) {
    face_.broadcast.leave(conn_id_);
    if (!client_->presence_key.empty()) {
      face_.presence.disconnected(*client_);
      ++face_.broadcast.versions().presence;
      face_.presence_pacer.ask();
    }
  }
  group_->cancel();
  if (group_->size() > 0) face_.endings.spawn(end(group_));
  face_.connection_left.notify_all();
}

Task<void> serve_websocket(Face& face, net::ServerRequest request,
                           std::shared_ptr<net::WebSocket> socket) {
  const auto connection = std::make_shared<Connection>(face, request, socket);
  request = {};  // an idle client does not keep its headers
  // Also when the server cancels this task.
  struct Leaving {
    Connection& connection;
    explicit Leaving(Connection& owner) : connection(owner) {}
    ~Leaving() { connection.leave(); }
  } const leaving(*connection);
  connection->open();
  while (true) {
    auto message = co_await socket->receive();
    if (!message) co_return;
    connection->take(std::move(*message));
  }
}

void close_connection(Connection& connection, std::uint16_t code, const std::string& reason) {
  connection.close(code, reason);
}

}  // namespace carapace::gateway
