// What a credential store is: a place of this machine that keeps small secrets under a service and
// an account. One file for each kind of store implements it; secret/credentials.h says names,
// quotas and the order of a change. Free of coroutines, so that each can be built and tested alone.
// Blocks, at most for the limits below: never on the loop. Any thread, one call at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "secret/sealed.h"

namespace carapace::secret {

inline constexpr std::string_view kCredentialService = "carapace";
inline constexpr std::size_t kMaxAccountBytes = 64;
inline constexpr std::size_t kMaxValueBytes = 64UL << 10U;
// Of one attempt (infrastructure specification B.3).
inline constexpr std::chrono::seconds kReadLimit{5};
inline constexpr std::chrono::seconds kWriteLimit{10};

// What can be in the way, as the specification names it (B.3).
enum class StoreFault : std::uint8_t {
  store_locked,
  store_unavailable,
  access_denied,
  not_found,
  timeout,
  key_too_long,
  value_too_long,
  quota_exceeded,
  rate_limit_exceeded,
  index_corrupted,
  verification_failed,
  json,
  io,
};
struct StoreFaultRow {
  StoreFault fault;
  std::string_view name;  // "StoreLocked"; opens the detail of every error of a store
  Errc code;
  bool worth_repeating;  // may the same call go well in a moment?
};
const StoreFaultRow& fault_row(StoreFault fault);
// "StoreLocked: <detail>" with the code of the row. Details say what to do and hold no value.
std::unexpected<Error> store_fail(StoreFault fault, std::string_view detail);
std::optional<StoreFault> fault_of(const Error& error);  // read from the detail

class Store {
 public:
  virtual ~Store() = default;
  // not_found when there is none.
  virtual Result<Sealed> get(const std::string& service, const std::string& account) = 0;
  // Replaces what is there. `value` has 1 to kMaxValueBytes bytes of any kind.
  virtual Status set(const std::string& service, const std::string& account,
                     const Sealed& value) = 0;
  // not_found when there is none.
  virtual Status remove(const std::string& service, const std::string& account) = 0;
};

}  // namespace carapace::secret
