// A gateway without sockets: the real face over a real store in a temporary folder, with fakes
// around it. Header only.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/coro.h"
#include "async/pool.h"
#include "async/task_group.h"
#include "base/json.h"
#include "dispatch/desk.h"
#include "dispatch/fanout.h"
#include "gateway/config_port.h"
#include "gateway/fakes.h"
#include "gateway/gateway.h"
#include "provider/router.h"
#include "store/approvals.h"
#include "store/engine.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::test {

constexpr std::string_view kToken = "right-token";

class GatewayTest : public LoopTest {
 protected:
  GatewayTest()
      : sessions_(*engine_),
        transcripts_(*engine_),
        runs_(*engine_),
        approvals_(*engine_),
        desk_(approvals_, clock_, random_),
        door_(runs_, clock_, random_),
        work_(loop_, {}) {
    settings_.auth.token = secret::Sealed(std::string(kToken));
    settings_.version = "1.2.3";
    settings_.self = {"box", "192.0.2.1", "linux 1", "Linux", "x86_64"};
    settings_.state_dir = dir_.path();
    settings_.log_file = dir_.path() + "/test.log";
    settings_.coalesce_ms = 20;
  }
  ~GatewayTest() override {
    if (gateway_) this->run(gateway_->shutdown("test over"));
    this->run(work_.join());
  }

  // Made at the first use, so that a test can change the settings.
  gateway::Gateway& gateway() {
    if (!gateway_) {
      gateway_ =
          gateway::make_gateway({loop_, pool_, clock_, random_, *engine_, sessions_, transcripts_,
                                 runs_, door_, fanout_, &desk_, router_, Stop(), config_port_},
                                settings_);
      handler_ = gateway_->handler();
    }
    return *gateway_;
  }

  static net::ServerRequest request(std::string method, std::string path, net::Headers headers = {},
                                    std::string body = {}) {
    net::ServerRequest out;
    out.method = std::move(method);
    out.target = out.path = std::move(path);
    if (const auto at = out.path.find('?'); at != std::string::npos) {
      out.query = out.path.substr(at + 1);
      out.path.resize(at);
    }
    out.headers = std::move(headers);
    if (!net::find_header(out.headers, "host")) out.headers.push_back({"host", "127.0.0.1:18789"});
    out.body = std::move(body);
    out.peer = {"127.0.0.1", 5555, true};
    return out;
  }
  net::ServerResponse http(net::ServerRequest asked) {
    gateway();
    FakeResponder responder;
    run(handler_.http(std::move(asked), responder));
    EXPECT_EQ(responder.answers, 1);
    return responder.whole;
  }

  // A WebSocket client that the server already serves.
  std::shared_ptr<FakeSocket> open(net::ServerRequest upgrade = request("GET", "/")) {
    gateway();
    auto socket = std::make_shared<FakeSocket>();
    work_.spawn(handler_.websocket(std::move(upgrade), socket));
    settle();
    return socket;
  }
  std::shared_ptr<FakeSocket> connected(json::array scopes = {"operator.admin"},
                                        std::string_view id = "cli", std::string_view mode = "cli",
                                        std::string_view role = "operator") {
    auto socket = open();
    const auto hello =
        call(*socket, "connect",
             {{"minProtocol", 3},
              {"maxProtocol", 3},
              {"client", {{"id", id}, {"version", "t"}, {"platform", "linux"}, {"mode", mode}}},
              {"role", role},
              {"scopes", std::move(scopes)},
              {"auth", {{"token", kToken}}}});
    EXPECT_TRUE(hello.at("ok").as_bool()) << dump_json(hello);
    wait_for(*socket, [&] { return !events(*socket, "health").empty(); });
    return socket;
  }
  void say(FakeSocket& socket, std::string text) {
    EXPECT_TRUE(socket.incoming.push(std::move(text)));
    settle();
  }
  // Sends a request and waits for its (first) answer.
  json::object call(FakeSocket& socket, std::string_view method, json::object params) {
    const auto id = "r" + std::to_string(++last_id_);
    say(socket, dump_json(json::object{
                    {"type", "req"}, {"id", id}, {"method", method}, {"params", params}}));
    wait_for(socket, [&] { return !responses(socket, id).empty() || socket.close_code != 0; });
    const auto all = responses(socket, id);
    return all.empty() ? json::object{} : all.front();
  }
  std::string last_id() const { return "r" + std::to_string(last_id_); }
  static std::string error_of(const json::object& response) {
    const auto* error = find_object(response, "error");
    return error ? string_or(*error, "message", "") : "";
  }

  static json::object parsed(const net::WebSocket::Frame& frame) {
    auto value = parse_json(*frame);
    EXPECT_TRUE(value) << *frame;
    return value ? value->as_object() : json::object{};
  }
  static std::vector<json::object> responses(const FakeSocket& socket, std::string_view id) {
    std::vector<json::object> out;
    for (const auto& frame : socket.frames)
      if (auto object = parsed(frame);
          string_or(object, "type", "") == "res" && string_or(object, "id", "") == id)
        out.push_back(std::move(object));
    return out;
  }
  static std::vector<json::object> events(const FakeSocket& socket, std::string_view name) {
    std::vector<json::object> out;
    for (const auto& frame : socket.frames)
      if (auto object = parsed(frame); string_or(object, "event", "") == name)
        out.push_back(std::move(object));
    return out;
  }

  // Lets everything that is ready run.
  void settle() {
    for (int i = 0; i < 20; ++i) run(yield_now());
  }
  // Between the look and the wait nothing else runs, so that no frame is missed.
  static Task<bool> until(FakeSocket* socket, std::function<bool()> done) {
    while (!done())
      if (!co_await socket->changed.wait_for(std::chrono::seconds(10))) co_return false;
    co_return true;
  }
  void wait_for(FakeSocket& socket, std::function<bool()> done) {
    EXPECT_TRUE(run(until(&socket, std::move(done)))) << "nothing came";
  }

  // The run as the agent would play it.
  void publish(const RunId& run_id, std::string key, decltype(RunEvent::what) what,
               bool verbose = false, PrincipalId principal = kOwner) {
    RunEvent event;
    event.run = run_id;
    event.session_key = std::move(key);
    event.principal = std::move(principal);
    event.verbose_tools = verbose;
    event.at_ms = clock_.wall_ms();
    event.what = std::move(what);
    fanout_.publish(std::move(event));
  }
  void end(const RunId& run_id, dispatch::Outcome outcome) {
    door_.outcomes[run_id] = std::move(outcome);
    door_.changed.notify_all();
    settle();
  }

  static std::unique_ptr<store::Engine> open_store(const TempDir& dir) {
    auto engine =
        store::open_engine({.path = dir / "test.db", .program_version = "test", .vfs = {}});
    EXPECT_TRUE(engine);
    return std::move(*engine);
  }

  TempDir dir_;
  Pool pool_{"test", 1};
  std::unique_ptr<store::Engine> engine_ = open_store(dir_);
  store::Sessions sessions_;
  store::Transcripts transcripts_;
  store::Runs runs_;
  store::Approvals approvals_;
  dispatch::Fanout fanout_;
  dispatch::Desk desk_;
  FakeDoor door_;
  FakeRouter router_;
  gateway::ConfigPort* config_port_ = nullptr;
  TaskGroup work_;
  gateway::Settings settings_;
  std::unique_ptr<gateway::Gateway> gateway_;
  net::ServerHandler handler_;

 private:
  int last_id_ = 0;
};

}  // namespace carapace::test
