// The decision on `connect` (protocol §1.6): what the client sent, the facts of its connection and
// the configured credentials become an accepted caller or a refusal with its exact words. A pure
// function, so that every row of the table is a test. The gateway sends what is decided here;
// nobody else judges a handshake.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "rpc/clients.h"
#include "rpc/wire_error.h"
#include "secret/sealed.h"

namespace carapace::rpc {

inline constexpr int kProtocol = 3;
inline constexpr std::int64_t kSignatureSkewMs = 600'000;

enum class AuthMode : std::uint8_t { none, token, password };

struct AuthRules {
  AuthMode mode = AuthMode::token;
  secret::Sealed token;
  secret::Sealed password;
  bool allow_insecure_ui = false;  // gateway.controlUi.allowInsecureAuth
};

struct ConnectionFacts {
  bool local = false;       // local direct (§5.4)
  std::string nonce;        // of this connection's challenge
  std::int64_t now_ms = 0;  // Unix
};

struct Caller {
  ClientInfo client;
  std::string role;                 // operator or node
  std::vector<std::string> scopes;  // granted, not asked
  std::string device_id;            // empty without a verified device
};

struct Refusal {
  WireError error;
  std::uint16_t close_code = 1008;
  std::string
      close_reason;  // the error's words unless it says otherwise; the sender cuts it to 120 bytes
  bool wrong_credential = false;  // counts as a failed attempt of this address
};

// `params` is null when the frame had none.
std::expected<Caller, Refusal> judge_connect(const json::value* params,
                                             const ConnectionFacts& facts, const AuthRules& rules);

// The same comparison for HTTP: `bearer` is tried as the credential of the configured mode.
bool bearer_holds(std::string_view bearer, const AuthRules& rules, bool local);

Refusal not_a_connect();

}  // namespace carapace::rpc
