// `enc:v2:` texts: a secret that lies encrypted in a file and is opened with a password. The form
// is `enc:v2:<base64 of the 12 byte nonce>:<base64 of ciphertext and 16 byte tag>:<base64 of the 16
// byte salt>`; AES-256-GCM with a key that Argon2id makes of password and salt (64 MiB, 3 passes,
// one lane, 32 bytes; infrastructure specification B.1). A key costs a tenth of a second and 64
// MiB, so it is made once for each salt and kept, sealed. Blocks: through `offload` from the loop.
// Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "secret/sealed.h"

namespace carapace::secret {

// Is the text an envelope of any version? (`enc:v` and a number, then a colon.)
bool is_envelope(std::string_view text);

class Envelopes {
 public:
  static constexpr std::size_t kMaxPlainBytes = 64UL << 10U;

  explicit Envelopes(Sealed password);  // empty: locked
  ~Envelopes();
  Envelopes(const Envelopes&) = delete;
  Envelopes& operator=(const Envelopes&) = delete;

  bool locked() const;  // there is no password, so nothing can be opened or sealed

  // unauthorized: locked, or the password is not the one it was sealed with (or somebody changed
  // the text). invalid_request: another version, or no envelope at all. Details say what to do and
  // never hold the text.
  Result<Sealed> open(std::string_view text);
  // What is sealed from now on has the salt of this text, so that one key opens both. Nothing
  // happens when it is no envelope, or when something was sealed before.
  void share_salt_with(std::string_view text);
  // A fresh nonce for each, one salt for all that this object seals. unauthorized: locked.
  // too_large: more than kMaxPlainBytes.
  Result<std::string> seal(std::string_view plain, Random& random);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// AES-256-GCM with a key of 32 bytes that lies elsewhere: nonce (12 bytes), ciphertext, tag (16
// bytes). For bundles that this installation alone reads.
Result<std::string> seal_with_key(std::string_view key, std::string_view plain, Random& random);
// unauthorized: another key, or changed bytes.
Result<Sealed> open_with_key(std::string_view key, std::string_view sealed);

}  // namespace carapace::secret
