// Where words come from and who may see them. Labels join over everything that is in a context, are
// stored with each message, and decide (tool/policy) which tool needs a person's word. Values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace carapace {

// Ordered from most to least trustworthy: joining takes the greater.
enum class Integrity : std::uint8_t { owner, paired, open, untrusted };
// Ordered from least to most protected: joining takes the greater.
enum class Confidentiality : std::uint8_t { open, personal, secret };

struct Label {
  Integrity integrity = Integrity::owner;
  Confidentiality confidentiality = Confidentiality::personal;
  bool operator==(const Label&) const = default;
};

constexpr Label join(Label a, Label b) {
  return {std::max(a.integrity, b.integrity), std::max(a.confidentiality, b.confidentiality)};
}

// Stored and shown names: owner|paired|public|untrusted, public|private|secret.
std::string_view to_text(Integrity integrity);
std::string_view to_text(Confidentiality confidentiality);
// Unknown text reads as the most careful value.
Integrity integrity_from(std::string_view text);
Confidentiality confidentiality_from(std::string_view text);

}  // namespace carapace
