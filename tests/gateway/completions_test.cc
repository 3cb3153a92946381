// POST /v1/chat/completions: what is refused, what is asked of the door, what comes back whole and
// streamed.
#include "gateway/http_fixture.h"

namespace carapace::test {
namespace {

TEST_F(HttpTest, completions_refuse_what_they_cannot_read) {
  const auto message = [this](std::string text) {
    return string_or(
        body_of(http(request("POST", "/v1/chat/completions", kBearer, std::move(text))))
            .at("error")
            .as_object(),
        "message", "");
  };
  EXPECT_EQ(message(""), "Missing user message in `messages`.");
  EXPECT_EQ(message("{}"), "Missing user message in `messages`.");
  EXPECT_EQ(message(R"({"messages":[{"role":"assistant","content":"x"}]})"),
            "Missing user message in `messages`.");
  EXPECT_EQ(message("[1]"), "the body must be a JSON object");
  EXPECT_TRUE(message("{nope").starts_with("not valid JSON"));
  EXPECT_EQ(
      http(request("POST", "/v1/chat/completions", kBearer, std::string(5UL << 20U, 'x'))).status,
      413);
  EXPECT_EQ(http(completion({{"model", "carapace:ghost"},
                             {"messages", {{{"role", "user"}, {"content", "x"}}}}}))
                .status,
            404);
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST_F(HttpTest, a_whole_completion) {
  const auto response = complete(completion(asking("hello")), [this](const RunId& id) {
    publish(id, "k", RunStarted{});
    says(id, "Let me check.", "Let me check.");
    says(id, "It is", "It is");
    says(id, "It is so.", " so.");
    RunEnded ended;
    ended.text = "It is so.";
    ended.usage = {10, 5, 2, 1};
    ends(id, ended);
  });
  EXPECT_EQ(response.status, 200);
  const auto body = body_of(response);
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_TRUE(std::string(body.at("id").as_string()).starts_with("chatcmpl_"));
  EXPECT_EQ(body.at("model"), "carapace");
  EXPECT_EQ(
      dump_json(body.at("choices")),
      R"([{"index":0,"message":{"role":"assistant","content":"Let me check.\n\nIt is so."},"finish_reason":"stop"}])");
  EXPECT_EQ(dump_json(body.at("usage")),
            R"({"prompt_tokens":13,"completion_tokens":5,"total_tokens":18})");
  const auto& inbound = door_.inbounds.at(0);
  EXPECT_EQ(inbound.text, "hello");
  EXPECT_TRUE(inbound.session_key.starts_with("agent:main:openai:"));
}

TEST_F(HttpTest, a_streamed_completion) {
  auto ask = asking("hello");
  ask["stream"] = true;
  ask["stream_options"] = {{"include_usage", true}};
  const auto response = complete(completion(ask), [this](const RunId& id) {
    publish(id, "k", RunStarted{});
    says(id, "He", "He");
    says(id, "Hello", "llo");
    RunEnded ended;
    ended.text = "Hello";
    ended.stop_reason = "length";
    ends(id, ended);
  });
  EXPECT_TRUE(streamed_);
  EXPECT_EQ(header(response, "content-type"), "text/event-stream; charset=utf-8");
  const auto all = chunks(response.body);
  ASSERT_EQ(all.size(), 6U);
  EXPECT_NE(all[0].find(R"("choices":[{"index":0,"delta":{"role":"assistant"}}])"),
            std::string::npos);
  EXPECT_NE(all[1].find(R"("delta":{"content":"He"},"finish_reason":null)"), std::string::npos);
  EXPECT_NE(all[2].find(R"({"content":"llo"})"), std::string::npos);
  EXPECT_NE(all[3].find(R"("delta":{},"finish_reason":"length")"), std::string::npos);
  EXPECT_NE(all[4].find(R"("choices":[],"usage")"), std::string::npos);
  EXPECT_EQ(all[5], "[DONE]");
}

TEST_F(HttpTest, a_stream_without_deltas_sends_the_whole_text) {
  auto ask = asking("hello");
  ask["stream"] = true;
  const auto response = complete(completion(ask), [this](const RunId& id) {
    RunEnded ended;
    ended.text = "all at once";
    ends(id, ended);
  });
  EXPECT_NE(response.body.find("all at once"), std::string::npos);
}

TEST_F(HttpTest, failures_are_bodies_or_the_end_of_the_stream) {
  RunEnded failed;
  failed.outcome = RunEnded::Outcome::failed;
  failed.text = "Sorry: the model service could not be reached.";  // what the transcript keeps
  failed.error = "The model service could not be reached.";
  dispatch::Outcome outcome;
  outcome.state = store::RunState::failed;
  for (const bool stream :
       {false, true}) {  // before the first word both are an answer with a status
    auto ask = asking("hello");
    ask["stream"] = stream;
    const auto response =
        complete(completion(ask), [&](const RunId& id) { ends(id, failed, outcome); });
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(header(response, "x-should-retry"), "false");
    EXPECT_EQ(
        dump_json(body_of(response)),
        R"({"error":{"message":"The model service could not be reached.","type":"api_error"}})");
  }
  auto ask = asking("hello");
  ask["stream"] = true;
  const auto response = complete(completion(ask), [&](const RunId& id) {
    says(id, "Hel", "Hel");
    ends(id, failed, outcome);
  });
  const auto all = chunks(response.body);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_NE(all[2].find("Error: The model service could not be reached."), std::string::npos);
  EXPECT_NE(all[2].find(R"("finish_reason":"stop")"), std::string::npos);
  EXPECT_EQ(
      all[3],
      R"({"error":{"message":"The model service could not be reached.","type":"api_error"}})");
  EXPECT_EQ(all[4], "[DONE]");
}

TEST_F(HttpTest, a_door_that_refuses_gives_its_status) {
  door_.refuse = Error{Errc::rate_limited, "full", -1};
  EXPECT_EQ(http(completion(asking("x"))).status, 429);
  door_.refuse = Error{Errc::internal, "secret path", -1};
  const auto response = http(completion(asking("x")));
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("secret path"), std::string::npos);
}

TEST_F(HttpTest, a_compressed_body_is_refused) {
  EXPECT_EQ(http(completion(asking("x"), {kBearer[0], {"content-encoding", "gzip"}})).status, 415);
}

// Nobody would read the rest of an answer in a session that was made for one call.
TEST_F(HttpTest, a_call_ends_with_its_caller_unless_the_answer_is_kept) {
  struct Row {
    json::object more;
    Headers headers;
    bool ends;
  };
  const Row rows[] = {{{}, {}, true},
                      {{{"stream", true}}, {}, true},
                      {{{"user", "ada"}}, {}, false},
                      {{}, {{"x-carapace-session-key", "agent:main:mine"}}, false},
                      {{}, {{"idempotency-key", "k1"}}, false}};
  for (const auto& row : rows) {
    auto body = asking("hello");
    for (const auto& [name, value] : row.more) body[name] = value;
    auto headers = row.headers;
    headers.push_back(kBearer[0]);
    auto asked = completion(std::move(body), std::move(headers));
    const auto left = asked.left;
    door_.live.clear();
    complete(std::move(asked), [&](const RunId& id) {
      left.request("the client left");
      settle();
      EXPECT_EQ(door_.outcomes.contains(id), row.ends) << row.more.size() << row.headers.size();
      ends(id, {});
    });
  }
}

TEST_F(HttpTest, an_image_that_is_not_taken_is_named) {
  const auto text_of = [this](const std::string& url) {
    door_.live.clear();
    const json::array parts = {{{"type", "text"}, {"text", "what is this?"}},
                               {{"type", "image_url"}, {"image_url", {{"url", url}}}}};
    complete(completion({{"messages", {{{"role", "user"}, {"content", parts}}}}}),
             [this](const RunId& id) { ends(id, {}); });
    return door_.inbounds.back();
  };
  for (const auto* url : {"http://127.0.0.1/secret.png", "data:image/png;base64,!!", "data:,x"}) {
    const auto inbound = text_of(url);
    EXPECT_TRUE(inbound.images.empty());
    EXPECT_TRUE(inbound.text.starts_with("what is this?\n[1 image(s) left out")) << inbound.text;
  }
  const auto taken = text_of("data:image/png;base64,iVBORw0KGgo=");
  EXPECT_EQ(taken.images.size(), 1U);
  EXPECT_EQ(taken.text, "what is this?");
}

TEST_F(HttpTest, sessions_agents_history_and_models) {
  settings_.agents = {{AgentId("main"), ""}, {AgentId("beta"), ""}};
  const auto submit = [this](json::object body, Headers headers = {}) {
    headers.push_back(kBearer[0]);
    door_.live.clear();
    complete(completion(std::move(body), std::move(headers)),
             [this](const RunId& id) { ends(id, {}); });
    return door_.inbounds.back();
  };
  const json::array messages = {
      {{"role", "system"}, {"content", "be brief"}},
      {{"role", "developer"}, {"content", "be kind"}},
      {{"role", "user"}, {"content", "a"}},
      {{"role", "assistant"}, {"content", "b"}},
      {{"role", "user"},
       {"content",
        {{{"type", "text"}, {"text", "hello"}}, {{"type", "input_text"}, {"text", "there"}}}}}};
  auto inbound = submit({{"model", "clawdbot:beta"}, {"user", "u1"}, {"messages", messages}});
  EXPECT_EQ(inbound.session_key, "agent:beta:openai-user:u1");
  EXPECT_EQ(inbound.extra_system, "be brief\n\nbe kind");
  EXPECT_EQ(
      inbound.text,
      "[Earlier in this conversation]\nUser: a\nAssistant: b\n\n[Message to answer]\nhello\nthere");
  EXPECT_TRUE(inbound.model.empty());

  inbound = submit(asking("x"),
                   {{"x-moltbot-agent-id", "beta"}, {"x-clawdbot-session-key", "agent:beta:mine"}});
  EXPECT_EQ(inbound.session_key, "agent:beta:mine");
  inbound = submit({{"model", "agent:beta"},
                    {"messages", {{{"role", "tool"}, {"name", "t"}, {"content", "42"}}}}});
  EXPECT_TRUE(inbound.session_key.starts_with("agent:beta:openai:"));
  EXPECT_EQ(inbound.text, "Tool:t: 42");
  inbound = submit({{"model", "fake/large"}, {"messages", {{{"role", "user"}, {"content", "x"}}}}});
  EXPECT_EQ(inbound.model, "fake/large");
  inbound = submit({{"model", "gpt-4o"}, {"messages", {{{"role", "user"}, {"content", "x"}}}}});
  EXPECT_TRUE(inbound.model.empty());
}

}  // namespace
}  // namespace carapace::test
