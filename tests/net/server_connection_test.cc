#include "net/server/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "support/loop_fixture.h"
#include "support/raw_client.h"

namespace carapace::net {
namespace {

using carapace::test::make_frame;
using carapace::test::RawClient;

Task<void> not_found(ServerRequest /*request*/, Responder& out) {
  out.send({404, {}, ""});
  co_return;
}

struct Held {
  std::shared_ptr<WebSocket> socket;
};

Task<void> hold(std::shared_ptr<WebSocket> socket, Held* held) {
  held->socket = socket;
  while (co_await socket->receive()) continue;
  held->socket = nullptr;
}

// One connection over a socket pair, on the test's own thread: every turn of the loop is ours.
class ConnectionTest : public carapace::test::LoopTest {
 protected:
  ConnectionTest() {
    ServerHandler handler;
    handler.http = not_found;
    handler.websocket = [this](ServerRequest /*request*/, std::shared_ptr<WebSocket> socket) {
      return hold(std::move(socket), &held_);
    };
    core_ = std::make_shared<ServerCore>(loop_, ServerOptions(), std::move(handler));
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()),
              0);
    core_->adopt(ends_[1], {});
    turn();
  }
  ~ConnectionTest() override {
    core_->abort_all();
    while (core_->tasks.size() > 0) turn();
    turn();
    ::close(ends_[0]);
  }
  void turn() {
    loop_.context().restart();
    loop_.context().poll();
  }
  void say(std::string_view bytes) {
    EXPECT_EQ(::send(ends_[0], bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    turn();
  }
  // What one receive call gives: what the server wrote since the last one.
  std::string heard() {
    std::array<char, 65536> buffer;
    const auto got = ::recv(ends_[0], buffer.data(), buffer.size(), 0);
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
  }

  Held held_;
  std::shared_ptr<ServerCore> core_;
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(ConnectionTest, TimesRequestsButNoIdleWebSocket) {
  EXPECT_EQ(core_->deadlines.size(), 1U);  // the header
  say("GET / HTTP/1.1\r\nHost: h\r\n");
  EXPECT_EQ(core_->deadlines.size(), 1U);
  say("\r\n");
  EXPECT_TRUE(heard().starts_with("HTTP/1.1 404 "));
  EXPECT_EQ(core_->deadlines.size(), 1U);  // the next request
  say(RawClient::upgrade_request());
  EXPECT_TRUE(heard().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(core_->deadlines.size(), 0U);
  say(make_frame(1, "hello"));
  EXPECT_EQ(core_->deadlines.size(), 0U);
  held_.socket->close(1000, "");
  EXPECT_EQ(core_->deadlines.size(), 1U);  // the goodbye
  say(make_frame(8, ""));
  EXPECT_EQ(core_->deadlines.size(), 0U);
  EXPECT_TRUE(core_->connections.empty());
}

TEST_F(ConnectionTest, WritesTheFramesOfOneTurnTogether) {
  say(RawClient::upgrade_request());
  EXPECT_TRUE(heard().starts_with("HTTP/1.1 101 "));
  const auto frame = std::make_shared<const std::string>("event");
  for (int i = 0; i < 10; ++i) held_.socket->send(frame);
  EXPECT_EQ(heard(), "");  // not before the turn ends
  EXPECT_EQ(held_.socket->backlog().bytes, 70U);
  turn();
  EXPECT_EQ(held_.socket->backlog().bytes, 0U);
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += make_frame(1, "event", true, false);
  EXPECT_EQ(heard(), expected);
}

TEST_F(ConnectionTest, LeavesNothingBehind) {
  EXPECT_EQ(core_->connections.size(), 1U);
  say(RawClient::upgrade_request());
  const std::weak_ptr<WebSocket> socket = held_.socket;
  ::shutdown(ends_[0], SHUT_RDWR);
  turn();
  EXPECT_TRUE(core_->connections.empty());
  EXPECT_EQ(core_->tasks.size(), 0U);
  turn();
  EXPECT_TRUE(socket.expired());
}

}  // namespace
}  // namespace carapace::net
