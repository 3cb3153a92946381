#include "secret/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/error.h"

namespace carapace::secret {
namespace {

constexpr std::size_t kHashBytes = 32;

unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
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

bool constant_time_equal(std::string_view a, std::string_view b) {
  const auto hash_a = sha256(a);
  const auto hash_b = sha256(b);
  return CRYPTO_memcmp(hash_a.data(), hash_b.data(), kHashBytes) == 0;
}

}  // namespace carapace::secret
