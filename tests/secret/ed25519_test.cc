#include "secret/ed25519.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "secret/hash.h"

namespace carapace::secret {
namespace {

// Protocol §1.7: the key pair of the seed 00..1f.
const std::string kKey = from_base64_any("A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg").value();
const std::string kV2 =
    "v2|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|cli|cli|operator|"
    "operator.admin,operator.approvals,operator.pairing|1737264000000|secret-token|"
    "550e8400-e29b-41d4-a716-446655440000";
const std::string kV2Signature =
    from_base64_any(
        "p1HFkaWSrwfOgnPrepBXq7pPeJkQkKZ_UiFi7Biin2dRbP_QNL1STLGbX7lZ1nLDKPcCutV6mqIqF-hVYzwgDw")
        .value();
const std::string kV1 =
    "v1|56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c|moltbot-android|ui|"
    "operator||"
    "1737264000000|";
const std::string kV1Signature =
    from_base64_any(
        "lC_mv4qgRg7P2tqsMBZwav_LKxxYacZdmDYDMPhHcawX1Es_h_ZNy4FECT80yKcC4jbJIFogcqINJn6KuF2xDw")
        .value();

TEST(Ed25519, ProtocolVectors) {
  EXPECT_EQ(sha256_hex(kKey), "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c");
  EXPECT_TRUE(ed25519_verify(kKey, kV2, kV2Signature));
  EXPECT_TRUE(ed25519_verify(kKey, kV1, kV1Signature));
  EXPECT_FALSE(ed25519_verify(kKey, kV1, kV2Signature));
}

// RFC 8032 §7.1, test 1: the empty message.
TEST(Ed25519, EmptyMessage) {
  const auto key =
      from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").value();
  const auto signature = from_hex(
                             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88"
                             "21590a33bacc61e39701cf9b46bd25bf5f0595bbe246551"
                             "41438e7a100b")
                             .value();
  EXPECT_TRUE(ed25519_verify(key, "", signature));
  EXPECT_FALSE(ed25519_verify(key, "x", signature));
}

TEST(Ed25519, EveryFlippedBitIsNoticed) {
  for (std::size_t i = 0; i < kV2Signature.size(); ++i) {
    auto bad = kV2Signature;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(ed25519_verify(kKey, kV2, bad)) << i;
  }
  for (std::size_t i = 0; i < kV2.size(); ++i) {
    auto bad = kV2;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(ed25519_verify(kKey, bad, kV2Signature)) << i;
  }
}

TEST(Ed25519, WrongLengthsAreFalse) {
  for (const std::size_t length : {0U, 1U, 31U, 33U, 64U})
    EXPECT_FALSE(ed25519_verify(std::string(length, 'k'), kV2, kV2Signature));
  for (const std::size_t length : {0U, 1U, 63U, 65U, 1000U})
    EXPECT_FALSE(ed25519_verify(kKey, kV2, std::string(length, 's')));
  EXPECT_FALSE(ed25519_verify({}, {}, {}));
}

}  // namespace
}  // namespace carapace::secret
