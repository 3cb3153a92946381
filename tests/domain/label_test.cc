#include "domain/label.h"

#include <gtest/gtest.h>

#include <vector>

namespace carapace {
namespace {

std::vector<Label> all_labels() {
  std::vector<Label> all;
  for (int i = 0; i <= static_cast<int>(Integrity::untrusted); ++i)
    for (int c = 0; c <= static_cast<int>(Confidentiality::secret); ++c)
      all.push_back({static_cast<Integrity>(i), static_cast<Confidentiality>(c)});
  return all;
}

// Joining is what makes labels safe: order, grouping and repetition of what was read may not
// matter, and nothing ever becomes more trusted or less protected.
TEST(LabelProperty, JoinIsASemilattice) {
  for (const auto a : all_labels()) {
    EXPECT_EQ(join(a, a), a);
    for (const auto b : all_labels()) {
      EXPECT_EQ(join(a, b), join(b, a));
      EXPECT_GE(join(a, b).integrity, a.integrity);
      EXPECT_GE(join(a, b).confidentiality, a.confidentiality);
      for (const auto c : all_labels()) EXPECT_EQ(join(join(a, b), c), join(a, join(b, c)));
    }
  }
}

TEST(Label, NamesRoundTripAndUnknownIsCareful) {
  for (const auto label : all_labels()) {
    EXPECT_EQ(integrity_from(to_text(label.integrity)), label.integrity);
    EXPECT_EQ(confidentiality_from(to_text(label.confidentiality)), label.confidentiality);
  }
  EXPECT_EQ(integrity_from("OWNER"), Integrity::untrusted);
  EXPECT_EQ(integrity_from(""), Integrity::untrusted);
  EXPECT_EQ(confidentiality_from("nonsense"), Confidentiality::secret);
  EXPECT_EQ(to_text(Integrity::open), "public");
  EXPECT_EQ(to_text(Confidentiality::personal), "private");
}

}  // namespace
}  // namespace carapace
