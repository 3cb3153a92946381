// Every row of the handshake table (protocol §1.6), with exact words.
#include "rpc/handshake.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "rpc/device.h"

namespace carapace::rpc {
namespace {

// The test vectors of the protocol specification (seed 00..1f).
constexpr std::string_view kKey = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
constexpr std::string_view kDeviceId =
    "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";
constexpr std::string_view kV2 =
    "p1HFkaWSrwfOgnPrepBXq7pPeJkQkKZ_UiFi7Biin2dRbP_QNL1STLGbX7lZ1nLDKPcCutV6mqIqF-hVYzwgDw";
constexpr std::string_view kV1 =
    "lC_mv4qgRg7P2tqsMBZwav_LKxxYacZdmDYDMPhHcawX1Es_h_ZNy4FECT80yKcC4jbJIFogcqINJn6KuF2xDw";
constexpr std::string_view kNonce = "550e8400-e29b-41d4-a716-446655440000";
constexpr std::int64_t kSignedAt = 1'737'264'000'000;

AuthRules token_rules(std::string token = "secret-token") {
  AuthRules rules;
  rules.token = secret::Sealed(std::move(token));
  return rules;
}
AuthRules password_rules() {
  AuthRules rules;
  rules.mode = AuthMode::password;
  rules.password = secret::Sealed(std::string("open sesame"));
  return rules;
}
ConnectionFacts facts(bool local = true) { return {local, std::string(kNonce), kSignedAt}; }

json::object connect(std::string_view id = "cli", std::string_view mode = "cli") {
  return {{"minProtocol", 3},
          {"maxProtocol", 3},
          {"client", {{"id", id}, {"version", "dev"}, {"platform", "linux"}, {"mode", mode}}},
          {"role", "operator"},
          {"scopes", {"operator.admin", "operator.approvals", "operator.pairing"}},
          {"auth", {{"token", "secret-token"}}}};
}
json::object with_device(json::object params) {
  params["device"] = {{"id", kDeviceId},
                      {"publicKey", kKey},
                      {"signature", kV2},
                      {"signedAt", kSignedAt},
                      {"nonce", kNonce}};
  return params;
}

std::expected<Caller, Refusal> judge(const json::object& params,
                                     const ConnectionFacts& at = facts(),
                                     const AuthRules& rules = token_rules()) {
  const json::value value(params);
  return judge_connect(&value, at, rules);
}
std::string why(const std::expected<Caller, Refusal>& result) {
  return result ? "accepted" : result.error().error.message;
}

TEST(Handshake, a_local_client_with_the_token_gets_what_it_asks_for) {
  const auto caller = judge(connect());
  ASSERT_TRUE(caller) << why(caller);
  EXPECT_EQ(caller->role, "operator");
  EXPECT_EQ(caller->scopes.size(), 3U);
  EXPECT_EQ(caller->client.id, "cli");
  EXPECT_TRUE(caller->device_id.empty());
}

TEST(Handshake, an_operator_that_asks_for_nothing_gets_admin_and_a_node_nothing) {
  auto params = connect();
  params["scopes"] = json::array{};
  EXPECT_EQ(judge(params)->scopes, std::vector<std::string>{"operator.admin"});
  params.erase("scopes");
  params.erase("role");
  EXPECT_EQ(judge(params)->scopes, std::vector<std::string>{"operator.admin"});
  params["role"] = "node";
  EXPECT_TRUE(judge(params)->scopes.empty());
}

// A stranger's machine that knows the shared token declares no rights for itself.
TEST(Handshake, scopes_are_not_self_declared_from_elsewhere) {
  for (const auto& scopes :
       {json::array{"operator.admin"}, json::array{"operator.read"}, json::array{}}) {
    auto params = connect();
    params["scopes"] = scopes;
    const auto caller = judge(params, facts(false));
    ASSERT_TRUE(caller);
    EXPECT_TRUE(caller->scopes.empty());
  }
}

TEST(Handshake, row_3_parameters) {
  EXPECT_EQ(judge_connect(nullptr, facts(), token_rules()).error().error.message,
            "invalid connect params: must be object");
  auto params = connect();
  params["bogus"] = 1;
  EXPECT_EQ(why(judge(params)), "invalid connect params: at root: unexpected property 'bogus'");
  params = connect("nope");
  EXPECT_EQ(why(judge(params)),
            "invalid connect params: at /client/id: must be equal to constant; at /client/id: must "
            "match a schema in "
            "anyOf");
  params = connect("openclaw-control-ui");
  EXPECT_FALSE(judge(params));
  params = connect();
  params.erase("client");
  EXPECT_EQ(why(judge(params)), "invalid connect params: must have required property 'client'");
  params = connect();
  params["device"] = {{"id", ""}};
  EXPECT_EQ(judge(params).error().close_code, 1008);
}

TEST(Handshake, row_4_protocol) {
  for (const auto& [low, high] : {std::pair{99, 99}, std::pair{1, 2}, std::pair{4, 3}}) {
    auto params = connect();
    params["minProtocol"] = low;
    params["maxProtocol"] = high;
    const auto result = judge(params);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().error,
              (WireError{"INVALID_REQUEST", "protocol mismatch", R"({"expectedProtocol":3})"}));
    EXPECT_EQ(result.error().close_code, 1002);
    EXPECT_EQ(result.error().close_reason, "protocol mismatch");
  }
  auto wide = connect();
  wide["minProtocol"] = 1;
  wide["maxProtocol"] = 99;
  EXPECT_TRUE(judge(wide));
}

TEST(Handshake, row_5_role) {
  for (const auto* role : {"admin", "Operator", "root"}) {
    auto params = connect();
    params["role"] = role;
    EXPECT_EQ(why(judge(params)), "invalid role");
  }
}

TEST(Handshake, row_6_control_ui_without_device) {
  for (const auto* id : {"moltbot-control-ui", "clawdbot-control-ui", "carapace-control-ui"})
    EXPECT_EQ(why(judge(connect(id, "webchat"))),
              "control ui requires HTTPS or localhost (secure context)");
  auto rules = token_rules();
  rules.allow_insecure_ui = true;
  EXPECT_TRUE(judge(connect("moltbot-control-ui", "webchat"), facts(), rules));
  auto bare = connect("moltbot-control-ui", "webchat");
  bare.erase("auth");
  EXPECT_FALSE(judge(bare, facts(), rules));
}

TEST(Handshake, row_7_no_device_and_no_token) {
  for (const auto& auth :
       {json::object{}, json::object{{"password", "pw"}}, json::object{{"token", ""}}}) {
    auto params = connect();
    params["auth"] = auth;
    const auto result = judge(params);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().error, (WireError{"NOT_PAIRED", "device identity required", ""}));
  }
}

TEST(Handshake, a_valid_device_on_this_machine_is_accepted_silently) {
  const auto caller = judge(with_device(connect()));
  ASSERT_TRUE(caller) << why(caller);
  EXPECT_EQ(caller->device_id, kDeviceId);
  EXPECT_EQ(caller->scopes.size(), 3U);
}

TEST(Handshake, standard_base64_and_pem_keys_are_the_same_key) {
  auto params = with_device(connect());
  auto& device = params["device"].as_object();
  device["publicKey"] = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
  EXPECT_TRUE(judge(params));
  device["publicKey"] =
      "-----BEGIN PUBLIC "
      "KEY-----\nMCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n-----END PUBLIC "
      "KEY-----\n";
  EXPECT_TRUE(judge(params));
}

TEST(Handshake, rows_8_to_13_device) {
  const auto changed = [](std::string_view name, std::string_view value) {
    auto params = with_device(connect());
    params["device"].as_object()[name] = value;
    return params;
  };
  const auto signed_at = [](std::int64_t time) {
    auto params = with_device(connect());
    params["device"].as_object()["signedAt"] = time;
    return params;
  };
  EXPECT_EQ(why(judge(changed("id", std::string(64, '0')))), "device identity mismatch");
  EXPECT_EQ(why(judge(changed("publicKey", "garbage!"))), "device identity mismatch");
  EXPECT_EQ(why(judge(signed_at(kSignedAt - 600'001))), "device signature expired");
  EXPECT_EQ(why(judge(signed_at(kSignedAt + 600'001))), "device signature expired");
  EXPECT_EQ(why(judge(signed_at(kSignedAt - 600'000))), "device signature invalid");
  EXPECT_EQ(why(judge(changed("nonce", "other"))), "device nonce mismatch");
  EXPECT_EQ(why(judge(changed("signature", kV1))), "device signature invalid");
  EXPECT_EQ(why(judge(changed("signature", "AAAA"))), "device signature invalid");

  auto no_nonce = with_device(connect());
  no_nonce["device"].as_object().erase("nonce");
  EXPECT_EQ(why(judge(no_nonce, facts(false))), "device nonce required");
  EXPECT_EQ(why(judge(no_nonce, facts(true))),
            "device signature invalid");  // it was signed as version 2

  // Everything that the signature binds: changing any of it breaks it.
  auto scopes = with_device(connect());
  scopes["scopes"] = json::array{"operator.admin"};
  EXPECT_EQ(why(judge(scopes)), "device signature invalid");
  auto role = with_device(connect());
  role["role"] = "node";
  EXPECT_EQ(why(judge(role)), "device signature invalid");
  auto token = with_device(connect());
  token["auth"] = {{"token", "another"}};
  EXPECT_EQ(why(judge(token)), "device signature invalid");
  auto mode = with_device(connect("cli", "backend"));
  EXPECT_EQ(why(judge(mode)), "device signature invalid");
}

TEST(Handshake, a_key_of_a_wrong_length_has_signed_nothing) {
  auto params = with_device(connect());
  auto& device = params["device"].as_object();
  device["publicKey"] = "AAAA";  // three zero bytes, and the id that belongs to them
  device["id"] = "709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c";
  EXPECT_EQ(why(judge(params)), "device signature invalid");
}

// Nothing in the protocol bounds them, but every other client is shown them.
TEST(Handshake, what_a_client_says_of_itself_is_cut_and_not_refused) {
  auto params = connect();
  auto& client = params["client"].as_object();
  for (const auto* name :
       {"displayName", "version", "platform", "deviceFamily", "modelIdentifier", "instanceId"})
    client[name] = std::string(5'000, 'x');
  const auto caller = judge(params);
  ASSERT_TRUE(caller) << why(caller);
  for (const auto* text : {&caller->client.display_name, &caller->client.version,
                           &caller->client.platform, &caller->client.device_family,
                           &caller->client.model_identifier, &caller->client.instance_id})
    EXPECT_LT(text->size(), 210U);
}

// The other vector: Android's, without scopes, token and nonce.
TEST(Handshake, version_1_counts_on_this_machine_only) {
  auto params = connect("moltbot-android", "ui");
  params.erase("scopes");
  params["auth"] = {{"password", "open sesame"}};
  params["device"] = {
      {"id", kDeviceId}, {"publicKey", kKey}, {"signature", kV1}, {"signedAt", kSignedAt}};
  const auto caller = judge(params, facts(), password_rules());
  ASSERT_TRUE(caller) << why(caller);
  EXPECT_EQ(caller->scopes, std::vector<std::string>{"operator.admin"});
  EXPECT_EQ(why(judge(params, facts(false), password_rules())), "device nonce required");
}

TEST(Handshake, row_14_texts_depend_on_the_client) {
  struct Row {
    std::string_view id, mode, hint;
  };
  const Row rows[] = {
      {"cli", "cli", "set gateway.remote.token to match gateway.auth.token"},
      {"webchat-ui", "webchat",
       "open a tokenized dashboard URL or paste token in Control UI settings"},
      {"webchat", "webchat",
       "open a tokenized dashboard URL or paste token in Control UI settings"},
      {"gateway-client", "backend", "provide gateway auth token"},
      {"node-host", "node", "provide gateway auth token"},
  };
  for (const auto& row : rows) {
    auto params = connect(row.id, row.mode);
    params["auth"] = {{"token", "wrong-token"}};
    const auto result = judge(params);
    ASSERT_FALSE(result);
    EXPECT_EQ(why(result), "unauthorized: gateway token mismatch (" + std::string(row.hint) + ")");
    EXPECT_TRUE(result.error().wrong_credential);
    EXPECT_EQ(result.error().close_code, 1008);
    EXPECT_EQ(result.error().close_reason, why(result));
  }
}

TEST(Handshake, row_14_missing_and_not_configured) {
  auto params = with_device(connect());
  EXPECT_EQ(why(judge(params, facts(), token_rules(""))),
            "unauthorized: gateway token not configured on gateway (set gateway.auth.token)");
  EXPECT_EQ(why(judge(connect(), facts(), token_rules("  "))),
            "unauthorized: gateway token not configured on gateway (set gateway.auth.token)");
  auto blank = connect();
  blank["auth"] = {{"token", "   "}};
  EXPECT_EQ(
      why(judge(blank)),
      "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)");
  EXPECT_FALSE(judge(blank).error().wrong_credential);
  auto near = connect();
  near["auth"] = {{"token", "Secret-token"}};
  EXPECT_FALSE(judge(near));
  near["auth"] = {{"token", "secret-token "}};
  EXPECT_FALSE(judge(near));
}

TEST(Handshake, password_mode) {
  auto params = connect();
  params["auth"] = {{"password", "open sesame"}};
  EXPECT_TRUE(judge(params, facts(), password_rules()));
  EXPECT_EQ(why(judge(params, facts(false), password_rules())), "device identity required");
  params["auth"] = {{"token", "x"}, {"password", "open sesame"}};
  EXPECT_TRUE(judge(params, facts(false), password_rules()));
  params["auth"] = {{"password", "wrong"}};
  EXPECT_EQ(why(judge(params, facts(), password_rules())),
            "unauthorized: gateway password mismatch (set gateway.remote.password to match "
            "gateway.auth.password)");
  // The right word under the wrong name.
  params["auth"] = {{"token", "open sesame"}};
  EXPECT_EQ(why(judge(params, facts(), password_rules())),
            "unauthorized: gateway password missing (set gateway.remote.password to match "
            "gateway.auth.password)");
  params["auth"] = {{"token", "x"}, {"password", "secret-token"}};
  EXPECT_FALSE(judge(params, facts(), token_rules()));
}

TEST(Handshake, mode_none_is_for_this_machine) {
  AuthRules rules;
  rules.mode = AuthMode::none;
  auto params = connect();
  params.erase("auth");
  EXPECT_TRUE(judge(params, facts(), rules));
  EXPECT_FALSE(judge(params, facts(false), rules));
  params["auth"] = {{"token", "anything"}};
  EXPECT_EQ(why(judge(params, facts(false), rules)), "unauthorized");
}

TEST(Handshake, row_15_a_device_from_elsewhere_waits_for_approval) {
  const auto result = judge(with_device(connect()), facts(false));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error, (WireError{"NOT_PAIRED", "pairing required", ""}));
  EXPECT_EQ(result.error().close_reason, "pairing required");
}

TEST(Handshake, bearer) {
  EXPECT_TRUE(bearer_holds("secret-token", token_rules(), false));
  EXPECT_FALSE(bearer_holds("secret-toke", token_rules(), true));
  EXPECT_FALSE(bearer_holds("", token_rules(""), true));
  EXPECT_FALSE(bearer_holds(" ", token_rules(" "), true));
  EXPECT_TRUE(bearer_holds("open sesame", password_rules(), false));
  AuthRules none;
  none.mode = AuthMode::none;
  EXPECT_TRUE(bearer_holds("", none, true));
  EXPECT_FALSE(bearer_holds("", none, false));
}

TEST(SignedText, has_the_specified_form) {
  DeviceProof proof{std::string(kDeviceId), "", "", kSignedAt, ""};
  const DeviceClaim claim{"cli", "cli", "operator", {"a", "b"}, "t"};
  EXPECT_EQ(signed_text(proof, claim),
            "v1|" + std::string(kDeviceId) + "|cli|cli|operator|a,b|1737264000000|t");
  proof.nonce = " n ";
  EXPECT_EQ(signed_text(proof, claim),
            "v2|" + std::string(kDeviceId) + "|cli|cli|operator|a,b|1737264000000|t|n");
}

}  // namespace
}  // namespace carapace::rpc
