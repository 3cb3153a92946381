// HTTP: where requests come from, routes, headers, the browser app.
#include "gateway/http_fixture.h"
#include "gateway/web/origin.h"
#include "gateway/web/throttle.h"

namespace carapace::test {
namespace {

TEST_F(HttpTest, every_answer_carries_the_security_headers) {
  for (const auto& response :
       {get("/health"), get("/"), get("/nope.js"), get("/v1/models"), http(request("POST", "/")),
        get("/health", {{"host", "evil.example"}}),
        http(request("POST", "/x", {{"origin", "http://evil.example"}}))}) {
    for (const auto* name : {"content-security-policy", "x-content-type-options", "x-frame-options",
                             "referrer-policy", "x-xss-protection", "permissions-policy"})
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
  for (const auto* host : {"localhost", "localhost:18789", "LOCALHOST:1", "127.0.0.1",
                           "127.0.0.1:8080", "[::1]:18789"})
    EXPECT_EQ(get("/health", {{"host", host}}).status, 200) << host;
  for (const auto* host : {"attacker.example", "localhost.evil", "127.0.0.1.evil",
                           "localhost:18789.evil", "localhost.", "127.0.0.1@evil", "[::1", "",
                           "localhost:", "localhost:99999x", "192.0.2.1", "x.ts.net"})
    EXPECT_EQ(get("/health", {{"host", host}}).status, 421) << host;
  EXPECT_EQ(get("/health", {{"host", "localhost"}, {"host", "evil.example"}}).status, 421);
  EXPECT_EQ(get("/", {{"host", "attacker.example"}}).status, 421);
}

TEST_F(HttpTest, the_port_of_a_host_is_ours_or_one_of_the_list) {
  settings_.allowed_origins = {"http://localhost:9000"};
  const auto status = [this](const char* host) {
    auto asked = request("GET", "/health", {{"host", host}});
    asked.local_port = 18789;
    return http(std::move(asked)).status;
  };
  for (const auto* host :
       {"localhost", "127.0.0.1:18789", "[::1]:18789", "[::1]", "localhost:9000"})
    EXPECT_EQ(status(host), 200) << host;
  for (const auto* host : {"localhost:18790", "127.0.0.1:80", "[::1]:1", "127.0.0.1:9000"})
    EXPECT_EQ(status(host), 421) << host;
  auto asked = request("GET", "/", {{"host", "localhost:1"}});
  asked.local_port = 18789;
  EXPECT_NE(http(std::move(asked)).body.find("http://127.0.0.1:18789/"), std::string::npos);
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
      {"http://127.0.0.1:18789", true},
      {"HTTP://127.0.0.1:18789", true},
      {"https://panel.example", true},
      {"null", false},
      {"http://evil.example", false},
      {"http://127.0.0.1.evil", false},
      {"http://127.0.0.1", false},
      {"http://127.0.0.1:3000", false},
      {"https://127.0.0.1:18789", false},
      {"http://localhost:18789", false},
      {"http://localhost:18789.evil", false},
      {"https://panel.example.evil", false},
      {"https://panel.example:444", false},
      {"", false},
      {"http://127.0.0.1:18789/", false},
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
  EXPECT_EQ(handler_
                .refuse_upgrade(
                    request("GET", "/", {{"origin", "http://127.0.0.1:18789"}, {"origin", "x"}}))
                ->status,
            403);
}

TEST_F(HttpTest, cross_site_requests_change_nothing) {
  for (const auto* path : {"/v1/chat/completions", "/", "/health", "/anything"})
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      auto asked = request(method, path, {{"sec-fetch-site", "cross-site"}, kBearer[0]},
                           dump_json(asking("x")));
      EXPECT_EQ(http(std::move(asked)).status, 403) << method << path;
    }
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST(LocalDirect, proxies_and_foreign_names_are_not_local) {
  net::ServerRequest request;
  request.peer = {"127.0.0.1", 1, true};
  request.headers = {{"host", "localhost:1"}};
  EXPECT_TRUE(gateway::local_direct(request));
  for (const auto* name : {"x-forwarded-for", "x-real-ip", "x-forwarded-host", "x-forwarded-proto",
                           "forwarded", "tailscale-user-login"}) {
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
  EXPECT_NE(policy.find("connect-src 'self' ws://127.0.0.1:18789 wss://127.0.0.1:18789;"),
            std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  EXPECT_EQ(policy.find("data:"), std::string::npos) << policy;
  EXPECT_NE(policy.find("frame-ancestors 'none';"), std::string::npos);
  EXPECT_NE(policy.find("require-trusted-types-for 'script';"), std::string::npos);
  EXPECT_EQ(header(page, "referrer-policy"), "no-referrer");
  EXPECT_EQ(header(page, "cross-origin-opener-policy"), "same-origin");
  EXPECT_EQ(header(page, "cross-origin-resource-policy"), "same-origin");
  const auto script = get("/assets/app-1a2b.js");
  EXPECT_EQ(script.body, "js");
  EXPECT_EQ(header(script, "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(get("/chat/assets/app-1a2b.js").body, "js");
  EXPECT_EQ(get("/some/route", {{"accept", "text/html,*/*;q=0.8"}}).body, page.body);
  EXPECT_EQ(get("/some/route").status, 404);  // a program has mistyped
  EXPECT_EQ(get("/healthz", {{"accept", "*/*"}}).status, 404);
  EXPECT_EQ(get("/icon.svg").status, 200);
  EXPECT_EQ(get("/", {{"if-none-match", "\"e1\""}}).status, 304);
  EXPECT_EQ(get("/", {{"if-none-match", "W/\"e0\", W/\"e1\""}}).status, 304);
  EXPECT_EQ(get("/", {{"if-none-match", "*"}}).status, 304);
  EXPECT_EQ(get("/", {{"if-none-match", "\"e2\""}}).status, 200);
  EXPECT_EQ(http(request("POST", "/")).status, 405);
  EXPECT_EQ(http(request("DELETE", "/some/route")).status, 405);
}

TEST_F(HttpTest, no_path_leaves_the_table) {
  for (const auto* path :
       {"/missing.js", "/assets/other.js", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f", "/a\\b", "/a%5c..%5cb", "/%00", "/index.html%00", "/%zz", "/%", "/v1",
        "/v1/nope", "/health/nope", "/metrics", "/control/status", "/hooks/x", "/tools/invoke"})
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
  for (const auto* path : {"/", "/uix", "/other", "/ui/../x", "/ui/missing.js"})
    EXPECT_EQ(get(path).status, 404) << path;
}

TEST_F(HttpTest, what_machines_ask_for_is_there_or_not) {
  for (const auto* path : {"/v1/responses", "/v1/embeddings", "/v1", "/tools/invoke", "/hooks/x"})
    for (const auto* method : {"GET", "POST", "DELETE"})
      EXPECT_EQ(http(request(method, path, kBearer)).status, 404) << method << path;
}

TEST_F(HttpTest, two_credentials_are_none) {
  EXPECT_EQ(get("/v1/models", {kBearer[0], kBearer[0]}).status, 401);
  EXPECT_EQ(get("/v1/models", {kBearer[0], {"authorization", "Bearer x"}}).status, 401);
}

// Attacks A28: what strangers send is not collected first.
TEST_F(HttpTest, a_body_is_judged_by_its_head) {
  gateway();
  const auto verdict = [this](Headers headers, std::string path = "/v1/chat/completions") {
    return handler_.judge_body(request("POST", std::move(path), std::move(headers)));
  };
  EXPECT_FALSE(verdict(kBearer).refusal);
  EXPECT_EQ(verdict(kBearer).max_bytes, 4UL << 20U);
  EXPECT_EQ(verdict({}).refusal->status, 401);
  EXPECT_EQ(header(*verdict({}).refusal, "x-content-type-options"), "nosniff");
  EXPECT_EQ(verdict(kBearer, "/nowhere").refusal->status, 405);
  EXPECT_EQ(verdict(kBearer, "/v1/nowhere").refusal->status, 404);
  EXPECT_EQ(verdict({kBearer[0], {"origin", "http://evil.example"}}).refusal->status, 403);
  EXPECT_EQ(verdict({kBearer[0], {"host", "evil.example"}}).refusal->status, 421);
}

TEST_F(HttpTest, without_the_app) {
  settings_.browser_app = false;
  EXPECT_EQ(get("/").status, 404);
}

TEST_F(HttpTest, the_credential_is_asked_for_after_the_verb) {
  EXPECT_EQ(http(completion(asking("x"), {})).status, 401);
  EXPECT_EQ(dump_json(body_of(http(completion(asking("x"), {})))),
            R"({"error":{"message":"Unauthorized","type":"unauthorized"}})");
  for (const auto* value :
       {"Bearer nope", "Bearer ", "Basic right-token", "right-token", "Bearer Right-token"})
    EXPECT_EQ(http(completion(asking("x"), {{"authorization", value}})).status, 401) << value;
  const auto verb = get("/v1/chat/completions", kBearer);
  EXPECT_EQ(verb.status, 405);
  EXPECT_EQ(header(verb, "allow"), "POST");
  EXPECT_EQ(http(request("OPTIONS", "/v1/chat/completions")).status, 405);
  EXPECT_EQ(get("/v1/models").status, 401);
}

TEST_F(HttpTest, guessing_is_slowed_and_the_right_credential_still_works) {
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(http(completion({}, {{"authorization", "Bearer guess"}})).status, 401);
  const auto slowed = http(completion({}, {{"authorization", "Bearer guess"}}));
  EXPECT_EQ(slowed.status, 429);
  EXPECT_EQ(header(slowed, "retry-after"), "61");
  EXPECT_EQ(get("/v1/models", kBearer).status, 200);
  auto other = completion({}, {{"authorization", "Bearer guess"}});
  other.peer = {"192.0.2.7", 1, false};
  EXPECT_EQ(http(std::move(other)).status, 401);
}

TEST_F(HttpTest, a_guesser_from_elsewhere_is_not_believed_for_a_while) {
  const auto ask = [this](const char* bearer, const char* address) {
    auto asked = request("GET", "/v1/models", {{"authorization", bearer}});
    asked.peer = {address, 1, false};
    return http(std::move(asked)).status;
  };
  for (int i = 0; i < 9; ++i) EXPECT_EQ(ask("Bearer guess", "2001:db8::1"), 401);
  EXPECT_EQ(ask("Bearer right-token", "2001:db8::1"), 200);
  EXPECT_EQ(ask("Bearer guess", "2001:db8::2"), 401);
  EXPECT_EQ(ask("Bearer right-token", "2001:db8::3"), 429);  // the guess that would have hit
  EXPECT_EQ(ask("Bearer right-token", "192.0.2.7"), 200);
  clock_.advance(61'000);
  EXPECT_EQ(ask("Bearer right-token", "2001:db8::1"), 200);
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
  EXPECT_EQ(http(completion(asking("x"))).status, 404);
  EXPECT_EQ(get("/v1/models", kBearer).status, 404);
}

}  // namespace
}  // namespace carapace::test
