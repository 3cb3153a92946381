#include "secret/envelope.h"

#include <argon2.h>
#include <openssl/evp.h>

#include <array>
#include <list>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace carapace::secret {
namespace {

constexpr std::string_view kPrefix = "enc:v2:";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMaxKeys = 16;  // more salts than this in one file is somebody's game
constexpr std::uint32_t kMemoryKib = 64 * 1024;
constexpr std::uint32_t kPasses = 3;
constexpr std::uint32_t kLanes = 1;

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

struct Cipher {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  Cipher() { CARAPACE_CHECK(context != nullptr); }
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;
  ~Cipher() { EVP_CIPHER_CTX_free(context); }  // wipes what it holds
};

std::string random_bytes(Random& random, std::size_t count) {
  std::string out(count, '\0');
  random.fill(std::as_writable_bytes(std::span(out)));
  return out;
}

std::string encrypt(std::string_view key, std::string_view nonce, std::string_view plain) {
  CARAPACE_CHECK(key.size() == kKeyBytes && nonce.size() == kNonceBytes);
  const Cipher cipher;
  std::string out(plain.size() + kTagBytes, '\0');
  int length = 0;
  int tail = 0;
  CARAPACE_CHECK(
      EVP_EncryptInit_ex(cipher.context, EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1);
  CARAPACE_CHECK(EVP_EncryptUpdate(cipher.context, raw(out), &length, raw(plain),
                                   static_cast<int>(plain.size())) == 1);
  CARAPACE_CHECK(EVP_EncryptFinal_ex(cipher.context, raw(out) + length, &tail) == 1);
  CARAPACE_CHECK(EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                     raw(out) + plain.size()) == 1);
  return out;
}

// Empty when the tag does not fit; `sealed` is ciphertext and tag.
std::optional<Sealed> decrypt(std::string_view key, std::string_view nonce,
                              std::string_view sealed) {
  if (key.size() != kKeyBytes || sealed.size() < kTagBytes) return std::nullopt;
  const auto body = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(body.size()));
  const Cipher cipher;
  std::string plain(body.size() + kTagBytes, '\0');
  int length = 0;
  int tail = 0;
  const bool fits =
      EVP_DecryptInit_ex(cipher.context, EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.context, raw(plain), &length, raw(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.context, raw(plain) + length, &tail) == 1;
  if (!fits) {
    wipe(plain);
    return std::nullopt;
  }
  plain.resize(body.size());
  return Sealed(std::move(plain));
}

struct Parts {
  std::string nonce;
  std::string sealed;
  std::string salt;
};

Result<Parts> read_parts(std::string_view text) {
  if (!text.starts_with(kPrefix))
    return fail(Errc::invalid_request,
                is_envelope(text)
                    ? "it is encrypted in a form that this version does not know; enc:v2: is the "
                      "one that it reads"
                    : "it is no enc:v2: text");
  const auto fields = split(text.substr(kPrefix.size()), ':');
  if (fields.size() == 3 && fields[1].size() <= 2 * (Envelopes::kMaxPlainBytes + kTagBytes)) {
    auto nonce = from_base64(fields[0]);
    auto sealed = from_base64(fields[1]);
    auto salt = from_base64(fields[2]);
    if (nonce && sealed && salt && nonce->size() == kNonceBytes && sealed->size() >= kTagBytes &&
        salt->size() == kSaltBytes)
      return Parts{std::move(*nonce), std::move(*sealed), std::move(*salt)};
  }
  return fail(Errc::invalid_request,
              "it is not a whole enc:v2: text (nonce, ciphertext and salt in base64)");
}

}  // namespace

bool is_envelope(std::string_view text) {
  constexpr std::string_view kAny = "enc:v";
  if (!text.starts_with(kAny)) return false;
  const auto colon = text.find(':', kAny.size());
  if (colon == std::string_view::npos || colon == kAny.size()) return false;
  const auto version = text.substr(kAny.size(), colon - kAny.size());
  return version.find_first_not_of("0123456789") == std::string_view::npos;
}

struct Envelopes::Impl {
  struct Key {
    std::string salt;
    Sealed key;
  };
  Sealed password;
  // Held while a key is made: two readers of one salt do the work once, and two of different salts
  // do not take 64 MiB each.
  std::mutex mutex;
  std::list<Key> keys;  // newest first
  std::string own_salt;

  Result<Sealed> key_of(const std::string& salt);
};

Result<Sealed> Envelopes::Impl::key_of(const std::string& salt) {
  const std::scoped_lock held(mutex);
  for (const auto& known : keys)
    if (known.salt == salt) return known.key;
  std::string key(kKeyBytes, '\0');
  const auto word = password.reveal();
  const int error = argon2id_hash_raw(kPasses, kMemoryKib, kLanes, word.data(), word.size(),
                                      salt.data(), salt.size(), key.data(), key.size());
  if (error != ARGON2_OK) {
    wipe(key);
    return fail(Errc::unavailable, "no key could be made of the password: {}",
                argon2_error_message(error));
  }
  if (keys.size() >= kMaxKeys) keys.pop_back();
  keys.push_front({salt, Sealed(std::move(key))});
  return keys.front().key;
}

Envelopes::Envelopes(Sealed password) : impl_(std::make_unique<Impl>()) {
  impl_->password = std::move(password);
}
Envelopes::~Envelopes() = default;

bool Envelopes::locked() const { return impl_->password.empty(); }

Result<Sealed> Envelopes::open(std::string_view text) {
  TRY(const auto parts, read_parts(text));
  if (locked())
    return fail(Errc::unauthorized,
                "it is encrypted and locked: set CARAPACE_CONFIG_PASSWORD to the password that it "
                "was encrypted with");
  TRY(const auto key, impl_->key_of(parts.salt));
  if (auto plain = decrypt(key.reveal(), parts.nonce, parts.sealed)) return std::move(*plain);
  return fail(Errc::unauthorized,
              "CARAPACE_CONFIG_PASSWORD is not the password that it was encrypted with, or the "
              "text was changed");
}

void Envelopes::share_salt_with(std::string_view text) {
  auto parts = read_parts(text);
  const std::scoped_lock held(impl_->mutex);
  if (parts && impl_->own_salt.empty()) impl_->own_salt = std::move(parts->salt);
}

Result<std::string> Envelopes::seal(std::string_view plain, Random& random) {
  if (locked())
    return fail(Errc::unauthorized,
                "nothing can be encrypted: CARAPACE_CONFIG_PASSWORD is not set");
  if (plain.size() > kMaxPlainBytes)
    return fail(Errc::too_large, "a secret may have {} bytes, this one has {}", kMaxPlainBytes,
                plain.size());
  std::string salt;
  {
    const std::scoped_lock held(impl_->mutex);
    if (impl_->own_salt.empty()) impl_->own_salt = random_bytes(random, kSaltBytes);
    salt = impl_->own_salt;
  }
  TRY(const auto key, impl_->key_of(salt));
  const auto nonce = random_bytes(random, kNonceBytes);
  return fmt::format("{}{}:{}:{}", kPrefix, to_base64(nonce),
                     to_base64(encrypt(key.reveal(), nonce, plain)), to_base64(salt));
}

Result<std::string> seal_with_key(std::string_view key, std::string_view plain, Random& random) {
  if (key.size() != kKeyBytes)
    return fail(Errc::invalid_request, "a key has {} bytes, not {}", kKeyBytes, key.size());
  const auto nonce = random_bytes(random, kNonceBytes);
  return nonce + encrypt(key, nonce, plain);
}

Result<Sealed> open_with_key(std::string_view key, std::string_view sealed) {
  if (sealed.size() >= kNonceBytes + kTagBytes)
    if (auto plain = decrypt(key, sealed.substr(0, kNonceBytes), sealed.substr(kNonceBytes)))
      return std::move(*plain);
  return fail(Errc::unauthorized, "it was sealed with another key, or its bytes were changed");
}

}  // namespace carapace::secret
