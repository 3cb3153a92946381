#include "secret/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/bytes.h"
#include "base/error.h"

namespace carapace::secret {
namespace {

constexpr std::size_t kHashBytes = 32;

unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string out(kHashBytes, '\0');
  unsigned length = 0;
  CARAPACE_CHECK(EVP_Digest(bytes.data(), bytes.size(), raw(out), &length, EVP_sha256(), nullptr) ==
                 1);
  CARAPACE_CHECK(length == kHashBytes);
  return out;
}

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes)); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  CARAPACE_CHECK(key.size() <= static_cast<std::size_t>(INT32_MAX));
  std::string out(kHashBytes, '\0');
  unsigned length = 0;
  // HMAC refuses a null key even when its length is 0.
  const void* start = key.empty() ? static_cast<const void*>("") : key.data();
  CARAPACE_CHECK(HMAC(EVP_sha256(), start, static_cast<int>(key.size()), raw(bytes), bytes.size(),
                      raw(out), &length));
  CARAPACE_CHECK(length == kHashBytes);
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  const auto hash_a = sha256(a);
  const auto hash_b = sha256(b);
  return CRYPTO_memcmp(hash_a.data(), hash_b.data(), kHashBytes) == 0;
}

}  // namespace carapace::secret
