#include "base/time_text.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <ctime>

namespace carapace {
namespace {

std::tm utc(std::int64_t unix_ms) {
  std::int64_t seconds = unix_ms / 1000;
  if (unix_ms % 1000 < 0) --seconds;
  const auto time = static_cast<std::time_t>(seconds);
  std::tm out{};
  ::gmtime_r(&time, &out);
  return out;
}

}  // namespace

std::string iso8601(std::int64_t unix_ms) {
  const auto tm = utc(unix_ms);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unix_ms % 1000 + 1000) % 1000);
}

std::string utc_day(std::int64_t unix_ms) { return iso8601(unix_ms).substr(0, 10); }

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 4> month{};
  std::tm tm{};
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &tm.tm_mday, month.data(),
                  &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
    return std::nullopt;
  tm.tm_mon = -1;
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    if (kMonths[i] == month.data()) tm.tm_mon = static_cast<int>(i);
  const auto within = [](int value, int low, int high) { return value >= low && value <= high; };
  const bool date = tm.tm_mon >= 0 && within(tm.tm_mday, 1, 31) && within(tm.tm_year, 1900, 9999);
  // 60: leap seconds are written so.
  if (!date || !within(tm.tm_hour, 0, 23) || !within(tm.tm_min, 0, 59) || !within(tm.tm_sec, 0, 60))
    return std::nullopt;
  tm.tm_year -= 1900;
  return static_cast<std::int64_t>(::timegm(&tm)) * 1000;
}

}  // namespace carapace
