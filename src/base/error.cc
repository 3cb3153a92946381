#include "base/error.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace carapace {
namespace {

constexpr std::array kRows{
    ErrcRow{Errc::invalid_request, "invalid_request", "INVALID_REQUEST", 400, false,
            "That request was not understood."},
    ErrcRow{Errc::unauthorized, "unauthorized", "INVALID_REQUEST", 401, false,
            "The credential for this is missing or was refused."},
    ErrcRow{Errc::forbidden, "forbidden", "INVALID_REQUEST", 403, false,
            "That is not allowed here."},
    ErrcRow{Errc::not_found, "not_found", "INVALID_REQUEST", 404, false, "That was not found."},
    ErrcRow{Errc::conflict, "conflict", "INVALID_REQUEST", 409, false,
            "Something else changed this at the same time."},
    ErrcRow{Errc::too_large, "too_large", "INVALID_REQUEST", 413, false, "That was too large."},
    ErrcRow{Errc::rate_limited, "rate_limited", "UNAVAILABLE", 429, true,
            "The model is receiving too many requests at the moment. Please try again shortly."},
    ErrcRow{Errc::budget_exceeded, "budget_exceeded", "UNAVAILABLE", 402, false,
            "There is no money for this: the daily spending cap, or the credit at the provider, is "
            "used up."},
    ErrcRow{Errc::unavailable, "unavailable", "UNAVAILABLE", 503, true,
            "The model service could not be reached."},
    ErrcRow{Errc::timeout, "timeout", "UNAVAILABLE", 504, true,
            "The model took too long to answer."},
    ErrcRow{Errc::cancelled, "cancelled", "UNAVAILABLE", 499, false, "The answer was stopped."},
    ErrcRow{Errc::internal, "internal", "UNAVAILABLE", 500, false,
            "Something went wrong inside the gateway; its log says what."},
};

}  // namespace

const ErrcRow& errc_row(Errc code) {
  const auto& row = kRows.at(static_cast<std::size_t>(code));
  CARAPACE_CHECK(row.code == code);
  return row;
}

void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "carapace: broken invariant at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace carapace
