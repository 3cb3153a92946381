#include "secret/sealed.h"

#if defined(_WIN32)
#include <windows.h>
#else
#include <openssl/crypto.h>
#endif

#include <utility>

#include "secret/hash.h"

namespace carapace::secret {

void wipe(std::string& text) noexcept {
  // Up to the capacity nothing is allocated, so this cannot throw.
  text.resize(text.capacity());
#if defined(_WIN32)
  SecureZeroMemory(text.data(), text.size());
#else
  OPENSSL_cleanse(text.data(), text.size());
#endif
  text.clear();
}

// A short string keeps its bytes inside the object, so that moving leaves a copy behind.
Sealed::Sealed(std::string&& text) : text_(std::move(text)) { wipe(text); }

Sealed::Sealed(Sealed&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }

Sealed& Sealed::operator=(const Sealed& other) {
  if (this == &other) return *this;
  wipe(text_);
  text_ = other.text_;
  return *this;
}

Sealed& Sealed::operator=(Sealed&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_);
  text_ = std::move(other.text_);
  wipe(other.text_);
  return *this;
}

Sealed::~Sealed() { wipe(text_); }

bool Sealed::equals(std::string_view candidate) const {
  return constant_time_equal(text_, candidate) && !text_.empty();
}

}  // namespace carapace::secret
