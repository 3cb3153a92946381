// A bounded queue between coroutines of the loop: back-pressure is `push` answering false. One
// reader. After `close`, what is queued is still delivered, then `pop` answers nullopt. Loop thread
// only.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "async/signal.h"

namespace carapace {

template <typename T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool push(T item) {
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }
  Task<std::optional<T>> pop() {
    while (items_.empty() && !closed_) co_await changed_.wait();
    co_return try_pop();
  }
  std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }
  void close() {
    closed_ = true;
    changed_.notify_all();
  }
  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }

 private:
  std::size_t capacity_;
  bool closed_ = false;
  std::deque<T> items_;
  Signal changed_;
};

}  // namespace carapace
