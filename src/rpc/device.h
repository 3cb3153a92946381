// Device identity (protocol §1.7): the text that a device signs and the check of what it sent. Who
// the device is to us – paired, revoked – is decided elsewhere. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::rpc {

struct DeviceProof {
  std::string id;          // lower-case hex SHA-256 of the raw public key
  std::string public_key;  // base64url or base64 of 32 bytes, or an SPKI PEM
  std::string signature;   // base64url or base64 of 64 bytes
  std::int64_t signed_at_ms = 0;
  std::string nonce;  // empty: a version 1 signature
};

// What the signature binds the device to.
struct DeviceClaim {
  std::string client_id;
  std::string client_mode;
  std::string role;
  std::vector<std::string> scopes;  // as requested, before any default
  std::string token;                // auth.token as sent
};

inline constexpr std::size_t kPublicKeyBytes = 32;
// The raw bytes of a public key in any of its spellings, of whatever length; nullopt for what is no
// spelling.
std::optional<std::string> raw_public_key(std::string_view text);
std::string signed_text(const DeviceProof& proof, const DeviceClaim& claim);
bool signature_holds(const std::string& raw_key, const DeviceProof& proof,
                     const DeviceClaim& claim);

}  // namespace carapace::rpc
