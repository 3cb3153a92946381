#include "secret/sealed.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <concepts>
#include <cstring>
#include <sstream>
#include <type_traits>

namespace carapace::secret {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <typename T>
concept Comparable = requires(const T& value) { value == value; };

static_assert(!fmt::is_formattable<Sealed>::value);
static_assert(!Streamable<Sealed>);
static_assert(!Comparable<Sealed>, "comparing with == would tell by its time");
static_assert(!std::convertible_to<Sealed, std::string_view>);
static_assert(!std::convertible_to<Sealed, std::string>);
static_assert(!std::convertible_to<std::string, Sealed>);

TEST(Sealed, CopiesMovesAndReveals) {
  Sealed a(std::string("hunter2"));
  const Sealed b = a;
  const Sealed c = std::move(a);
  EXPECT_EQ(b.reveal(), "hunter2");
  EXPECT_EQ(c.reveal(), "hunter2");
  EXPECT_TRUE(a.empty());  // NOLINT: that a moved-from one is empty is what is tested
  Sealed d;
  EXPECT_TRUE(d.empty());
  d = c;
  d = *&d;
  EXPECT_EQ(d.reveal(), "hunter2");
  a = std::move(d);
  EXPECT_EQ(a.reveal(), "hunter2");
  EXPECT_TRUE(d.empty());  // NOLINT
}

TEST(Sealed, ComparesOnlyWhenThereIsSomething) {
  EXPECT_TRUE(Sealed(std::string("x")).equals("x"));
  EXPECT_FALSE(Sealed(std::string("x")).equals("y"));
  EXPECT_FALSE(Sealed().equals(""));
}

TEST(Sealed, WipeLeavesNothingEvenInSpareCapacity) {
  std::string text = "a secret that is too long for the object itself";
  text.reserve(200);
  const char* bytes = text.data();
  text.resize(5);
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.data(), bytes);
  for (std::size_t i = 0; i < text.capacity(); ++i) ASSERT_EQ(bytes[i], '\0') << i;
}

// A short text lives inside the object: after a move nothing of it may be left there.
TEST(Sealed, MovedFromShortTextIsGone) {
  std::string text = "short";
  const char* inside = text.data();
  const Sealed sealed(std::move(text));
  EXPECT_EQ(sealed.reveal(), "short");
  EXPECT_EQ(std::memcmp(inside, "\0\0\0\0\0", 5), 0);
}

}  // namespace
}  // namespace carapace::secret
