// config.* and /control/config: how requests become wishes, and answers frames and statuses.
#include "gateway/config_port.h"
#include "gateway/http_fixture.h"
#include "gateway/method_table.h"
#include "rpc/params.h"

namespace carapace::test {
namespace {

using gateway::ConfigAnswer;
using gateway::ConfigChange;
using gateway::ConfigFault;
using gateway::ConfigLook;
using gateway::ConfigWrite;

class FakeConfig final : public gateway::ConfigPort {
 public:
  Task<ConfigAnswer> look(ConfigLook what, std::string key) override {
    looks.emplace_back(what, key);
    co_return answer;
  }
  Task<ConfigAnswer> write(ConfigWrite wanted) override {
    writes.push_back(std::move(wanted));
    co_return answer;
  }
  Task<ConfigAnswer> reload() override {
    ++reloads;
    co_return answer;
  }

  std::vector<std::pair<ConfigLook, std::string>> looks;
  std::vector<ConfigWrite> writes;
  int reloads = 0;
  ConfigAnswer answer{R"({"ok":true})", std::nullopt};
};

class ConfigTest : public HttpTest {
 protected:
  ConfigTest() { config_port_ = &port_; }
  net::ServerResponse patch(std::string body, Headers headers = kBearer) {
    return http(request("PATCH", "/control/config", std::move(headers), std::move(body)));
  }
  FakeConfig port_;
};

// The rows are all that stands between a client and the owner's file.
TEST_F(ConfigTest, every_method_needs_the_owner) {
  const gateway::MethodTable table;
  int found = 0;
  for (const auto& [name, row] : table.rows()) {
    if (!name.starts_with("config.")) continue;
    ++found;
    EXPECT_EQ(row->authority, gateway::Authority::admin) << name;
  }
  EXPECT_EQ(found, 8);
  const auto socket = connected({"operator.write", "operator.read", "operator.approvals"});
  EXPECT_EQ(error_of(call(*socket, "config.get", {})), "missing scope: operator.admin");
  EXPECT_EQ(error_of(call(*socket, "config.set", {{"raw", "{}"}})),
            "missing scope: operator.admin");
  EXPECT_TRUE(port_.looks.empty() && port_.writes.empty());
}

TEST_F(ConfigTest, only_the_methods_that_clients_know_are_listed) {
  const gateway::MethodTable table;
  for (const auto* name :
       {"config.get", "config.set", "config.apply", "config.patch", "config.schema"})
    EXPECT_TRUE(table.find(name)->advertised) << name;
  for (const auto* name : {"config.validate", "config.plan", "config.reload"})
    EXPECT_FALSE(table.find(name)->advertised) << name;
}

TEST_F(ConfigTest, wishes_are_carried_on) {
  const auto socket = connected();
  EXPECT_TRUE(call(*socket, "config.get", {}).at("ok").as_bool());
  call(*socket, "config.get", {{"key", "gateway.port"}});
  call(*socket, "config.schema", {});
  call(*socket, "config.plan", {});
  EXPECT_EQ(port_.looks,
            (std::vector<std::pair<ConfigLook, std::string>>{{ConfigLook::file, ""},
                                                             {ConfigLook::file, "gateway.port"},
                                                             {ConfigLook::schema, ""},
                                                             {ConfigLook::plan, ""}}));
  call(*socket, "config.set", {{"raw", "{a: 1}"}, {"baseHash", "h"}});
  call(*socket, "config.patch",
       {{"raw", "{}"}, {"note", "n"}, {"sessionKey", "s"}, {"restartDelayMs", 99'999}});
  call(*socket, "config.apply", {{"raw", "{}"}});
  call(*socket, "config.validate", {{"raw", "{}"}});
  call(*socket, "config.reload", {});
  ASSERT_EQ(port_.writes.size(), 4U);
  EXPECT_EQ(port_.writes[0].change, ConfigChange::set);
  EXPECT_EQ(port_.writes[0].raw, "{a: 1}");
  EXPECT_EQ(port_.writes[0].base_hash, "h");
  EXPECT_EQ(port_.writes[1].change, ConfigChange::patch);
  EXPECT_EQ(port_.writes[1].base_hash, std::nullopt);
  EXPECT_EQ(port_.writes[1].note, "n");
  EXPECT_EQ(port_.writes[1].session_key, "s");
  EXPECT_EQ(port_.writes[1].restart_delay_ms, 60'000);
  EXPECT_EQ(port_.writes[2].change, ConfigChange::apply);
  EXPECT_EQ(port_.writes[2].restart_delay_ms, 2'000);
  EXPECT_EQ(port_.writes[3].change, ConfigChange::validate);
  EXPECT_EQ(port_.reloads, 1);
}

TEST_F(ConfigTest, get_takes_nothing_or_a_key) {
  const auto socket = connected();
  EXPECT_EQ(error_of(call(*socket, "config.get", {{"key", ""}})),
            "invalid config.get params: at root: unexpected property 'key'");
  EXPECT_EQ(error_of(call(*socket, "config.get", {{"key", 5}})),
            "invalid config.get params: at root: unexpected property 'key'");
  EXPECT_EQ(error_of(call(*socket, "config.get", {{"id", "x"}, {"key", "a"}})),
            "invalid config.get params: at root: unexpected property 'id'; at root: unexpected "
            "property 'key'");
  EXPECT_TRUE(port_.looks.empty());
}

TEST_F(ConfigTest, faults_are_told_as_the_protocol_does) {
  const auto socket = connected();
  const auto told = [&](ConfigFault::Kind kind, std::string issues = "") {
    port_.answer = {{}, ConfigFault{kind, "why", std::move(issues)}};
    return dump_json(call(*socket, "config.set", {{"raw", "{}"}}).at("error"));
  };
  using Kind = ConfigFault::Kind;
  for (const auto kind : {Kind::request, Kind::protected_key, Kind::not_found, Kind::stale})
    EXPECT_EQ(told(kind), R"({"code":"INVALID_REQUEST","message":"why"})");
  EXPECT_EQ(
      told(Kind::invalid, R"([{"path":"","message":"m"}])"),
      R"({"code":"INVALID_REQUEST","message":"why","details":{"issues":[{"path":"","message":"m"}]}})");
  EXPECT_EQ(told(Kind::failed), R"({"code":"UNAVAILABLE","message":"why"})");
  EXPECT_EQ(told(Kind::busy), R"({"code":"UNAVAILABLE","message":"why"})");
}

TEST_F(ConfigTest, without_a_port_nothing_is_served) {
  config_port_ = nullptr;
  const auto socket = connected();
  EXPECT_EQ(error_of(call(*socket, "config.get", {})), "configuration is not served here");
  EXPECT_EQ(error_of(call(*socket, "config.set", {{"raw", "{}"}})),
            "configuration is not served here");
  EXPECT_EQ(error_of(call(*socket, "config.reload", {})), "configuration is not served here");
  EXPECT_EQ(get("/control/config", kBearer).status, 404);
}

TEST_F(ConfigTest, http_asks_for_the_credential_first) {
  EXPECT_EQ(get("/control/config").status, 401);
  EXPECT_EQ(get("/control/config", {{"authorization", "Bearer wrong"}}).status, 401);
  EXPECT_EQ(patch("{}", {}).status, 401);
  EXPECT_TRUE(port_.looks.empty() && port_.writes.empty());
  const auto answer = get("/control/config", kBearer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"ok":true})");
  EXPECT_EQ(http(request("POST", "/control/config", kBearer)).status, 405);
  EXPECT_EQ(header(http(request("POST", "/control/config", kBearer)), "allow"), "GET, HEAD, PATCH");
}

TEST_F(ConfigTest, http_refuses_what_another_site_sends) {
  auto headers = kBearer;
  headers.push_back({"origin", "http://evil.example"});
  EXPECT_EQ(patch(R"({"path":"a","value":1})", headers).status, 403);
  auto rebound = kBearer;
  rebound.push_back({"host", "evil.example"});
  EXPECT_EQ(get("/control/config", rebound).status, 421);
  EXPECT_TRUE(port_.looks.empty() && port_.writes.empty());
}

TEST_F(ConfigTest, http_patches_one_key) {
  EXPECT_EQ(patch(R"({"path":"ui.seamColor","value":"#123456","baseHash":"h"})").status, 200);
  EXPECT_EQ(patch(R"({"path":" a ","value":null})").status, 200);
  ASSERT_EQ(port_.writes.size(), 2U);
  EXPECT_EQ(port_.writes[0].change, ConfigChange::value);
  EXPECT_EQ(port_.writes[0].path, "ui.seamColor");
  EXPECT_EQ(port_.writes[0].raw, "\"#123456\"");
  EXPECT_EQ(port_.writes[0].base_hash, "h");
  EXPECT_EQ(port_.writes[1].path, "a");
  EXPECT_EQ(port_.writes[1].raw, "null");
  EXPECT_EQ(port_.writes[1].base_hash, std::nullopt);
}

TEST_F(ConfigTest, http_bodies_that_are_none) {
  for (const auto* body :
       {"", "{", "[]", "1", "{}", R"({"path":"","value":1})", R"({"path":" ","value":1})",
        R"({"path":5,"value":1})", R"({"path":"a"})", R"({"path":"a","value":1,"baseHash":5})",
        "{\"path\":\"a\",\"value\":\"\xff\"}"}) {
    const auto answer = patch(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_FALSE(body_of(answer).at("ok").as_bool());
  }
  EXPECT_TRUE(port_.writes.empty());
  const auto large = fmt::format(R"({{"path":"a","value":"{}"}})", std::string(256UL << 10U, 'x'));
  EXPECT_EQ(patch(large).status, 413);
  EXPECT_TRUE(port_.writes.empty());
}

TEST_F(ConfigTest, http_statuses) {
  const auto answer_to = [&](ConfigFault::Kind kind, std::string issues = "") {
    port_.answer = {{}, ConfigFault{kind, "why", std::move(issues)}};
    return patch(R"({"path":"a","value":1})");
  };
  using Kind = ConfigFault::Kind;
  EXPECT_EQ(answer_to(Kind::request).status, 400);
  EXPECT_EQ(answer_to(Kind::protected_key).status, 403);
  EXPECT_EQ(answer_to(Kind::not_found).status, 404);
  EXPECT_EQ(answer_to(Kind::stale).status, 409);
  EXPECT_EQ(answer_to(Kind::failed).status, 500);
  EXPECT_EQ(answer_to(Kind::busy).status, 503);
  const auto invalid = answer_to(Kind::invalid, R"([{"path":"a","message":"m"}])");
  EXPECT_EQ(invalid.status, 422);
  EXPECT_EQ(dump_json(body_of(invalid)),
            R"({"ok":false,"error":{"message":"why","type":"invalid_config"},)"
            R"("issues":[{"path":"a","message":"m"}]})");
}

}  // namespace
}  // namespace carapace::test
