// A connection from challenge to close: handshake on the wire, authorization, requests side by
// side.
#include <algorithm>
#include <set>

#include "gateway/gateway_fixture.h"
#include "gateway/method_table.h"

namespace carapace::test {
namespace {

TEST_F(GatewayTest, the_challenge_comes_first_and_without_a_number) {
  const auto socket = open();
  ASSERT_EQ(socket->frames.size(), 1U);
  const auto frame = parsed(socket->frames[0]);
  EXPECT_EQ(frame.at("event"), "connect.challenge");
  EXPECT_FALSE(frame.contains("seq"));
  EXPECT_EQ(frame.at("payload").at("nonce").as_string().size(), 36U);
  EXPECT_TRUE(frame.at("payload").at("ts").is_int64());
}

TEST_F(GatewayTest, hello_ok_says_what_is_here) {
  const auto socket = open();
  const auto hello = call(*socket, "connect",
                          {{"minProtocol", 3},
                           {"maxProtocol", 3},
                           {"client",
                            {{"id", "webchat-ui"},
                             {"version", "t"},
                             {"platform", "web"},
                             {"mode", "webchat"},
                             {"instanceId", "Tab-1"}}},
                           {"auth", {{"token", kToken}}}});
  ASSERT_TRUE(hello.at("ok").as_bool());
  const auto& payload = hello.at("payload").as_object();
  EXPECT_EQ(payload.at("type"), "hello-ok");
  EXPECT_EQ(payload.at("protocol"), 3);
  EXPECT_FALSE(payload.contains("auth"));
  const auto& snapshot = payload.at("snapshot").as_object();
  for (const auto* name :
       {"presence", "health", "stateVersion", "uptimeMs", "stateDir", "sessionDefaults"})
    EXPECT_TRUE(snapshot.contains(name)) << name;
  EXPECT_EQ(snapshot.at("sessionDefaults").at("mainSessionKey"), "agent:main:main");
  EXPECT_EQ(dump_json(payload.at("policy")),
            R"({"maxPayload":524288,"maxBufferedBytes":1572864,"tickIntervalMs":30000})");
  const auto& presence = snapshot.at("presence").as_array();
  ASSERT_EQ(presence.size(), 2U);
  EXPECT_EQ(presence[0].at("mode"), "gateway");
  EXPECT_EQ(presence[1].at("text"), "Node: webchat-ui · mode webchat");
  EXPECT_EQ(presence[1].at("reason"), "connect");
  const auto& methods = payload.at("features").at("methods").as_array();
  EXPECT_NE(std::ranges::find(methods, json::value("chat.send")), methods.end());
  for (const auto* hidden : {"connect", "chat.inject", "sessions.resolve"})
    EXPECT_EQ(std::ranges::find(methods, json::value(hidden)), methods.end()) << hidden;
}

TEST_F(GatewayTest, a_client_gets_its_own_health_at_once_and_nobody_sees_a_gap) {
  const auto first = connected();
  const auto second = connected();
  const auto health = events(*second, "health");
  ASSERT_EQ(health.size(), 1U);
  EXPECT_TRUE(health[0].contains("seq"));
  EXPECT_TRUE(health[0].contains("stateVersion"));
  EXPECT_TRUE(health[0].at("payload").at("ok").as_bool());
  // Numbers of whatever was broadcast follow each other without holes.
  std::int64_t last = -1;
  for (const auto& frame : first->frames) {
    const auto object = parsed(frame);
    if (!object.contains("seq")) continue;
    const auto seq = object.at("seq").as_int64();
    if (last >= 0) {
      EXPECT_LE(seq, last + 1);
    }
    last = seq;
  }
}

struct Bad {
  std::string_view frame;
  int code;
  std::string_view reason;
  bool answered;
};

// The first client finds no fresh summary: the one that is made for it goes to everybody, itself
// among them.
TEST_F(GatewayTest, a_summary_that_everybody_gets_is_not_told_twice) {
  settings_.coalesce_ms = 0;
  const auto socket = connected();
  EXPECT_TRUE(call(*socket, "status", {}).at("ok").as_bool());
  std::set<std::int64_t> numbers;
  for (const auto& event : events(*socket, "health"))
    EXPECT_TRUE(numbers.insert(event.at("seq").as_int64()).second) << dump_json(event);
  EXPECT_FALSE(numbers.empty());
}

TEST_F(GatewayTest, bad_first_frames_close_as_recorded) {
  const Bad cases[] = {
      {"not json", 1000, "", false},
      {"[1,2]", 1008, "invalid request frame", false},
      {R"({"type":"event","event":"x"})", 1008, "invalid request frame", false},
      {R"({"type":"req","id":"","method":"connect"})", 1008, "invalid request frame", false},
      {R"({"type":"req","id":"1","method":"health","params":{}})", 1008,
       "invalid handshake: first request must be connect", true},
      {R"({"type":"req","id":"1","method":"connect"})", 1008,
       "invalid connect params: must be object", true},
  };
  for (const auto& one : cases) {
    const auto socket = open();
    say(*socket, std::string(one.frame));
    EXPECT_EQ(socket->close_code, one.code) << one.frame;
    EXPECT_EQ(socket->close_reason, one.reason) << one.frame;
    EXPECT_EQ(socket->frames.size(), one.answered ? 2U : 1U) << one.frame;
  }
}

// Nothing but connect is answered before connect (attack A5).
TEST_F(GatewayTest, no_method_works_before_connect) {
  const gateway::MethodTable table;
  for (const auto& [name, row] : table.rows()) {
    if (name == "connect") continue;
    const auto socket = open();
    const auto answer = call(*socket, name, {});
    EXPECT_EQ(error_of(answer), "invalid handshake: first request must be connect");
    EXPECT_EQ(socket->close_code, 1008);
  }
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST_F(GatewayTest, a_silent_client_is_closed) {
  settings_.handshake_ms = 20;
  const auto socket = open();
  wait_for(*socket, [&] { return socket->close_code != 0; });
  EXPECT_EQ(socket->close_code, 1000);
  EXPECT_EQ(socket->close_reason, "");
}

TEST_F(GatewayTest, a_connected_client_outlives_the_handshake_clock) {
  settings_.handshake_ms = 500;  // long enough for a busy machine to connect in
  const auto socket = connected();
  run(sleep_for(std::chrono::milliseconds(700)));
  EXPECT_EQ(socket->close_code, 0);
}

TEST_F(GatewayTest, guessing_is_slowed_and_the_right_token_still_works) {
  const auto guess = [this] {
    const auto socket = open();
    return error_of(
        call(*socket, "connect",
             {{"minProtocol", 3},
              {"maxProtocol", 3},
              {"client", {{"id", "cli"}, {"version", "t"}, {"platform", "x"}, {"mode", "cli"}}},
              {"auth", {{"token", "wrong"}}}}));
  };
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(guess().starts_with("unauthorized: gateway token mismatch")) << i;
  EXPECT_EQ(guess(), "unauthorized: too many failed attempts (retry in 61 s)");
  EXPECT_EQ(connected()->close_code, 0);
  clock_.advance(61'000);
  EXPECT_TRUE(guess().starts_with("unauthorized: gateway token mismatch"));
}

TEST_F(GatewayTest, a_guesser_from_elsewhere_is_not_believed_for_a_while) {
  const auto connect = [this](std::string_view token) {
    auto upgrade = request("GET", "/");
    upgrade.peer = {"192.0.2.7", 1, false};
    const auto socket = open(std::move(upgrade));
    return call(*socket, "connect",
                {{"minProtocol", 3},
                 {"maxProtocol", 3},
                 {"client", {{"id", "cli"}, {"version", "t"}, {"platform", "x"}, {"mode", "cli"}}},
                 {"auth", {{"token", token}}}});
  };
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(error_of(connect("wrong")).starts_with("unauthorized: gateway token mismatch"));
  EXPECT_EQ(error_of(connect(kToken)), "unauthorized: too many failed attempts (retry in 61 s)");
  EXPECT_EQ(connected()->close_code, 0);  // others are not touched
  clock_.advance(61'000);
  EXPECT_TRUE(connect(kToken).at("ok").as_bool());
}

TEST_F(GatewayTest, a_request_from_behind_a_proxy_is_not_local) {
  const auto socket = open(request("GET", "/", {{"x-forwarded-for", "127.0.0.1"}}));
  const auto hello =
      call(*socket, "connect",
           {{"minProtocol", 3},
            {"maxProtocol", 3},
            {"client", {{"id", "cli"}, {"version", "t"}, {"platform", "x"}, {"mode", "cli"}}},
            {"scopes", {"operator.admin"}},
            {"auth", {{"token", kToken}}}});
  ASSERT_TRUE(hello.at("ok").as_bool());
  EXPECT_EQ(error_of(call(*socket, "health", {})), "missing scope: operator.read");
}

TEST_F(GatewayTest, invalid_frames_after_connect_keep_the_socket) {
  const auto socket = connected();
  const auto before = socket->frames.size();
  say(*socket, "not json");
  EXPECT_EQ(socket->frames.size(), before);
  say(*socket, "{}");
  EXPECT_EQ(parsed(socket->frames.back()).at("id"), "invalid");
  say(*socket, R"({"type":"req","id":5,"method":"health"})");
  EXPECT_EQ(parsed(socket->frames.back()).at("id"), 5);
  EXPECT_EQ(error_of(call(*socket, "no.such.method", {})), "unknown method: no.such.method");
  EXPECT_EQ(error_of(call(*socket, "connect", {})), "connect is only valid as the first request");
  say(*socket, R"({"type":"req","id":"q8","method":"health","params":null})");
  EXPECT_TRUE(responses(*socket, "q8").front().at("ok").as_bool());
  say(*socket, R"({"type":"req","id":"q7","method":"health","params":[]})");
  EXPECT_TRUE(responses(*socket, "q7").front().at("ok").as_bool());
  say(*socket, R"({"type":"req","id":"q9","method":"sessions.list","params":"str"})");
  EXPECT_EQ(error_of(responses(*socket, "q9").front()),
            "invalid sessions.list params: must be object");
  EXPECT_EQ(socket->close_code, 0);
}

// The whole matrix: every method against every single scope and both roles.
TEST_F(GatewayTest, authorization_matrix) {
  const gateway::MethodTable table;
  const auto caller = [](std::string role, std::vector<std::string> scopes) {
    rpc::Caller out;
    out.role = std::move(role);
    out.scopes = std::move(scopes);
    return out;
  };
  for (const auto& [name, row] : table.rows()) {
    EXPECT_FALSE(authorize(caller("operator", {"operator.admin"}), row)) << name;
    EXPECT_EQ(authorize(caller("node", {"operator.admin"}), row)->message,
              "unauthorized role: node")
        << name;
    EXPECT_EQ(authorize(caller("ghost", {"operator.admin"}), row)->message,
              "unauthorized role: ghost")
        << name;
    EXPECT_TRUE(authorize(caller("operator", {}), row)) << name;
    const auto allowed = [&](const char* scope) {
      return !authorize(caller("operator", {scope}), row);
    };
    using gateway::Authority;
    EXPECT_EQ(allowed("operator.read"), row->authority == Authority::read) << name;
    EXPECT_EQ(allowed("operator.write"),
              row->authority == Authority::read || row->authority == Authority::write)
        << name;
    EXPECT_EQ(allowed("operator.approvals"), row->authority == Authority::approvals) << name;
    EXPECT_EQ(allowed("operator.pairing"), row->authority == Authority::pairing) << name;
    EXPECT_FALSE(allowed("operator.*")) << name;
  }
  EXPECT_EQ(gateway::authorize(caller("operator", {"operator.write"}), nullptr)->message,
            "missing scope: operator.admin");
  EXPECT_EQ(gateway::authorize(caller("node", {}), nullptr)->message, "unauthorized role: node");
  EXPECT_FALSE(gateway::authorize(caller("operator", {"operator.admin"}), nullptr));
}

// The authority of each method as the protocol lists it (§1.13), written down once more on purpose.
TEST_F(GatewayTest, authorities_are_those_of_the_protocol) {
  const gateway::MethodTable table;
  using gateway::Authority;
  const std::map<std::string_view, Authority> expected = {
      {"health", Authority::read},           {"status", Authority::read},
      {"logs.tail", Authority::read},        {"models.list", Authority::read},
      {"agents.list", Authority::read},      {"agent.identity.get", Authority::read},
      {"sessions.list", Authority::read},    {"sessions.preview", Authority::read},
      {"system-presence", Authority::read},  {"last-heartbeat", Authority::read},
      {"chat.history", Authority::read},     {"agent", Authority::write},
      {"agent.wait", Authority::write},      {"chat.send", Authority::write},
      {"chat.abort", Authority::write},      {"exec.approval.resolve", Authority::approvals},
      {"sessions.patch", Authority::admin},  {"sessions.reset", Authority::admin},
      {"sessions.delete", Authority::admin}, {"sessions.resolve", Authority::admin},
      {"chat.inject", Authority::admin},     {"connect", Authority::admin},
  };
  for (const auto& [name, authority] : expected) {
    const auto* row = table.find(name);
    ASSERT_TRUE(row) << name;
    EXPECT_EQ(row->authority, authority) << name;
  }
}

TEST_F(GatewayTest, requests_run_side_by_side_and_are_bounded) {
  settings_.requests_in_flight = 3;
  const auto socket = connected();
  for (int i = 0; i < 3; ++i)
    say(*socket, R"({"type":"req","id":"w)" + std::to_string(i) +
                     R"(","method":"agent.wait","params":{"runId":"x"}})");
  EXPECT_EQ(error_of(call(*socket, "agent.wait", {{"runId", "y"}})),
            "too many requests in flight on this connection");
  EXPECT_TRUE(
      call(*socket, "models.list", {}).at("ok").as_bool());  // what needs no waiting still answers
  EXPECT_TRUE(responses(*socket, "w0").empty());
}

TEST_F(GatewayTest, requests_of_a_client_that_left_end_with_it) {
  const auto socket = connected();
  say(*socket,
      R"({"type":"req","id":"w","method":"agent.wait","params":{"runId":"x","timeoutMs":86400000}})");
  socket->close(1000, "bye");
  settle();
  run(gateway().shutdown("end"));  // would never return with the handler still there
  gateway_.reset();
}

TEST_F(GatewayTest, a_client_that_reads_no_answers_is_closed) {
  const auto socket = connected();
  socket->unsent = 64UL << 20U;
  say(*socket, R"({"type":"req","id":"1","method":"models.list"})");
  EXPECT_EQ(socket->close_code, 1008);
  EXPECT_EQ(socket->close_reason, "slow consumer");
}

TEST_F(GatewayTest, shutdown_says_so_and_closes_with_1012) {
  const auto socket = connected();
  const auto stranger = open();
  run(gateway().shutdown("gateway stopping"));
  const auto goodbye = events(*socket, "shutdown");
  ASSERT_EQ(goodbye.size(), 1U);
  EXPECT_EQ(dump_json(goodbye[0].at("payload")),
            R"({"reason":"gateway stopping","restartExpectedMs":null})");
  EXPECT_EQ(socket->close_code, 1012);
  EXPECT_EQ(socket->close_reason, "service restart");
  EXPECT_EQ(stranger->close_code, 1012);
  gateway_.reset();
}

TEST_F(GatewayTest, ticks_come_while_somebody_listens) {
  settings_.tick_ms = 20;
  const auto socket = connected();
  gateway().start();
  wait_for(*socket, [&] { return !events(*socket, "tick").empty(); });
  EXPECT_TRUE(events(*socket, "tick").front().at("payload").at("ts").is_int64());
}

TEST_F(GatewayTest, presence_is_told_when_a_tracked_client_leaves) {
  const auto watcher = connected();
  const auto page = connected({"operator.admin"}, "webchat-ui", "webchat");
  page->close(1000, "");
  wait_for(*watcher, [&] { return !events(*watcher, "presence").empty(); });
  const auto event = events(*watcher, "presence").front();
  EXPECT_TRUE(event.contains("stateVersion"));
  EXPECT_EQ(event.at("payload").at("presence").as_array().at(1).at("reason"), "disconnect");
}

}  // namespace
}  // namespace carapace::test
