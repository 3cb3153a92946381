// HTTP: where requests come from, routes, headers, the browser app, chat completions.
#include "gateway/gateway_fixture.h"
#include "gateway/web/origin.h"
#include "gateway/web/throttle.h"

namespace carapace::test {
namespace {

using net::Headers;

const Headers kBearer = {{"authorization", "Bearer right-token"}};

json::object body_of(const net::ServerResponse& response) {
  const auto parsed = parse_json(response.body);
  EXPECT_TRUE(parsed && parsed->is_object()) << response.body;
  return parsed && parsed->is_object() ? parsed->as_object() : json::object{};
}
std::string header(const net::ServerResponse& response, std::string_view name) {
  return std::string(net::find_header(response.headers, name).value_or("(none)"));
}

class HttpTest : public GatewayTest {
 protected:
  HttpTest() { settings_.assets = kAssets; }
  net::ServerResponse get(std::string path, Headers headers = {}) {
    return http(request("GET", std::move(path), std::move(headers)));
  }
  net::ServerRequest completion(json::object body, Headers headers = kBearer) {
    return request("POST", "/v1/chat/completions", std::move(headers), dump_json(body));
  }
  static json::object asking(std::string_view text) {
    return {{"model", "carapace"}, {"messages", {{{"role", "user"}, {"content", text}}}}};
  }
  // Starts the call, lets the test play the run, and answers what came.
  template <typename Play>
  net::ServerResponse complete(net::ServerRequest asked, Play play) {
    gateway();
    FakeResponder responder;
    const auto before = door_.inbounds.size();
    work_.spawn(handler_.http(std::move(asked), responder));
    while (door_.inbounds.size() == before) settle();
    while (door_.live.empty()) settle();
    play(door_.inbounds.back().run);
    this->run(work_.join());
    streamed_ = responder.streamed;
    return responder.whole;
  }
  void says(const RunId& id, std::string whole, std::string delta) {
    publish(id, "k", RunText{std::move(whole), std::move(delta)});
    settle();
  }
  void ends(const RunId& id, RunEnded ended, dispatch::Outcome outcome = {}) {
    outcome.usage = ended.usage;
    outcome.text = ended.text;
    outcome.error = ended.error;
    outcome.stop_reason = ended.stop_reason;
    publish(id, "k", std::move(ended));
    end(id, std::move(outcome));
  }
  // Contents of the `data:` lines.
  static std::vector<std::string> chunks(const std::string& body) {
    std::vector<std::string> out;
    for (std::size_t at = 0; (at = body.find("data: ", at)) != std::string::npos; at += 6)
      out.push_back(body.substr(at + 6, body.find("\n\n", at) - at - 6));
    return out;
  }
  bool streamed_ = false;

  static constexpr gateway::Asset kAssets[] = {
      {"index.html", "<html>app</html>", "text/html; charset=utf-8", "e1", false},
      {"assets/app-1a2b.js", "js", "text/javascript", "e2", true},
      {"icon.svg", "<svg/>", "image/svg+xml", "", false},
  };
};

TEST_F(HttpTest, every_answer_carries_the_security_headers) {
  for (const auto& response :
       {get("/health"), get("/"), get("/nope.js"), get("/v1/models"), http(request("POST", "/")),
        get("/health", {{"host", "evil.example"}}), http(request("POST", "/x", {{"origin", "http://evil.example"}}))}) {
    for (const auto* name : {"content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy",
                             "x-xss-protection", "permissions-policy"})
      EXPECT_NE(header(response, name), "(none)") << response.status << " " << name;
    EXPECT_EQ(header(response, "strict-transport-security"), "(none)");
  }
}

TEST_F(HttpTest, health_live_and_ready) {
  const auto live = get("/health");
  EXPECT_EQ(live.status, 200);
  EXPECT_EQ(body_of(live).at("status"), "ok");
  EXPECT_EQ(body_of(live).at("version"), "1.2.3");
  EXPECT_EQ(get("/health/live").status, 200);
  EXPECT_EQ(get("/health/ready").status, 200);
  EXPECT_EQ(get("/ready").status, 200);
  router_.broken = true;
  const auto not_ready = get("/health/ready");
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(header(not_ready, "retry-after"), "5");
  EXPECT_EQ(body_of(not_ready).at("checks").at("model"), "failed");
  EXPECT_EQ(http(request("POST", "/health")).status, 405);
  EXPECT_EQ(header(http(request("POST", "/health")), "allow"), "GET, HEAD");
}

TEST_F(HttpTest, an_unwritable_state_folder_is_not_ready) {
  settings_.state_dir = dir_ / "not/there";
  EXPECT_EQ(body_of(get("/health/ready")).at("checks").at("disk"), "failed");
}

// DNS rebinding (attack A4).
TEST_F(HttpTest, hosts) {
  for (const auto* host : {"localhost", "localhost:18789", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]:18789"})
    EXPECT_EQ(get("/health", {{"host", host}}).status, 200) << host;
  for (const auto* host : {"attacker.example", "localhost.evil", "127.0.0.1.evil", "localhost:18789.evil", "localhost.",
                           "127.0.0.1@evil", "[::1", "", "localhost:", "localhost:99999x", "192.0.2.1", "x.ts.net"})
    EXPECT_EQ(get("/health", {{"host", host}}).status, 421) << host;
  EXPECT_EQ(get("/health", {{"host", "localhost"}, {"host", "evil.example"}}).status, 421);
  EXPECT_EQ(get("/", {{"host", "attacker.example"}}).status, 421);
}

TEST_F(HttpTest, a_bind_elsewhere_answers_to_any_name) {
  settings_.loopback_only = false;
  EXPECT_EQ(get("/health", {{"host", "box.lan:18789"}}).status, 200);
}

// Cross-site WebSockets and forms (attacks A2, A3).
TEST_F(HttpTest, origins) {
  settings_.allowed_origins = {"https://panel.example"};
  gateway();
  struct Row {
    const char* origin;
    bool fine;
  };
  const Row rows[] = {
      {"http://127.0.0.1:18789", true},  {"HTTP://127.0.0.1:18789", true},   {"https://panel.example", true},
      {"null", false},                   {"http://evil.example", false},     {"http://127.0.0.1.evil", false},
      {"http://127.0.0.1", false},       {"http://127.0.0.1:3000", false},   {"https://127.0.0.1:18789", false},
      {"http://localhost:18789", false}, {"http://localhost:18789.evil", false}, {"https://panel.example.evil", false},
      {"https://panel.example:444", false}, {"", false},                    {"http://127.0.0.1:18789/", false},
      {"http://127.0.0.\xd0\xb1:18789", false},
  };
  for (const auto& row : rows) {
    const auto upgrade = request("GET", "/", {{"origin", row.origin}});
    const auto refusal = handler_.refuse_upgrade(upgrade);
    EXPECT_EQ(!refusal, row.fine) << row.origin;
    if (refusal) {
      EXPECT_EQ(refusal->status, 403);
    }
    const auto post = http(completion({}, {{"origin", row.origin}, kBearer[0]}));
    EXPECT_EQ(post.status == 403, !row.fine) << row.origin;
  }
  EXPECT_FALSE(handler_.refuse_upgrade(request("GET", "/")));  // no browser
  EXPECT_EQ(handler_.refuse_upgrade(request("GET", "/", {{"host", "evil.example"}}))->status, 421);
  EXPECT_EQ(handler_.refuse_upgrade(request("GET", "/", {{"origin", "http://127.0.0.1:18789"}, {"origin", "x"}}))->status, 403);
}

TEST_F(HttpTest, cross_site_requests_change_nothing) {
  for (const auto* path : {"/v1/chat/completions", "/", "/health", "/anything"})
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      auto asked = request(method, path, {{"sec-fetch-site", "cross-site"}, kBearer[0]}, dump_json(asking("x")));
      EXPECT_EQ(http(std::move(asked)).status, 403) << method << path;
    }
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST(LocalDirect, proxies_and_foreign_names_are_not_local) {
  net::ServerRequest request;
  request.peer = {"127.0.0.1", 1, true};
  request.headers = {{"host", "localhost:1"}};
  EXPECT_TRUE(gateway::local_direct(request));
  for (const auto* name : {"x-forwarded-for", "x-real-ip", "x-forwarded-host", "x-forwarded-proto", "forwarded",
                           "tailscale-user-login"}) {
    auto through = request;
    through.headers.push_back({name, "127.0.0.1"});
    EXPECT_FALSE(gateway::local_direct(through)) << name;
  }
  auto foreign = request;
  foreign.headers = {{"host", "evil.com"}};
  EXPECT_FALSE(gateway::local_direct(foreign));
  foreign.headers = {{"host", "box.tail1.ts.net"}};
  EXPECT_TRUE(gateway::local_direct(foreign));
  auto far = request;
  far.peer.loopback = false;
  EXPECT_FALSE(gateway::local_direct(far));
}

TEST_F(HttpTest, the_browser_app) {
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<html>app</html>");
  EXPECT_EQ(header(page, "cache-control"), "no-cache");
  const auto policy = header(page, "content-security-policy");
  EXPECT_NE(policy.find("script-src 'self';"), std::string::npos);
  EXPECT_NE(policy.find("connect-src 'self' ws://127.0.0.1:18789 wss://127.0.0.1:18789;"), std::string::npos);
  const auto script = get("/assets/app-1a2b.js");
  EXPECT_EQ(script.body, "js");
  EXPECT_EQ(header(script, "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(get("/chat/assets/app-1a2b.js").body, "js");
  EXPECT_EQ(get("/some/route").body, page.body);
  EXPECT_EQ(get("/icon.svg").status, 200);
  EXPECT_EQ(get("/", {{"if-none-match", "\"e1\""}}).status, 304);
  EXPECT_EQ(http(request("POST", "/")).status, 405);
  EXPECT_EQ(http(request("DELETE", "/some/route")).status, 405);
}

TEST_F(HttpTest, no_path_leaves_the_table) {
  for (const auto* path : {"/missing.js", "/assets/other.js", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                           "/..%2f..%2f", "/a\\b", "/a%5c..%5cb", "/%00", "/index.html%00", "/%zz", "/%", "/v1", "/v1/nope",
                           "/health/nope", "/metrics", "/control/status", "/hooks/x", "/tools/invoke"})
    EXPECT_EQ(get(path).status, 404) << path;
  for (const auto* path : {"/%252e%252e/", "//etc/passwd", "/etc/passwd"}) {
    const auto response = get(path);
    EXPECT_TRUE(response.status == 404 || response.body == "<html>app</html>") << path;
  }
}

TEST_F(HttpTest, the_browser_app_below_a_base_path) {
  settings_.base_path = "/ui/";
  EXPECT_EQ(get("/ui").status, 302);
  EXPECT_EQ(header(get("/ui?a=1"), "location"), "/ui/?a=1");
  EXPECT_EQ(get("/ui/").body, "<html>app</html>");
  EXPECT_EQ(get("/ui/assets/app-1a2b.js").body, "js");
  EXPECT_EQ(get("/ui/some/route").body, "<html>app</html>");
  for (const auto* path : {"/", "/uix", "/other", "/ui/../x", "/ui/missing.js"}) EXPECT_EQ(get(path).status, 404) << path;
}

TEST_F(HttpTest, without_the_app) {
  settings_.browser_app = false;
  EXPECT_EQ(get("/").status, 404);
}

TEST_F(HttpTest, the_credential_is_asked_for_after_the_verb) {
  EXPECT_EQ(http(completion(asking("x"), {})).status, 401);
  EXPECT_EQ(dump_json(body_of(http(completion(asking("x"), {})))),
            R"({"error":{"message":"Unauthorized","type":"unauthorized"}})");
  for (const auto* value : {"Bearer nope", "Bearer ", "Basic right-token", "right-token", "Bearer Right-token"})
    EXPECT_EQ(http(completion(asking("x"), {{"authorization", value}})).status, 401) << value;
  const auto verb = get("/v1/chat/completions", kBearer);
  EXPECT_EQ(verb.status, 405);
  EXPECT_EQ(header(verb, "allow"), "POST");
  EXPECT_EQ(http(request("OPTIONS", "/v1/chat/completions")).status, 405);
  EXPECT_EQ(get("/v1/models").status, 401);
}

TEST_F(HttpTest, guessing_is_slowed_and_the_right_credential_still_works) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(http(completion({}, {{"authorization", "Bearer guess"}})).status, 401);
  const auto slowed = http(completion({}, {{"authorization", "Bearer guess"}}));
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(header(slowed, "retry-after"), "61");
  EXPECT_EQ(get("/v1/models", kBearer).status, 200);
  auto other = completion({}, {{"authorization", "Bearer guess"}});
  other.peer = {"192.0.2.7", 1, false};
  EXPECT_EQ(http(std::move(other)).status, 401);
}

TEST(ThrottleKey, an_ipv6_network_is_one_address) {
  EXPECT_EQ(gateway::throttle_key("2001:db8::1"), gateway::throttle_key("2001:db8::ffff:1"));
  EXPECT_NE(gateway::throttle_key("2001:db8::1"), gateway::throttle_key("2001:db8:0:1::1"));
  EXPECT_NE(gateway::throttle_key("192.0.2.1"), gateway::throttle_key("192.0.2.2"));
}

TEST_F(HttpTest, models) {
  const auto list = body_of(get("/v1/models", kBearer));
  EXPECT_EQ(list.at("object"), "list");
  EXPECT_EQ(list.at("data").at(0).at("id"), "carapace");
  EXPECT_EQ(list.at("data").at(2).at("id"), "fake/large");
  EXPECT_EQ(body_of(get("/v1/models/fake/large", kBearer)).at("owned_by"), "fake");
  EXPECT_EQ(body_of(get("/v1/models/fake%2Flarge", kBearer)).at("id"), "fake/large");
  const auto none = get("/v1/models/gpt-x", kBearer);
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(body_of(none).at("error").at("code"), "model_not_found");
}

TEST_F(HttpTest, completions_can_be_off) {
  settings_.chat_completions = false;
  EXPECT_EQ(http(completion(asking("x"))).status, 405);  // only the app's GET is left
  EXPECT_EQ(get("/v1/models", kBearer).status, 404);
}

TEST_F(HttpTest, completions_refuse_what_they_cannot_read) {
  const auto message = [this](std::string text) {
    return string_or(body_of(http(request("POST", "/v1/chat/completions", kBearer, std::move(text)))).at("error").as_object(),
                     "message", "");
  };
  EXPECT_EQ(message(""), "Missing user message in `messages`.");
  EXPECT_EQ(message("{}"), "Missing user message in `messages`.");
  EXPECT_EQ(message(R"({"messages":[{"role":"assistant","content":"x"}]})"), "Missing user message in `messages`.");
  EXPECT_EQ(message("[1]"), "the body must be a JSON object");
  EXPECT_TRUE(message("{nope").starts_with("not valid JSON"));
  EXPECT_EQ(http(request("POST", "/v1/chat/completions", kBearer, std::string(5UL << 20U, 'x'))).status, 413);
  EXPECT_EQ(http(completion({{"model", "carapace:ghost"}, {"messages", {{{"role", "user"}, {"content", "x"}}}}})).status, 404);
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
  EXPECT_EQ(dump_json(body.at("choices")),
            R"([{"index":0,"message":{"role":"assistant","content":"Let me check.\n\nIt is so."},"finish_reason":"stop"}])");
  EXPECT_EQ(dump_json(body.at("usage")), R"({"prompt_tokens":13,"completion_tokens":5,"total_tokens":18})");
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
  EXPECT_NE(all[0].find(R"("choices":[{"index":0,"delta":{"role":"assistant"}}])"), std::string::npos);
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
  for (const bool stream : {false, true}) {  // before the first word both are an answer with a status
    auto ask = asking("hello");
    ask["stream"] = stream;
    const auto response = complete(completion(ask), [&](const RunId& id) { ends(id, failed, outcome); });
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(header(response, "x-should-retry"), "false");
    EXPECT_EQ(dump_json(body_of(response)),
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
  EXPECT_EQ(all[3], R"({"error":{"message":"The model service could not be reached.","type":"api_error"}})");
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

TEST_F(HttpTest, sessions_agents_history_and_models) {
  settings_.agents = {{AgentId("main"), ""}, {AgentId("beta"), ""}};
  const auto submit = [this](json::object body, Headers headers = {}) {
    headers.push_back(kBearer[0]);
    door_.live.clear();
    complete(completion(std::move(body), std::move(headers)), [this](const RunId& id) { ends(id, {}); });
    return door_.inbounds.back();
  };
  const json::array messages = {{{"role", "system"}, {"content", "be brief"}},
                                {{"role", "developer"}, {"content", "be kind"}},
                                {{"role", "user"}, {"content", "a"}},
                                {{"role", "assistant"}, {"content", "b"}},
                                {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "hello"}}, {{"type", "input_text"}, {"text", "there"}}}}}};
  auto inbound = submit({{"model", "clawdbot:beta"}, {"user", "u1"}, {"messages", messages}});
  EXPECT_EQ(inbound.session_key, "agent:beta:openai-user:u1");
  EXPECT_EQ(inbound.extra_system, "be brief\n\nbe kind");
  EXPECT_EQ(inbound.text, "[Earlier in this conversation]\nUser: a\nAssistant: b\n\n[Message to answer]\nhello\nthere");
  EXPECT_TRUE(inbound.model.empty());

  inbound = submit(asking("x"), {{"x-moltbot-agent-id", "beta"}, {"x-clawdbot-session-key", "agent:beta:mine"}});
  EXPECT_EQ(inbound.session_key, "agent:beta:mine");
  inbound = submit({{"model", "agent:beta"}, {"messages", {{{"role", "tool"}, {"name", "t"}, {"content", "42"}}}}});
  EXPECT_TRUE(inbound.session_key.starts_with("agent:beta:openai:"));
  EXPECT_EQ(inbound.text, "Tool:t: 42");
  inbound = submit({{"model", "fake/large"}, {"messages", {{{"role", "user"}, {"content", "x"}}}}});
  EXPECT_EQ(inbound.model, "fake/large");
  inbound = submit({{"model", "gpt-4o"}, {"messages", {{{"role", "user"}, {"content", "x"}}}}});
  EXPECT_TRUE(inbound.model.empty());
}

}  // namespace
}  // namespace carapace::test
