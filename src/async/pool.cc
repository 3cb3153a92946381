#include "async/pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace carapace {

struct Pool::Impl {
  std::string name;
  std::size_t limit;
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::move_only_function<void()>> queue;
  std::size_t idle = 0;
  bool closing = false;
  std::vector<std::jthread> threads;

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      ready.wait(lock, [this] { return closing || !queue.empty(); });
      --idle;
      if (queue.empty()) return;
      auto job = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }
};

Pool::Pool(std::string name, std::size_t threads) : impl_(std::make_unique<Impl>()) {
  impl_->name = std::move(name);
  impl_->limit = threads;
}

Pool::~Pool() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->closing = true;
  }
  impl_->ready.notify_all();
  impl_->threads.clear();
}

void Pool::submit(std::move_only_function<void()> work) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->queue.push_back(std::move(work));
  if (impl_->idle < impl_->queue.size() && impl_->threads.size() < impl_->limit) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
    ::pthread_setname_np(impl_->threads.back().native_handle(), impl_->name.substr(0, 15).c_str());
  }
  impl_->ready.notify_one();
}

}  // namespace carapace
