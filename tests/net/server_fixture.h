// A real server on a thread of its own, for tests that talk to it with plain sockets. Handlers are
// set before `start`; what they see is handed to the test through `Seen`. Loopback, port 0.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "async/coro.h"
#include "async/loop.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "net/server.h"
#include "support/raw_client.h"

namespace carapace::net::test {

// Values on their way from the loop to the test.
template <typename T>
class Seen {
 public:
  void put(T value) {
    const std::scoped_lock lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::optional<T> take(std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [this] { return !values_.empty(); })) return std::nullopt;
    auto value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return values_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

class ServerTest : public ::testing::Test {
 protected:
  using Http = std::function<Task<void>(ServerRequest, Responder&)>;

  ~ServerTest() override { stop(); }

  void start() {
    auto server = listen(loop_, options_, handler_);
    ASSERT_TRUE(server) << server.error().detail;
    server_ = *std::move(server);
    port_ = server_->port();
    thread_ = std::thread([this] { loop_.run_task(wait_for_end(this)); });
  }
  // Runs on the loop and waits for it.
  template <typename F>
  auto on_loop(F work) {
    std::promise<decltype(work())> done;
    auto result = done.get_future();
    loop_.post([&] {
      if constexpr (std::is_void_v<decltype(work())>) {
        work();
        done.set_value();
      } else {
        done.set_value(work());
      }
    });
    return result.get();
  }
  // Starts the server's shut-down; the returned future is ready when it has ended.
  std::future<void> shut_down(std::uint16_t code, std::string reason, std::int64_t limit_ms) {
    auto done = std::make_shared<std::promise<void>>();
    loop_.post([this, code, reason, limit_ms, done] {
      group_.spawn(close_server(server_.get(), code, reason, limit_ms, done));
    });
    return done->get_future();
  }
  void stop() {
    if (!thread_.joinable()) return;
    on_loop([this] {
      ending_ = true;
      ended_.notify_all();
    });
    thread_.join();
    server_ = nullptr;
  }

  Loop loop_;
  TaskGroup group_{loop_, [](const std::exception_ptr& error) { std::rethrow_exception(error); }};
  ServerOptions options_;
  ServerHandler handler_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;

 private:
  static Task<void> close_server(Server* server, std::uint16_t code, std::string reason,
                                 std::int64_t limit_ms, std::shared_ptr<std::promise<void>> done) {
    co_await server->shut_down(code, std::move(reason), limit_ms);
    done->set_value();
  }
  static Task<void> wait_for_end(ServerTest* test) {
    while (!test->ending_) co_await test->ended_.wait();
    co_await test->server_->shut_down(1012, "service restart", 200);
    co_await test->group_.join();
  }

  Signal ended_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace carapace::net::test
