// A secret text that cannot be printed by accident: no conversion, no formatter, no stream
// operator, no comparison. It is wiped when it goes. Whoever must send it calls `reveal` and keeps
// no copy. A value; any thread.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace carapace::secret {

class Sealed {
 public:
  Sealed() = default;
  explicit Sealed(std::string&& text);  // takes the bytes over and wipes what the caller held
  Sealed(const Sealed&) = default;
  Sealed(Sealed&& other) noexcept;
  Sealed& operator=(const Sealed& other);
  Sealed& operator=(Sealed&& other) noexcept;
  ~Sealed();

  std::string_view reveal() const { return text_; }  // valid as long as this object is unchanged
  bool empty() const { return text_.empty(); }
  bool equals(std::string_view candidate) const;  // in constant time; false when this is empty

 private:
  std::string text_;
};

std::ostream& operator<<(std::ostream&, const Sealed&) = delete;

// Overwrites the text, its spare capacity too, in a way that no optimiser removes; then it is
// empty.
void wipe(std::string& text) noexcept;

}  // namespace carapace::secret
