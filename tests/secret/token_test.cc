#include "secret/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::secret {
namespace {

using test::mode_of;
using test::TempDir;
using test::write_text;

TEST(RandomToken, SixtyFourHexCharactersAndNeverTheSame) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto token = random_token(random);
    EXPECT_EQ(token.reveal().size(), 64U);
    EXPECT_EQ(token.reveal().find_first_not_of("0123456789abcdef"), std::string_view::npos);
    seen.emplace(token.reveal());
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(TokenFile, IsCreatedOnceAndStaysTheSame) {
  const TempDir dir;
  SystemRandom random;
  const auto path = dir / kGatewayTokenFile;
  EXPECT_EQ(load_token(path).error().code, Errc::not_found);
  const auto first = load_or_create_token(path, random);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(load_or_create_token(path, random)->reveal(), first->reveal());
  EXPECT_EQ(load_token(path)->reveal(), first->reveal());
}

TEST(TokenFile, OwnTokenIsTrimmedAndMadePrivate) {
  const TempDir dir;
  SystemRandom random;
  const auto path = dir / kGatewayTokenFile;
  write_text(path, "  my own token\r\n");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(load_or_create_token(path, random)->reveal(), "my own token");
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST(TokenFile, EmptyFileGetsANewToken) {
  const TempDir dir;
  SystemRandom random;
  const auto path = dir / kGatewayTokenFile;
  write_text(path, "\n \n");
  EXPECT_EQ(load_or_create_token(path, random)->reveal().size(), 64U);
}

TEST(TokenFile, RefusesALinkAndAnUnwritableFolder) {
  const TempDir dir;
  SystemRandom random;
  write_text(dir / "target", "not yours");
  ASSERT_EQ(::symlink("target", (dir / "gateway.token").c_str()), 0);
  const auto linked = load_or_create_token(dir / kGatewayTokenFile, random);
  ASSERT_FALSE(linked);
  EXPECT_EQ(linked.error().code, Errc::invalid_request);
  EXPECT_EQ(test::read_text(dir / "target"), "not yours");
  EXPECT_EQ(load_or_create_token(dir / "none/gateway.token", random).error().code, Errc::not_found);
}

TEST(TokenFile, CreatorsAtOnceAgree) {
  const TempDir dir;
  const auto path = dir / kGatewayTokenFile;
  std::vector<std::string> tokens(8);
  {
    std::vector<std::jthread> creators;
    for (auto& token : tokens)
      creators.emplace_back([&path, &token] {
        SystemRandom random;
        if (const auto made = load_or_create_token(path, random)) token = made->reveal();
      });
  }
  for (const auto& token : tokens) EXPECT_EQ(token, tokens.front());
  EXPECT_EQ(tokens.front().size(), 64U);
}

}  // namespace
}  // namespace carapace::secret
