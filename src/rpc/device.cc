#include "rpc/device.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/text.h"
#include "secret/ed25519.h"

namespace carapace::rpc {
namespace {

// What precedes the raw key in a SubjectPublicKeyInfo of Ed25519 (RFC 8410).
constexpr std::string_view kSpkiPrefix{"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12};

std::optional<std::string> from_pem(std::string_view text) {
  std::string body;
  for (const auto line : split(text, '\n')) {
    const auto part = trim(line);
    if (!part.starts_with("-----")) body.append(part);
  }
  auto der = from_base64_any(body);
  if (!der || der->size() != kSpkiPrefix.size() + kPublicKeyBytes || !der->starts_with(kSpkiPrefix))
    return std::nullopt;
  return der->substr(kSpkiPrefix.size());
}

}  // namespace

std::optional<std::string> raw_public_key(std::string_view text) {
  if (text.find("BEGIN") != std::string_view::npos) return from_pem(text);
  return from_base64_any(text);
}

std::string signed_text(const DeviceProof& proof, const DeviceClaim& claim) {
  const auto nonce = trim(proof.nonce);
  auto text = fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", nonce.empty() ? "v1" : "v2", proof.id,
                          claim.client_id, claim.client_mode, claim.role, join(claim.scopes, ","),
                          proof.signed_at_ms, claim.token);
  if (!nonce.empty()) text.append("|").append(nonce);
  return text;
}

bool signature_holds(const std::string& raw_key, const DeviceProof& proof,
                     const DeviceClaim& claim) {
  const auto signature = from_base64_any(proof.signature);
  return signature && secret::ed25519_verify(raw_key, signed_text(proof, claim), *signature);
}

}  // namespace carapace::rpc
