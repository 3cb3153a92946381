#include "domain/label.h"

#include <array>

namespace carapace {
namespace {
constexpr std::array<std::string_view, 4> kIntegrity{"owner", "paired", "public", "untrusted"};
constexpr std::array<std::string_view, 3> kConfidentiality{"public", "private", "secret"};
}  // namespace

std::string_view to_text(Integrity integrity) {
  return kIntegrity.at(static_cast<std::size_t>(integrity));
}
std::string_view to_text(Confidentiality confidentiality) {
  return kConfidentiality.at(static_cast<std::size_t>(confidentiality));
}

Integrity integrity_from(std::string_view text) {
  for (std::size_t i = 0; i < kIntegrity.size(); ++i)
    if (kIntegrity[i] == text) return static_cast<Integrity>(i);
  return Integrity::untrusted;
}

Confidentiality confidentiality_from(std::string_view text) {
  for (std::size_t i = 0; i < kConfidentiality.size(); ++i)
    if (kConfidentiality[i] == text) return static_cast<Confidentiality>(i);
  return Confidentiality::secret;
}

}  // namespace carapace
