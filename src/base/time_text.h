// Times as text. All times in the house are Unix milliseconds; these are the only conversions.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carapace {

std::string iso8601(std::int64_t unix_ms);  // 2026-01-27T10:00:00.000Z
std::string utc_day(std::int64_t unix_ms);  // 2026-01-27
// RFC 7231 HTTP date (IMF-fixdate), as in Retry-After. Milliseconds.
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace carapace
