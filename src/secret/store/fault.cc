#include <algorithm>
#include <array>

#include "secret/store/contract.h"

namespace carapace::secret {
namespace {

constexpr std::array kFaults{
    StoreFaultRow{StoreFault::store_locked, "StoreLocked", Errc::forbidden, false},
    StoreFaultRow{StoreFault::store_unavailable, "StoreUnavailable", Errc::unavailable, true},
    StoreFaultRow{StoreFault::access_denied, "AccessDenied", Errc::forbidden, false},
    StoreFaultRow{StoreFault::not_found, "NotFound", Errc::not_found, false},
    StoreFaultRow{StoreFault::timeout, "Timeout", Errc::timeout, true},
    StoreFaultRow{StoreFault::key_too_long, "KeyTooLong", Errc::invalid_request, false},
    StoreFaultRow{StoreFault::value_too_long, "ValueTooLong", Errc::too_large, false},
    StoreFaultRow{StoreFault::quota_exceeded, "QuotaExceeded", Errc::too_large, false},
    StoreFaultRow{StoreFault::rate_limit_exceeded, "RateLimitExceeded", Errc::rate_limited, false},
    StoreFaultRow{StoreFault::index_corrupted, "IndexCorrupted", Errc::internal, false},
    StoreFaultRow{StoreFault::verification_failed, "VerificationFailed", Errc::internal, false},
    StoreFaultRow{StoreFault::json, "Json", Errc::internal, false},
    StoreFaultRow{StoreFault::io, "Io", Errc::unavailable, true},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kFaults.size(); ++i)
    if (static_cast<std::size_t>(kFaults[i].fault) != i) return false;
  return kFaults.size() == static_cast<std::size_t>(StoreFault::io) + 1;
}
static_assert(in_order());

}  // namespace

const StoreFaultRow& fault_row(StoreFault fault) {
  return kFaults[static_cast<std::size_t>(fault)];
}

std::unexpected<Error> store_fail(StoreFault fault, std::string_view detail) {
  const auto& row = fault_row(fault);
  return fail(row.code, std::string(row.name) + ": " + std::string(detail));
}

std::optional<StoreFault> fault_of(const Error& error) {
  const auto name = std::string_view(error.detail).substr(0, error.detail.find(": "));
  const auto row = std::ranges::find(kFaults, name, &StoreFaultRow::name);
  if (row == kFaults.end()) return std::nullopt;
  return row->fault;
}

}  // namespace carapace::secret
