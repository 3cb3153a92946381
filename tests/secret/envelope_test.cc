#include "secret/envelope.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"

namespace carapace::secret {
namespace {

Sealed word(std::string text) { return Sealed(std::move(text)); }

// Made with another implementation (hash-wasm and Node's crypto) of the same form:
// password "correct horse", nonce 00…0b, salt 10…1f.
constexpr const char* kForeign =
    "enc:v2:AAECAwQFBgcICQoL:n6ptgcHHvHCeRmO1cJGljjXeaXLUKnQfgknURmWb52yc:EBESExQVFhcYGRobHB0eHw==";

TEST(Envelope, IsToldByItsPrefix) {
  EXPECT_TRUE(is_envelope("enc:v2:a:b:c"));
  EXPECT_TRUE(is_envelope("enc:v1:x"));
  EXPECT_TRUE(is_envelope("enc:v99:"));
  for (const auto* text : {"", "enc", "enc:", "enc:v", "enc:v:", "enc:v2", "enc:vx:", "enc:v2x:a",
                           "ENC:v2:a", " enc:v2:a", "encore:v2:"})
    EXPECT_FALSE(is_envelope(text)) << text;
}

TEST(Envelope, OpensWhatItSealedAndNothingIsTheSameTwice) {
  SystemRandom random;
  Envelopes mine(word("pass"));
  std::set<std::string> seen;
  for (const auto& plain : {std::string(), std::string("x"), std::string("sk-ünï\n\0x", 9),
                            std::string(Envelopes::kMaxPlainBytes, 'k')}) {
    const auto sealed = mine.seal(plain, random);
    ASSERT_TRUE(sealed) << sealed.error().detail;
    EXPECT_TRUE(seen.insert(*sealed).second);
    const auto opened = mine.open(*sealed);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(opened->reveal(), plain);
  }
  const auto one = mine.seal("x", random);
  EXPECT_TRUE(seen.insert(*one).second);
  const auto parts = split(*one, ':');
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(from_base64(parts[2])->size(), 12U);
  EXPECT_EQ(from_base64(parts[3])->size(), 1U + 16U);
  EXPECT_EQ(from_base64(parts[4])->size(), 16U);
}

TEST(Envelope, ReadsWhatAnotherImplementationWrote) {
  Envelopes mine(word("correct horse"));
  const auto opened = mine.open(kForeign);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->reveal(), "sk-from-elsewhere");
}

TEST(Envelope, TellsAWrongPasswordALockAndAnotherVersionApart) {
  Envelopes wrong(word("wrong horse"));
  const auto refused = wrong.open(kForeign);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unauthorized);
  EXPECT_NE(refused.error().detail.find("not the password"), std::string::npos);

  Envelopes locked{Sealed()};
  EXPECT_TRUE(locked.locked());
  EXPECT_EQ(locked.open(kForeign).error().code, Errc::unauthorized);
  EXPECT_NE(locked.open(kForeign).error().detail.find("locked"), std::string::npos);
  SystemRandom random;
  EXPECT_EQ(locked.seal("x", random).error().code, Errc::unauthorized);

  Envelopes mine(word("correct horse"));
  for (const auto* text : {"enc:v1:a:b", "enc:v3:a:b:c", "enc:v22:a:b:c"}) {
    const auto other = mine.open(text);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::invalid_request);
    EXPECT_NE(other.error().detail.find("does not know"), std::string::npos) << text;
  }
}

TEST(Envelope, EveryChangedByteIsFound) {
  Envelopes mine(word("correct horse"));
  const std::string whole = kForeign;
  for (std::size_t part = 2; part < 5; ++part) {
    const auto fields = split(whole, ':');
    auto bytes = *from_base64(fields[part]);
    // One bit of each byte of nonce and ciphertext; of the salt one is enough, each costs a key.
    for (std::size_t at = 0; at < (part == 4 ? 1 : bytes.size()); ++at) {
      auto changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      std::string text;
      for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) text += ':';
        text += i == part ? to_base64(changed) : std::string(fields[i]);
      }
      EXPECT_EQ(mine.open(text).error().code, Errc::unauthorized) << part << " " << at;
    }
  }
}

TEST(Envelope, CutTextsAreRefusedWithoutAKeyBeingMade) {
  Envelopes mine(word("correct horse"));
  const std::string whole = kForeign;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto opened = mine.open(whole.substr(0, length));
    ASSERT_FALSE(opened) << length;
    EXPECT_EQ(opened.error().code, Errc::invalid_request) << length;
    EXPECT_EQ(opened.error().detail.find(whole.substr(7, 16)), std::string::npos);
  }
  for (const auto* text :
       {"enc:v2:::", "enc:v2:!!:!!:!!", "enc:v2:a:b:c:d", "enc:v2:AAAA:AAAA:AAAA"})
    EXPECT_EQ(mine.open(text).error().code, Errc::invalid_request) << text;
  EXPECT_EQ(mine.open("enc:v2:" + std::string(1 << 20, 'A') + ":b:c").error().code,
            Errc::invalid_request);
}

TEST(Envelope, ManyReadersShareOneKey) {
  Envelopes mine(word("correct horse"));
  std::vector<std::jthread> readers;
  std::atomic<int> good = 0;
  for (int i = 0; i < 16; ++i)
    readers.emplace_back([&] {
      for (int round = 0; round < 50; ++round)
        if (const auto opened = mine.open(kForeign);
            opened && opened->reveal() == "sk-from-elsewhere")
          ++good;
    });
  readers.clear();
  EXPECT_EQ(good, 16 * 50);
}

TEST(Envelope, WhatIsAddedToAFileSharesItsSalt) {
  SystemRandom random;
  Envelopes mine(word("correct horse"));
  mine.share_salt_with("no envelope");
  mine.share_salt_with(kForeign);
  mine.share_salt_with("enc:v2:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAA==");
  const auto sealed = mine.seal("more", random).value();
  EXPECT_EQ(split(sealed, ':').back(), split(kForeign, ':').back());
  EXPECT_EQ(mine.open(sealed)->reveal(), "more");
}

TEST(Envelope, TooLongIsRefused) {
  SystemRandom random;
  Envelopes mine(word("p"));
  EXPECT_EQ(mine.seal(std::string(Envelopes::kMaxPlainBytes + 1, 'x'), random).error().code,
            Errc::too_large);
}

TEST(SealedWithKey, OpensWithThatKeyAlone) {
  SystemRandom random;
  const std::string key(32, 'k');
  const auto sealed = seal_with_key(key, "bundle", random);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(open_with_key(key, *sealed)->reveal(), "bundle");
  EXPECT_EQ(open_with_key(std::string(32, 'x'), *sealed).error().code, Errc::unauthorized);
  EXPECT_EQ(open_with_key("short", *sealed).error().code, Errc::unauthorized);
  EXPECT_EQ(seal_with_key("short", "x", random).error().code, Errc::invalid_request);
  for (std::size_t length = 0; length < sealed->size(); ++length)
    EXPECT_FALSE(open_with_key(key, std::string_view(*sealed).substr(0, length))) << length;
}

}  // namespace
}  // namespace carapace::secret
