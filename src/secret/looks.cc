#include "secret/looks.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "async/completion.h"
#include "async/coro.h"
#include "async/pool.h"

namespace carapace::secret {
namespace {

constexpr std::size_t kThreads = 8;  // programs that hang must not hold up the others

using Answer = Result<Sealed>;
using Told = std::vector<std::pair<Waiter<Answer>, Answer>>;

Answer stopping() { return fail(Errc::cancelled, "the gateway is stopping"); }

struct Look {
  std::stop_source stop;
  std::map<std::uint64_t, Waiter<Answer>> waiters;
};

}  // namespace

struct Looks::Impl {
  Opened& opened;
  Fetch fetch;
  std::mutex mutex;  // of what follows
  bool given_up = false;
  std::map<std::string, std::shared_ptr<Look>, std::less<>> looks;
  std::uint64_t last_waiter = 0;
  Pool pool{"secrets", kThreads};

  Impl(Opened& keeps, Fetch by) : opened(keeps), fetch(std::move(by)) {}

  std::uint64_t wait(const std::string& reference, Waiter<Answer> waiter);
  void finish(const std::string& reference, const std::shared_ptr<Look>& look);
  void leave(const std::string& reference, std::uint64_t who, const std::string& why);
};

// Joins the look that is under way, or begins one; says as whom.
std::uint64_t Looks::Impl::wait(const std::string& reference, Waiter<Answer> waiter) {
  const std::scoped_lock held(mutex);
  const auto who = ++last_waiter;
  if (given_up) {
    std::move(waiter).complete(stopping());
    return who;
  }
  auto& look = looks[reference];
  const bool first = !look;
  if (first) look = std::make_shared<Look>();
  look->waiters.emplace(who, std::move(waiter));
  if (first) pool.submit([this, reference, look] { finish(reference, look); });
  return who;
}

// On a thread of the pool.
void Looks::Impl::finish(const std::string& reference, const std::shared_ptr<Look>& look) {
  const auto answer = look->stop.stop_requested() ? stopping() : opened.get(reference, [&] {
    return fetch(reference, look->stop.get_token());
  });
  Told told;
  {
    const std::scoped_lock held(mutex);
    const auto at = looks.find(reference);
    if (at != looks.end() && at->second == look) looks.erase(at);
    for (auto& [who, waiter] : look->waiters) told.emplace_back(std::move(waiter), answer);
    look->waiters.clear();
  }
  complete_all(std::move(told));
}

void Looks::Impl::leave(const std::string& reference, std::uint64_t who, const std::string& why) {
  const std::scoped_lock held(mutex);
  const auto at = looks.find(reference);
  if (at == looks.end()) return;
  const auto look = at->second;
  auto waiter = look->waiters.extract(who);
  if (waiter.empty()) return;
  std::move(waiter.mapped()).complete(fail(Errc::cancelled, "{}", why));
  if (!look->waiters.empty()) return;
  // Who comes next begins anew, and does not get the answer of what was ended.
  looks.erase(at);
  opened.forget(reference);
  look->stop.request_stop();
}

Looks::Looks(Opened& opened, Fetch fetch)
    : impl_(std::make_unique<Impl>(opened, std::move(fetch))) {}
Looks::~Looks() { give_up(); }

Task<Result<Sealed>> Looks::open(std::string reference, Stop stop) {
  if (stop.requested()) co_return fail(Errc::cancelled, "stopped: {}", stop.reason());
  auto* impl = impl_.get();
  std::uint64_t who = 0;
  const auto leaving =
      stop.on_stop([&, impl] { impl->leave(reference, who, "stopped: " + stop.reason()); });
  co_return co_await park<Answer>(
      [&, impl](Waiter<Answer> waiter) { who = impl->wait(reference, std::move(waiter)); });
}

void Looks::give_up() {
  Told told;
  {
    const std::scoped_lock held(impl_->mutex);
    impl_->given_up = true;
    for (const auto& [reference, look] : std::exchange(impl_->looks, {})) {
      look->stop.request_stop();
      for (auto& [who, waiter] : look->waiters) told.emplace_back(std::move(waiter), stopping());
      look->waiters.clear();
    }
  }
  complete_all(std::move(told));
}

}  // namespace carapace::secret
