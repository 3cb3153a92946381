#include "provider/stack/retry.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "async/coro.h"
#include "async/signal.h"
#include "log/log.h"

namespace carapace::provider {
namespace {

constexpr log::Log kLog{"provider"};

// Passes deltas on and remembers that there were any: from then on the answer was seen by somebody.
class Seen final : public EventSink {
 public:
  explicit Seen(EventSink& out) : out_(out) {}
  void on_begin() override { out_.on_begin(); }  // nobody saw anything yet
  void on_text(std::string_view delta) override {
    any_ = true;
    out_.on_text(delta);
  }
  void on_thinking(std::string_view delta) override {
    any_ = true;
    out_.on_thinking(delta);
  }
  bool any() const { return any_; }

 private:
  EventSink& out_;
  bool any_ = false;
};

double unit_interval(Random& random) {
  std::array<std::byte, 2> bytes{};
  random.fill(bytes);
  return (std::to_integer<int>(bytes[0]) * 256 + std::to_integer<int>(bytes[1])) / 65536.0;
}

Task<void> wait_or_stop(std::int64_t ms, Stop stop) {
  Signal stopped;
  const auto registration = stop.on_stop([&stopped] { stopped.notify_all(); });
  if (!stop.requested()) co_await stopped.wait_for(std::chrono::milliseconds(ms));
}

class Retry final : public Provider {
 public:
  Retry(Provider& inner, RetryPolicy policy, Random& random)
      : inner_(inner), policy_(policy), random_(random) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    Seen seen(events);
    for (int attempt = 0;; ++attempt) {
      auto answer = co_await inner_.complete(request, seen, context);
      if (answer || seen.any() || context.stop.requested()) co_return answer;
      const auto wait = retry_wait_ms(answer.error(), attempt, policy_, unit_interval(random_));
      if (wait < 0) co_return answer;
      kLog.warn("the model call failed and is repeated", {{"model", request.model},
                                                          {"attempt", std::to_string(attempt + 1)},
                                                          {"waitMs", std::to_string(wait)},
                                                          {"error", answer.error().detail}});
      co_await wait_or_stop(wait, context.stop);
      if (context.stop.requested()) co_return fail(Errc::cancelled, context.stop.reason());
    }
  }

 private:
  Provider& inner_;
  RetryPolicy policy_;
  Random& random_;
};

}  // namespace

std::int64_t retry_wait_ms(const Error& error, int attempt, const RetryPolicy& policy,
                           double jitter) {
  if (!errc_row(error.code).retryable || attempt >= policy.retries) return -1;
  if (error.retry_after_ms > policy.longest_asked_ms) return -1;
  if (error.retry_after_ms > 0) return error.retry_after_ms;
  const auto doubled = policy.first_wait_ms << std::min(attempt, 20);
  const auto wait = static_cast<double>(std::min(doubled, policy.longest_backoff_ms));
  return static_cast<std::int64_t>(wait * (1.0 - 0.25 * jitter));
}

std::unique_ptr<Provider> make_retry(Provider& inner, RetryPolicy policy, Random& random) {
  return std::make_unique<Retry>(inner, policy, random);
}

}  // namespace carapace::provider
