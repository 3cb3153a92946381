// Methods over a real store: validation order, texts, shapes.
#include "gateway/gateway_fixture.h"

namespace carapace::test {
namespace {

json::object ok(const json::object& response) {
  EXPECT_TRUE(response.contains("payload")) << dump_json(response);
  const auto* payload = find_object(response, "payload");
  return payload ? *payload : json::object{};
}

// The right parameters of chat.send; `more` is added or replaces.
json::object sending(std::string_view key, std::string_view message, json::object more = {}) {
  json::object out{{"sessionKey", "main"}, {"message", message}, {"idempotencyKey", key}};
  for (const auto& member : more) out[member.key()] = member.value();
  return out;
}

TEST_F(GatewayTest, chat_send_starts_is_in_flight_and_ends) {
  const auto socket = connected();
  EXPECT_EQ(dump_json(ok(call(*socket, "chat.send", sending("k1", "hi")))),
            R"({"runId":"k1","status":"started"})");
  EXPECT_EQ(dump_json(ok(call(*socket, "chat.send", sending("k1", "hi")))),
            R"({"runId":"k1","status":"in_flight"})");
  dispatch::Outcome outcome;
  outcome.text = "hello";
  end(RunId("k1"), outcome);
  EXPECT_EQ(dump_json(ok(call(*socket, "chat.send", sending("k1", "hi")))),
            R"({"runId":"k1","status":"ok"})");
  ASSERT_EQ(door_.inbounds.size(), 3U);
  const auto& inbound = door_.inbounds.front();
  EXPECT_EQ(inbound.channel, "webchat");
  EXPECT_EQ(inbound.session_key, "main");
  EXPECT_EQ(inbound.principal, kOwner);
  EXPECT_EQ(inbound.run, RunId("k1"));
}

TEST_F(GatewayTest, chat_send_validates_in_order) {
  const auto socket = connected();
  EXPECT_EQ(error_of(call(*socket, "chat.send", {})),
            "invalid chat.send params: must have required property 'sessionKey'; must have "
            "required property 'message'; "
            "must have required property 'idempotencyKey'");
  EXPECT_EQ(error_of(call(*socket, "chat.send", sending("k", "  "))),
            "message or attachment required");
  EXPECT_EQ(error_of(call(*socket, "chat.send",
                          sending("k", "", {{"attachments", {{{"fileName", "x"}}}}}))),
            "message or attachment required");
  EXPECT_EQ(
      error_of(call(
          *socket, "chat.send",
          sending("k", "look", {{"attachments", {{{"fileName", "x.png"}, {"content", "***"}}}}}))),
      "Error: attachment x.png: invalid base64 content");
  EXPECT_TRUE(door_.inbounds.empty());
  ok(call(*socket, "sessions.patch", {{"key", "main"}, {"sendPolicy", "deny"}}));
  EXPECT_EQ(error_of(call(*socket, "chat.send", sending("k", "/stop"))),
            "send blocked by session policy");
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST_F(GatewayTest, attachments_become_images) {
  const auto socket = connected();
  const std::string png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
      "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  ok(call(*socket, "chat.send",
          sending("k", "",
                  {{"attachments",
                    {{{"content", "data:image/jpeg;base64," + png}},
                     {{"content", "aGVsbG8="}},
                     {{"type", "x"}}}}})));
  ASSERT_EQ(door_.inbounds.size(), 1U);
  ASSERT_EQ(door_.inbounds[0].images.size(), 1U);  // what is no image is left out
  EXPECT_EQ(door_.inbounds[0].images[0].mime, "image/png");
  EXPECT_EQ(door_.inbounds[0].images[0].base64, png);
}

TEST_F(GatewayTest, stop_words_stop) {
  const auto socket = connected();
  for (const auto* word : {"/stop", " STOP ", "esc", "abort", "wait", "exit", "interrupt"}) {
    const auto key = "run-" + std::string(word);
    ok(call(*socket, "chat.send", sending(key, "go")));
    const auto stopped = ok(call(*socket, "chat.send", sending(key + "2", word)));
    EXPECT_TRUE(stopped.at("aborted").as_bool()) << word;
    EXPECT_EQ(stopped.at("runIds").as_array().at(0), json::value(json::string(key))) << word;
    EXPECT_FALSE(stopped.contains("runId"));
  }
  const auto submitted = door_.inbounds.size();
  ok(call(*socket, "chat.send", sending("other", "please stop")));
  EXPECT_EQ(door_.inbounds.size(), submitted + 1);
}

TEST_F(GatewayTest, a_door_that_refuses_is_heard) {
  const auto socket = connected();
  door_.refuse = Error{Errc::rate_limited, "this conversation is full", -1};
  const auto response = call(*socket, "chat.send", sending("k", "hi"));
  EXPECT_EQ(response.at("error").at("code"), "UNAVAILABLE");
  EXPECT_EQ(error_of(response), "this conversation is full");
  door_.refuse = Error{Errc::internal, "a path /home/x and a stack", -1};
  EXPECT_EQ(error_of(call(*socket, "chat.send", sending("k2", "hi"))), "internal");
}

TEST_F(GatewayTest, history_is_the_stored_text) {
  const auto socket = connected();
  EXPECT_EQ(dump_json(ok(call(*socket, "chat.history", {{"sessionKey", "main"}}))),
            R"({"sessionKey":"main","messages":[],"thinkingLevel":"off"})");
  ok(call(*socket, "chat.send", sending("k", "hi \xf0\x9f\x98\x80")));
  ok(call(*socket, "chat.inject", {{"sessionKey", "main"}, {"message", "note"}, {"label", "lbl"}}));
  const auto history = ok(call(*socket, "chat.history", {{"sessionKey", "main"}}));
  const auto& messages = history.at("messages").as_array();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].at("role"), "user");
  EXPECT_EQ(messages[1].at("content").at(0).at("text"), "[lbl]\n\nnote");
  EXPECT_EQ(messages[1].at("stopReason"), "injected");
  EXPECT_TRUE(history.contains("sessionId"));
  EXPECT_EQ(ok(call(*socket, "chat.history", {{"sessionKey", "main"}, {"limit", 1}}))
                .at("messages")
                .as_array()
                .size(),
            1U);
  EXPECT_EQ(error_of(call(*socket, "chat.history", {{"sessionKey", "main"}, {"limit", 1001}})),
            "invalid chat.history params: at /limit: must be <= 1000");
}

TEST_F(GatewayTest, inject_tells_everybody) {
  const auto socket = connected();
  EXPECT_EQ(error_of(call(*socket, "chat.inject", {{"sessionKey", "main"}, {"message", "x"}})),
            "session not found");
  ok(call(*socket, "sessions.patch", {{"key", "main"}, {"label", "L"}}));
  const auto injected =
      ok(call(*socket, "chat.inject", {{"sessionKey", "main"}, {"message", "x"}}));
  const auto chat = events(*socket, "chat");
  ASSERT_EQ(chat.size(), 1U);
  EXPECT_EQ(
      chat[0].at("payload").at("runId"),
      json::value(json::string("inject-" + std::string(injected.at("messageId").as_string()))));
  EXPECT_EQ(chat[0].at("payload").at("seq"), 0);
  EXPECT_EQ(chat[0].at("payload").at("state"), "final");
}

TEST_F(GatewayTest, abort_by_run_and_by_session) {
  const auto socket = connected();
  ok(call(*socket, "chat.send", sending("k", "hi")));
  EXPECT_EQ(error_of(call(*socket, "chat.abort", {{"sessionKey", "wrong"}, {"runId", "k"}})),
            "runId does not match sessionKey");
  const std::string nothing = R"({"ok":true,"aborted":false,"runIds":[]})";
  EXPECT_EQ(
      dump_json(ok(call(*socket, "chat.abort", {{"sessionKey", "main"}, {"runId", "unknown"}}))),
      nothing);
  EXPECT_EQ(dump_json(ok(call(*socket, "chat.abort", {{"sessionKey", "main"}, {"runId", "k"}}))),
            R"({"ok":true,"aborted":true,"runIds":["k"]})");
  EXPECT_EQ(dump_json(ok(call(*socket, "chat.abort", {{"sessionKey", "main"}}))), nothing);
}

TEST_F(GatewayTest, agent_answers_twice_with_one_id) {
  const auto socket = connected();
  const auto first = ok(call(*socket, "agent", {{"message", "hi"}, {"idempotencyKey", "a1"}}));
  const auto id = last_id();
  EXPECT_EQ(first.at("status"), "accepted");
  EXPECT_TRUE(first.at("acceptedAt").is_int64());
  EXPECT_EQ(door_.inbounds.at(0).session_key, "agent:main:main");
  dispatch::Outcome outcome;
  outcome.text = "Hello";
  outcome.model = "small";
  outcome.provider = "fake";
  end(RunId("a1"), outcome);
  wait_for(*socket, [&] { return responses(*socket, id).size() == 2; });
  const auto second = ok(responses(*socket, id)[1]);
  EXPECT_EQ(second.at("status"), "ok");
  EXPECT_EQ(second.at("summary"), "completed");
  EXPECT_EQ(dump_json(second.at("result").at("payloads")), R"([{"text":"Hello","mediaUrl":null}])");
  EXPECT_EQ(second.at("result").at("meta").at("agentMeta").at("model"), "small");
  EXPECT_EQ(ok(call(*socket, "agent", {{"message", "hi"}, {"idempotencyKey", "a1"}})).at("status"),
            "ok");
}

TEST_F(GatewayTest, a_failed_agent_run_is_an_error_with_a_payload) {
  const auto socket = connected();
  call(*socket, "agent", {{"message", "hi"}, {"idempotencyKey", "a1"}});
  const auto id = last_id();
  dispatch::Outcome outcome;
  outcome.state = store::RunState::failed;
  outcome.error = "The model took too long to answer.";
  end(RunId("a1"), outcome);
  wait_for(*socket, [&] { return responses(*socket, id).size() == 2; });
  const auto second = responses(*socket, id)[1];
  EXPECT_FALSE(second.at("ok").as_bool());
  EXPECT_EQ(second.at("error").at("code"), "UNAVAILABLE");
  EXPECT_EQ(second.at("payload").at("status"), "error");
  EXPECT_EQ(second.at("payload").at("summary"), "The model took too long to answer.");
}

TEST_F(GatewayTest, agent_refuses_what_does_not_fit) {
  const auto socket = connected();
  const auto refused = [&](json::object more) {
    json::object params{{"message", "hi"}, {"idempotencyKey", "k"}};
    for (const auto& member : more) params[member.key()] = member.value();
    return error_of(call(*socket, "agent", params));
  };
  EXPECT_EQ(refused({{"channel", "pigeon"}}), "invalid agent params: unknown channel: pigeon");
  EXPECT_EQ(refused({{"agentId", "ghost"}}), "invalid agent params: unknown agent id \"ghost\"");
  EXPECT_EQ(refused({{"agentId", "main"}, {"sessionKey", "agent:other:main"}}),
            "invalid agent params: agent \"main\" does not match session key agent \"other\"");
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST_F(GatewayTest, agent_wait) {
  const auto socket = connected();
  EXPECT_EQ(dump_json(ok(call(*socket, "agent.wait", {{"runId", "nope"}, {"timeoutMs", 0}}))),
            R"({"runId":"nope","status":"timeout"})");
  ok(call(*socket, "chat.send", sending("k", "hi")));
  EXPECT_EQ(ok(call(*socket, "agent.wait", {{"runId", "k"}, {"timeoutMs", 1}})).at("status"),
            "timeout");
  dispatch::Outcome outcome;
  outcome.started_ms = 5;
  outcome.ended_ms = 9;
  end(RunId("k"), outcome);
  EXPECT_EQ(dump_json(ok(call(*socket, "agent.wait", {{"runId", "k"}}))),
            R"({"runId":"k","status":"ok","startedAt":5,"endedAt":9})");
}

TEST_F(GatewayTest, sessions_can_be_found) {
  const auto socket = connected();
  ok(call(*socket, "chat.send", sending("k", "What is the tide today?")));
  ok(call(*socket, "sessions.patch", {{"key", "work"}, {"label", "My work"}}));
  const auto list = ok(call(*socket, "sessions.list",
                            {{"includeDerivedTitles", true}, {"includeLastMessage", true}}));
  EXPECT_EQ(list.at("path"), "(multiple)");
  EXPECT_EQ(list.at("count"), 2);
  EXPECT_EQ(list.at("defaults").at("model"), "small");
  EXPECT_EQ(ok(call(*socket, "sessions.list", {{"search", "WORK"}})).at("count"), 1);
  EXPECT_EQ(ok(call(*socket, "sessions.list", {{"label", "My work"}})).at("count"), 1);
  EXPECT_EQ(ok(call(*socket, "sessions.list", {{"limit", 1}})).at("count"), 1);
  EXPECT_EQ(ok(call(*socket, "sessions.list", {{"spawnedBy", "x"}})).at("count"), 0);

  EXPECT_EQ(ok(call(*socket, "sessions.resolve", {{"label", "My work"}})).at("key"),
            "agent:main:work");
  EXPECT_EQ(ok(call(*socket, "sessions.resolve", {{"key", "work"}})).at("key"), "agent:main:work");
  EXPECT_EQ(error_of(call(*socket, "sessions.resolve", {{"key", "nope"}})),
            "No session found: nope");
  EXPECT_EQ(error_of(call(*socket, "sessions.resolve", {})),
            "Either key, sessionId, or label is required");
  EXPECT_EQ(error_of(call(*socket, "sessions.resolve", {{"key", "a"}, {"label", "b"}})),
            "Provide either key, sessionId, or label (not multiple)");

  const auto preview =
      ok(call(*socket, "sessions.preview", {{"keys", {"main", "work", "nope"}}, {"maxChars", 20}}));
  const auto& previews = preview.at("previews").as_array();
  EXPECT_EQ(
      dump_json(previews.at(0)),
      R"({"key":"main","status":"ok","items":[{"role":"user","text":"What is the tide ..."}]})");
  EXPECT_EQ(previews.at(1).at("status"), "empty");
  EXPECT_EQ(dump_json(previews.at(2)), R"({"key":"nope","status":"missing","items":[]})");
  const auto blank = ok(call(*socket, "sessions.preview", {{"keys", {" ", " nope "}}}));
  EXPECT_EQ(dump_json(blank.at("previews")), R"([{"key":"nope","status":"missing","items":[]}])");
}

TEST_F(GatewayTest, sessions_patch_sets_clears_and_refuses) {
  const auto socket = connected();
  const auto patch = [&](json::object more) {
    more["key"] = "s";
    return call(*socket, "sessions.patch", more);
  };
  const auto set = ok(patch({{"label", "L"},
                             {"thinkingLevel", "ultra"},
                             {"verboseLevel", "full"},
                             {"reasoningLevel", "on"},
                             {"responseUsage", "on"},
                             {"model", "fake/large"}}));
  EXPECT_EQ(set.at("key"), "agent:main:s");
  const auto& entry = set.at("entry").as_object();
  EXPECT_EQ(entry.at("thinkingLevel"), "high");
  EXPECT_EQ(entry.at("verboseLevel"), "full");
  EXPECT_EQ(entry.at("responseUsage"), "tokens");
  EXPECT_EQ(entry.at("providerOverride"), "fake");
  EXPECT_EQ(entry.at("modelOverride"), "large");
  const auto cleared =
      ok(patch({{"label", nullptr}, {"thinkingLevel", "off"}, {"model", nullptr}}));
  for (const auto* name : {"label", "thinkingLevel", "modelOverride"})
    EXPECT_FALSE(cleared.at("entry").as_object().contains(name)) << name;

  EXPECT_EQ(error_of(patch({{"thinkingLevel", "bogus"}})),
            "invalid thinkingLevel (use off|minimal|low|medium|high)");
  EXPECT_EQ(error_of(patch({{"verboseLevel", "bogus"}})),
            "invalid verboseLevel (use \"on\"|\"off\")");
  EXPECT_EQ(error_of(patch({{"execHost", "bogus"}})),
            "invalid execHost (use \"sandbox\"|\"gateway\"|\"node\")");
  EXPECT_EQ(error_of(patch({{"model", " "}})), "invalid model: empty");
  EXPECT_EQ(error_of(patch({{"execNode", " "}})), "invalid execNode: empty");
  EXPECT_EQ(error_of(patch({{"spawnedBy", " "}})), "invalid spawnedBy: empty");
  EXPECT_EQ(error_of(patch({{"label", " "}})), "invalid label: empty");
  std::string faces;
  for (int i = 0; i < 33; ++i) faces += "\U0001F600";
  EXPECT_EQ(error_of(patch({{"label", faces}})), "invalid label: too long (max 64)");
  for (const auto* method : {"sessions.patch", "sessions.reset", "sessions.delete"})
    EXPECT_EQ(error_of(call(*socket, method, {{"key", " "}})), "key required") << method;
  EXPECT_EQ(error_of(patch({{"model", "nope/nope"}})), "model not allowed: nope/nope");
  EXPECT_EQ(error_of(patch({{"spawnedBy", "agent:main:main"}})),
            "spawnedBy is only supported for subagent:* sessions");
  ok(call(*socket, "sessions.patch", {{"key", "t"}, {"label", "taken"}}));
  EXPECT_EQ(error_of(patch({{"label", "taken"}})), "label already in use: taken");
}

TEST_F(GatewayTest, sessions_patch_keeps_what_programs_and_groups_will_read) {
  const auto socket = connected();
  const json::object settings = {{"elevatedLevel", "approve"},  {"execHost", " Node "},
                                 {"execSecurity", "allowlist"}, {"execAsk", "on-miss"},
                                 {"execNode", " n1 "},          {"groupActivation", "always"},
                                 {"verboseLevel", "true"},      {"reasoningLevel", "streaming"},
                                 {"sendPolicy", "allow"}};
  auto sent = settings;
  sent["key"] = "s";
  const auto entry = ok(call(*socket, "sessions.patch", sent)).at("entry").as_object();
  EXPECT_EQ(entry.at("elevatedLevel"), "ask");
  EXPECT_EQ(entry.at("execHost"), "node");
  EXPECT_EQ(entry.at("execSecurity"), "allowlist");
  EXPECT_EQ(entry.at("execAsk"), "on-miss");
  EXPECT_EQ(entry.at("execNode"), "n1");
  EXPECT_EQ(entry.at("groupActivation"), "always");
  EXPECT_EQ(entry.at("verboseLevel"), "on");
  EXPECT_EQ(entry.at("reasoningLevel"), "stream");
  const auto row =
      ok(call(*socket, "sessions.list", {{"search", "agent:main:s"}})).at("sessions").at(0);
  EXPECT_EQ(row.at("elevatedLevel"), "ask");
  EXPECT_FALSE(row.as_object().contains("execHost"));

  // What widens or narrows a program's rights does not outlive the conversation.
  const auto reset = ok(call(*socket, "sessions.reset", {{"key", "s"}})).at("entry").as_object();
  for (const auto* name : {"elevatedLevel", "execHost", "execNode", "groupActivation"})
    EXPECT_FALSE(reset.contains(name)) << name;
  EXPECT_EQ(reset.at("verboseLevel"), "on");

  ok(call(*socket, "sessions.patch", sent));
  json::object cleared = {{"key", "s"}};
  for (const auto& setting : settings) cleared[setting.key()] = nullptr;
  const auto empty = ok(call(*socket, "sessions.patch", cleared)).at("entry").as_object();
  for (const auto& setting : settings) EXPECT_FALSE(empty.contains(setting.key()));
}

TEST_F(GatewayTest, the_parent_of_a_subagent_is_set_once) {
  const auto socket = connected();
  const auto patch = [&](json::value parent) {
    return call(*socket, "sessions.patch",
                {{"key", "agent:main:subagent:x"}, {"spawnedBy", std::move(parent)}});
  };
  EXPECT_EQ(ok(patch("agent:main:main")).at("entry").at("spawnedBy"), "agent:main:main");
  ok(patch("agent:main:main"));
  EXPECT_EQ(error_of(patch("agent:main:other")), "spawnedBy cannot be changed once set");
  EXPECT_EQ(error_of(patch(nullptr)), "spawnedBy cannot be cleared once set");
  ok(call(*socket, "sessions.patch", {{"key", "y"}}));
  const auto children = ok(call(*socket, "sessions.list", {{"spawnedBy", "agent:main:main"}}));
  EXPECT_EQ(children.at("count"), 1);
}

TEST_F(GatewayTest, a_session_without_an_answer_shows_nothing_of_one) {
  const auto socket = connected();
  ok(call(*socket, "sessions.patch", {{"key", "new"}, {"label", "Plans"}}));
  const auto row = ok(call(*socket, "sessions.list", {})).at("sessions").at(0).as_object();
  EXPECT_EQ(row.at("displayName"), "Plans");
  EXPECT_EQ(row.at("totalTokens"), 0);
  for (const auto* name : {"systemSent", "abortedLastRun", "inputTokens", "modelProvider"})
    EXPECT_FALSE(row.contains(name)) << name;
}

TEST_F(GatewayTest, choosing_the_usual_model_chooses_none) {
  const auto socket = connected();
  ok(call(*socket, "sessions.patch", {{"key", "s"}, {"model", "fake/large"}}));
  const auto usual = ok(call(*socket, "sessions.patch", {{"key", "s"}, {"model", "fake/small"}}));
  EXPECT_FALSE(usual.at("entry").as_object().contains("modelOverride"));
}

TEST_F(GatewayTest, sessions_reset_and_delete) {
  const auto socket = connected();
  const auto made = ok(call(*socket, "sessions.patch", {{"key", "s"}, {"label", "L"}}));
  ok(call(*socket, "chat.send", sending("k", "hi", {{"sessionKey", "s"}})));
  const auto reset = ok(call(*socket, "sessions.reset", {{"key", "s"}}));
  EXPECT_NE(reset.at("entry").at("sessionId"), made.at("entry").at("sessionId"));
  EXPECT_EQ(reset.at("entry").at("label"), "L");
  EXPECT_EQ(reset.at("entry").at("totalTokens"), 0);
  EXPECT_EQ(door_.outcomes.at(RunId("k")).state,
            store::RunState::aborted);  // a reset stops what runs
  EXPECT_TRUE(
      ok(call(*socket, "chat.history", {{"sessionKey", "s"}})).at("messages").as_array().empty());

  EXPECT_EQ(error_of(call(*socket, "sessions.delete", {{"key", "main"}})),
            "Cannot delete the main session (agent:main:main).");
  EXPECT_TRUE(ok(call(*socket, "sessions.delete", {{"key", "s"}})).at("deleted").as_bool());
  EXPECT_EQ(dump_json(ok(call(*socket, "sessions.delete", {{"key", "s"}}))),
            R"({"ok":true,"key":"agent:main:s","deleted":false,"archived":[]})");
}

TEST_F(GatewayTest, another_persons_session_is_not_there) {
  Inbound theirs;
  theirs.channel = "webchat";
  theirs.principal = PrincipalId("somebody");
  theirs.session_key = "agent:main:theirs";
  theirs.text = "secret plan";
  theirs.run = RunId("t1");
  theirs.dedupe_id = "t1";
  ASSERT_TRUE(run(runs_.accept(theirs, SessionKey("agent:main:theirs"), SessionId("s1"), 1, true)));
  const auto socket = connected();
  EXPECT_EQ(ok(call(*socket, "sessions.list", {})).at("count"), 0);
  EXPECT_TRUE(ok(call(*socket, "chat.history", {{"sessionKey", "theirs"}}))
                  .at("messages")
                  .as_array()
                  .empty());
  EXPECT_EQ(error_of(call(*socket, "chat.inject", {{"sessionKey", "theirs"}, {"message", "x"}})),
            "session not found");
  EXPECT_EQ(error_of(call(*socket, "sessions.resolve", {{"key", "theirs"}})),
            "No session found: theirs");
  EXPECT_FALSE(ok(call(*socket, "chat.abort", {{"sessionKey", "theirs"}})).at("aborted").as_bool());
  EXPECT_EQ(ok(call(*socket, "agent.wait", {{"runId", "t1"}, {"timeoutMs", 0}})).at("status"),
            "timeout");
  EXPECT_FALSE(
      call(*socket, "sessions.patch", {{"key", "theirs"}, {"label", "mine"}}).at("ok").as_bool());
}

TEST_F(GatewayTest, small_lists) {
  const auto socket = connected();
  EXPECT_EQ(
      dump_json(ok(call(*socket, "models.list", {})).at("models").at(0)),
      R"({"id":"small","name":"small","provider":"fake","contextWindow":200000,"reasoning":false,"input":["text"]})");
  EXPECT_EQ(
      dump_json(ok(call(*socket, "agents.list", {}))),
      R"({"defaultId":"main","mainKey":"main","scope":"per-sender","agents":[{"id":"main"}]})");
  EXPECT_EQ(dump_json(ok(call(*socket, "agent.identity.get", {}))),
            R"({"agentId":"main","name":"Assistant","avatar":"A"})");
  EXPECT_TRUE(call(*socket, "last-heartbeat", {}).at("payload").is_null());
  EXPECT_EQ(call(*socket, "system-presence", {}).at("payload").at(0).at("mode"), "gateway");
  EXPECT_EQ(error_of(call(*socket, "models.list", {{"x", 1}})),
            "invalid models.list params: at root: unexpected property 'x'");
}

TEST_F(GatewayTest, health_and_status_have_the_ancestors_keys) {
  const auto socket = connected();
  const auto health = ok(call(*socket, "health", {{"probe", true}}));
  for (const auto* name : {"ok", "ts", "durationMs", "channels", "channelOrder", "channelLabels",
                           "heartbeatSeconds", "defaultAgentId", "agents", "sessions"})
    EXPECT_TRUE(health.contains(name)) << name;
  ok(call(*socket, "chat.send", sending("k", "hi")));
  const auto status = ok(call(*socket, "status", {{"__bogus", 1}}));
  for (const auto* name : {"heartbeat", "channelSummary", "queuedSystemEvents", "sessions"})
    EXPECT_TRUE(status.contains(name)) << name;
  const auto& recent = status.at("sessions").at("recent").as_array();
  ASSERT_EQ(recent.size(), 1U);
  EXPECT_EQ(recent[0].at("percentUsed"), 0);
  EXPECT_EQ(recent[0].at("model"), "small");
}

TEST_F(GatewayTest, logs_tail_reads_by_cursor) {
  write_text(settings_.log_file, "one\ntwo\nthree\n");
  const auto socket = connected();
  const auto all = ok(call(*socket, "logs.tail", {}));
  EXPECT_EQ(dump_json(all.at("lines")), R"(["one","two","three"])");
  EXPECT_EQ(all.at("cursor"), 14);
  EXPECT_EQ(dump_json(ok(call(*socket, "logs.tail", {{"limit", 1}})).at("lines")), R"(["three"])");
  const auto cut = ok(call(*socket, "logs.tail", {{"maxBytes", 8}}));
  EXPECT_EQ(dump_json(cut.at("lines")), R"(["three"])");
  EXPECT_TRUE(cut.at("truncated").as_bool());
  EXPECT_EQ(dump_json(ok(call(*socket, "logs.tail", {{"maxBytes", 6}})).at("lines")),
            R"(["three"])");  // at a line's start
  EXPECT_EQ(dump_json(ok(call(*socket, "logs.tail", {{"cursor", 8}})).at("lines")), R"(["three"])");
  EXPECT_TRUE(ok(call(*socket, "logs.tail", {{"cursor", 14}})).at("lines").as_array().empty());
  const auto reset = ok(call(*socket, "logs.tail", {{"cursor", 100}}));
  EXPECT_TRUE(reset.at("reset").as_bool());
  EXPECT_EQ(reset.at("lines").as_array().size(), 3U);
  std::filesystem::remove(settings_.log_file);
  EXPECT_EQ(ok(call(*socket, "logs.tail", {})).at("size"), 0);
}

}  // namespace
}  // namespace carapace::test
