#include "rpc/handshake.h"

#include <fmt/format.h>

#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "rpc/device.h"
#include "rpc/params.h"
#include "secret/hash.h"

namespace carapace::rpc {
namespace {

constexpr std::size_t kShownCharacters = 200;

constexpr ParamRow kClientRows[] = {
    {.name = "id", .type = ParamType::choice, .required = true, .one_of = kClientIds},
    {.name = "displayName", .min = 1},
    {.name = "version", .required = true, .min = 1},
    {.name = "platform", .required = true, .min = 1},
    {.name = "deviceFamily", .min = 1},
    {.name = "modelIdentifier", .min = 1},
    {.name = "mode", .type = ParamType::choice, .required = true, .one_of = kClientModes},
    {.name = "instanceId", .min = 1},
};
constexpr ParamRow kDeviceRows[] = {
    {.name = "id", .required = true, .min = 1},
    {.name = "publicKey", .required = true, .min = 1},
    {.name = "signature", .required = true, .min = 1},
    {.name = "signedAt", .type = ParamType::integer, .required = true, .min = 0},
    {.name = "nonce", .min = 1},
};
constexpr ParamRow kAuthRows[] = {{.name = "token"}, {.name = "password"}};
constexpr ParamRow kConnectRows[] = {
    {.name = "minProtocol", .type = ParamType::integer, .required = true, .min = 1},
    {.name = "maxProtocol", .type = ParamType::integer, .required = true, .min = 1},
    {.name = "client",
     .type = ParamType::object,
     .required = true,
     .fields = kClientRows,
     .field_count = std::size(kClientRows)},
    {.name = "caps", .type = ParamType::texts, .item_min = 1},
    {.name = "commands", .type = ParamType::texts, .item_min = 1},
    {.name = "permissions", .type = ParamType::flags},
    {.name = "pathEnv"},
    {.name = "role", .min = 1},
    {.name = "scopes", .type = ParamType::texts, .max = 64, .item_min = 1},
    {.name = "device",
     .type = ParamType::object,
     .fields = kDeviceRows,
     .field_count = std::size(kDeviceRows)},
    {.name = "auth",
     .type = ParamType::object,
     .fields = kAuthRows,
     .field_count = std::size(kAuthRows)},
    {.name = "locale"},
    {.name = "userAgent"},
};
constexpr ParamSchema kConnect{kConnectRows};

Refusal refuse(std::string message, std::string_view code = kInvalidRequest) {
  Refusal out;
  out.close_reason = message;
  out.error = {std::string(code), std::move(message), {}};
  return out;
}

// What was sent, as values. Only made after the schema held.
struct Sent {
  std::int64_t min_protocol = 0, max_protocol = 0;
  ClientInfo client;
  std::string role;
  std::vector<std::string> scopes;
  std::optional<DeviceProof> device;
  std::string token, password;
};

// What a client says of itself is shown to every other one: long texts are cut, not refused.
ClientInfo read_client(const json::object& client) {
  const auto shown = [&client](std::string_view name) {
    return ellipsize(string_or(client, name, ""), kShownCharacters);
  };
  return {string_or(client, "id", ""),
          shown("displayName"),
          shown("version"),
          shown("platform"),
          shown("deviceFamily"),
          shown("modelIdentifier"),
          string_or(client, "mode", ""),
          shown("instanceId")};
}

Sent read(const json::object& params) {
  Sent out;
  out.min_protocol = find_int(params, "minProtocol").value_or(0);
  out.max_protocol = find_int(params, "maxProtocol").value_or(0);
  out.client = read_client(params.at("client").get_object());
  out.role = string_or(params, "role", "operator");
  if (const auto* scopes = find_array(params, "scopes"))
    for (const auto& scope : *scopes) out.scopes.emplace_back(std::string_view(scope.get_string()));
  if (const auto* device = find_object(params, "device"))
    out.device =
        DeviceProof{string_or(*device, "id", ""), string_or(*device, "publicKey", ""),
                    string_or(*device, "signature", ""), find_int(*device, "signedAt").value_or(0),
                    string_or(*device, "nonce", "")};
  if (const auto* auth = find_object(params, "auth")) {
    out.token = string_or(*auth, "token", "");
    out.password = string_or(*auth, "password", "");
  }
  return out;
}

// Rows 6 and 7: who may come without a device.
std::optional<Refusal> judge_absent_device(const Sent& sent, const ConnectionFacts& facts,
                                           const AuthRules& rules) {
  if (sent.device) return std::nullopt;
  if (is_control_ui(sent.client)) {
    if (rules.allow_insecure_ui && !(sent.token.empty() && sent.password.empty()))
      return std::nullopt;
    return refuse("control ui requires HTTPS or localhost (secure context)");
  }
  if (rules.mode == AuthMode::none && facts.local) return std::nullopt;
  // A person on this machine who knows the password needs no key pair to say so.
  if (rules.mode == AuthMode::password && facts.local && !sent.password.empty())
    return std::nullopt;
  if (sent.token.empty()) return refuse("device identity required", kNotPaired);
  return std::nullopt;
}

// Rows 8 to 13. A key of another length than ours cannot have signed anything.
std::optional<Refusal> judge_device(const Sent& sent, const ConnectionFacts& facts) {
  if (!sent.device) return std::nullopt;
  const auto& device = *sent.device;
  const auto key = raw_public_key(device.public_key);
  if (!key || secret::sha256_hex(*key) != device.id) return refuse("device identity mismatch");
  const auto skew = facts.now_ms > device.signed_at_ms ? facts.now_ms - device.signed_at_ms
                                                       : device.signed_at_ms - facts.now_ms;
  if (skew > kSignatureSkewMs) return refuse("device signature expired");
  const auto nonce = trim(device.nonce);
  if (nonce.empty() && !facts.local) return refuse("device nonce required");
  if (!nonce.empty() && nonce != facts.nonce) return refuse("device nonce mismatch");
  const DeviceClaim claim{sent.client.id, sent.client.mode, sent.role, sent.scopes, sent.token};
  if (!signature_holds(*key, device, claim)) return refuse("device signature invalid");
  return std::nullopt;
}

std::string_view hint(const ClientInfo& client, bool token) {
  if (is_cli(client))
    return token ? "set gateway.remote.token to match gateway.auth.token"
                 : "set gateway.remote.password to match gateway.auth.password";
  if (is_control_ui(client) || is_webchat(client))
    return token ? "open a tokenized dashboard URL or paste token in Control UI settings"
                 : "enter the password in Control UI settings";
  return token ? "provide gateway auth token" : "provide gateway auth password";
}

// Row 14: only the credential that belongs to the mode counts.
std::optional<Refusal> judge_credential(const Sent& sent, const ConnectionFacts& facts,
                                        const AuthRules& rules) {
  if (rules.mode == AuthMode::none) {
    if (facts.local) return std::nullopt;
    return refuse("unauthorized");
  }
  const bool token = rules.mode == AuthMode::token;
  const auto& configured = token ? rules.token : rules.password;
  const auto& given = token ? sent.token : sent.password;
  const std::string_view what = token ? "token" : "password";
  if (trim(configured.reveal()).empty())
    return refuse(fmt::format(
        "unauthorized: gateway {} not configured on gateway (set gateway.auth.{})", what, what));
  const auto advice = hint(sent.client, token);
  if (trim(given).empty())
    return refuse(fmt::format("unauthorized: gateway {} missing ({})", what, advice));
  if (configured.equals(given)) return std::nullopt;
  auto out = refuse(fmt::format("unauthorized: gateway {} mismatch ({})", what, advice));
  out.wrong_credential = true;
  return out;
}

// The shared credential says that somebody knows it, not which rights a stranger's machine may
// hold: what a client without a device asks for is granted on this machine only.
std::vector<std::string> granted(const Sent& sent, const ConnectionFacts& facts) {
  if (!facts.local) return {};
  if (sent.scopes.empty() && sent.role == "operator") return {"operator.admin"};
  return sent.scopes;
}

}  // namespace

std::expected<Caller, Refusal> judge_connect(const json::value* params,
                                             const ConnectionFacts& facts, const AuthRules& rules) {
  if (const auto violations = check_params(kConnect, params); !violations.empty())
    return std::unexpected(refuse("invalid connect params: " + violations));
  const auto sent = read(params->get_object());
  if (sent.min_protocol > kProtocol || sent.max_protocol < kProtocol) {
    auto out = refuse("protocol mismatch");
    out.error.details = fmt::format(R"({{"expectedProtocol":{}}})", kProtocol);
    out.close_code = 1002;
    return std::unexpected(std::move(out));
  }
  if (sent.role != "operator" && sent.role != "node")
    return std::unexpected(refuse("invalid role"));
  if (auto no = judge_absent_device(sent, facts, rules)) return std::unexpected(std::move(*no));
  if (auto no = judge_device(sent, facts)) return std::unexpected(std::move(*no));
  if (auto no = judge_credential(sent, facts, rules)) return std::unexpected(std::move(*no));
  // Row 15. On this machine a device is paired silently; from elsewhere it has to be approved
  // first.
  if (sent.device && !facts.local) return std::unexpected(refuse("pairing required", kNotPaired));
  return Caller{sent.client, sent.role, granted(sent, facts),
                sent.device ? sent.device->id : std::string()};
}

bool bearer_holds(std::string_view bearer, const AuthRules& rules, bool local) {
  switch (rules.mode) {
    case AuthMode::none: return local;
    case AuthMode::token: return !trim(rules.token.reveal()).empty() && rules.token.equals(bearer);
    case AuthMode::password:
      return !trim(rules.password.reveal()).empty() && rules.password.equals(bearer);
  }
  return false;
}

Refusal not_a_connect() { return refuse("invalid handshake: first request must be connect"); }

}  // namespace carapace::rpc
