#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/strong_id.h"
#include "base/time_text.h"
#include "support/loop_fixture.h"

namespace carapace {
namespace {

TEST(TimeText, Iso8601) {
  EXPECT_EQ(iso8601(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso8601(1'769'508'000'123), "2026-01-27T10:00:00.123Z");
  EXPECT_EQ(iso8601(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso8601(-86'400'000), "1969-12-31T00:00:00.000Z");
  EXPECT_EQ(iso8601(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(utc_day(1'769'508'000'123), "2026-01-27");
}

TEST(TimeText, HttpDates) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777'000);
  EXPECT_EQ(parse_http_date("Tue, 27 Jan 2026 10:00:00 GMT"), 1'769'508'000'000);
  for (const char* bad :
       {"", "120", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 1994 08:-9:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994"})
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
}

TEST(Errors, EveryCodeHasItsRow) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
    const auto& row = errc_row(static_cast<Errc>(i));
    EXPECT_EQ(row.code, static_cast<Errc>(i));
    EXPECT_TRUE(names.insert(row.name).second);
    EXPECT_GE(row.http_status, 400);
    EXPECT_FALSE(row.user_sentence.empty());
    EXPECT_TRUE(row.rpc_code == "INVALID_REQUEST" || row.rpc_code == "UNAVAILABLE");
  }
  EXPECT_TRUE(errc_row(Errc::rate_limited).retryable);
  EXPECT_FALSE(errc_row(Errc::budget_exceeded).retryable);
}

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Errc::conflict, "{} is odd", number);
  return number / 2;
}
Result<int> quarter(int number) {
  TRY(const auto once, half(number));
  TRY(const auto twice, half(once));
  return twice;
}

TEST(Errors, TryPassesTheErrorOn) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().detail, "3 is odd");
  EXPECT_EQ(quarter(5).error(), (Error{Errc::conflict, "5 is odd", -1}));
}

TEST(Errors, CheckEndsTheProcess) {
  EXPECT_DEATH(CARAPACE_CHECK(1 == 2), "broken invariant at .*1 == 2");
}

TEST(RandomText, UuidsAndHex) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 500; ++i) {
    const auto id = uuid_v4(random);
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(random_hex(random, 16).size(), 32U);
  EXPECT_EQ(random_hex(random, 0), "");
  test::FixedRandom one(5), two(5);
  EXPECT_EQ(uuid_v4(one), uuid_v4(two));
}

TEST(Clocks, SystemMovesForward) {
  const SystemClock clock;
  const auto before = clock.steady_ms();
  EXPECT_GE(clock.steady_ms(), before);
  EXPECT_GT(clock.wall_ms(), 1'700'000'000'000);
}

TEST(StrongIds, CompareAndHashByValue) {
  using Id = StrongId<struct SomeTag>;
  EXPECT_EQ(Id("a"), Id("a"));
  EXPECT_LT(Id("a"), Id("b"));
  EXPECT_TRUE(Id().empty());
  EXPECT_EQ(std::hash<Id>{}(Id("x")), std::hash<Id>{}(Id("x")));
  static_assert(!std::is_convertible_v<std::string, Id>);
  static_assert(!std::is_convertible_v<StrongId<struct OtherTag>, Id>);
}

}  // namespace
}  // namespace carapace
