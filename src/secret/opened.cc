#include "secret/opened.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

namespace carapace::secret {
namespace {

struct Fetch {
  bool done = false;
  Result<Sealed> answer = fail(Errc::internal, "not fetched");
};

}  // namespace

struct Opened::Impl {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Sealed, std::less<>> known;
  std::map<std::string, std::shared_ptr<Fetch>, std::less<>> under_way;
};

Opened::Opened() : impl_(std::make_unique<Impl>()) {}
Opened::~Opened() = default;

std::optional<Sealed> Opened::known(const std::string& reference) const {
  const std::scoped_lock held(impl_->mutex);
  const auto found = impl_->known.find(reference);
  if (found == impl_->known.end()) return std::nullopt;
  return found->second;
}

Result<Sealed> Opened::get(const std::string& reference,
                           const std::function<Result<Sealed>()>& fetch) {
  auto mine = std::make_shared<Fetch>();
  {
    std::unique_lock held(impl_->mutex);
    if (const auto found = impl_->known.find(reference); found != impl_->known.end())
      return found->second;
    if (const auto [at, first] = impl_->under_way.emplace(reference, mine); !first) {
      const auto other = at->second;
      impl_->changed.wait(held, [&other] { return other->done; });
      return other->answer;
    }
  }
  auto answer = fetch();
  const std::scoped_lock held(impl_->mutex);
  // After `forget` this fetch is nobody's any more: a newer one may be on its way.
  const auto at = impl_->under_way.find(reference);
  if (at != impl_->under_way.end() && at->second == mine) {
    impl_->under_way.erase(at);
    if (answer) impl_->known.insert_or_assign(reference, *answer);
  }
  mine->answer = answer;
  mine->done = true;
  impl_->changed.notify_all();
  return answer;
}

void Opened::forget() {
  const std::scoped_lock held(impl_->mutex);
  impl_->known.clear();
  impl_->under_way.clear();
}

void Opened::forget(const std::string& reference) {
  const std::scoped_lock held(impl_->mutex);
  impl_->known.erase(reference);
  impl_->under_way.erase(reference);
}

}  // namespace carapace::secret
