// The one error type of the house. `Errc` is the policy: who may retry, what a client is told and
// which status a face answers with are columns of one table (`errc_row`). A `Result` says "the
// world failed"; expected answers are part of the value; our own mistakes are CHECKs. Any thread; a
// value.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace carapace {

enum class Errc : std::uint8_t {
  invalid_request,  // the caller sent something we refuse; mending it is the caller's work
  unauthorized,     // no or wrong credential
  forbidden,        // known caller, not allowed
  not_found,
  conflict,         // lost a race, stale hash, already running
  too_large,        // a stated limit was passed
  rate_limited,     // retry later (detail may carry when)
  budget_exceeded,  // a spending cap holds
  unavailable,      // a peer or resource is away: retry may help
  timeout,          // a deadline passed: retry may help
  cancelled,        // somebody asked us to stop
  internal,         // we failed; the detail is for the log, never for a chat user
};

struct Error {
  Errc code = Errc::internal;
  std::string detail;                // full cause for the log and for operators; no secrets
  std::int64_t retry_after_ms = -1;  // from the peer, -1 when it said nothing

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// What each code means to the faces. One table; nobody keeps a second one.
struct ErrcRow {
  Errc code;
  std::string_view name;      // stable, for logs and JSON
  std::string_view rpc_code;  // protocol 3 error code (upper case; clients match on it)
  std::uint16_t http_status;
  bool retryable;                  // may the same call succeed later without change?
  std::string_view user_sentence;  // shown in chats instead of internals
};
const ErrcRow& errc_row(Errc code);

inline std::unexpected<Error> fail(Errc code, std::string detail) {
  return std::unexpected(Error{code, std::move(detail), -1});
}
template <typename... Args>
  requires(sizeof...(Args) > 0)
std::unexpected<Error> fail(Errc code, fmt::format_string<Args...> text, Args&&... args) {
  return fail(code, fmt::format(text, std::forward<Args>(args)...));
}

// Ends the process with a message: for conditions that only our own mistake can break.
[[noreturn]] void check_failed(const char* file, int line, const char* what);

}  // namespace carapace

#define CARAPACE_CHECK(condition)                               \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::carapace::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#define CARAPACE_CONCAT2(a, b) a##b
#define CARAPACE_CONCAT(a, b) CARAPACE_CONCAT2(a, b)
#define CARAPACE_TRY_IMPL(tmp, ret, decl, expr)          \
  auto tmp = (expr);                                     \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = std::move(tmp).value()
// TRY(auto x, call()): takes the value or returns the error. CO_TRY is the same inside coroutines.
#define TRY(decl, expr) CARAPACE_TRY_IMPL(CARAPACE_CONCAT(try_, __LINE__), return, decl, expr)
#define CO_TRY(decl, expr) CARAPACE_TRY_IMPL(CARAPACE_CONCAT(try_, __LINE__), co_return, decl, expr)
#define TRY_STATUS(expr) \
  if (auto try_status = (expr); !try_status) return std::unexpected(std::move(try_status).error())
#define CO_TRY_STATUS(expr)                  \
  if (auto try_status = (expr); !try_status) \
  co_return std::unexpected(std::move(try_status).error())
