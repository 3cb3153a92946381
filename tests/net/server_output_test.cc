#include "net/server/output.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

namespace carapace::net {
namespace {

OutQueue::Frame bytes(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

class OutQueueTest : public ::testing::Test {
 protected:
  OutQueueTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0);
    const int small = 4096;
    ::setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  }
  ~OutQueueTest() override {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  std::string received() {
    std::string out;
    std::array<char, 8192> buffer;
    for (ssize_t got = 0; (got = ::recv(ends_[1], buffer.data(), buffer.size(), 0)) > 0;)
      out.append(buffer.data(), static_cast<std::size_t>(got));
    return out;
  }
  std::array<int, 2> ends_{-1, -1};
  OutQueue queue_;
};

TEST_F(OutQueueTest, WritesFrameHeadsForEveryLengthForm) {
  struct Case {
    std::size_t size;
    std::string head;
  };
  const std::array cases = {
      Case{0, std::string("\x81\x00", 2)},
      Case{125, "\x81\x7d"},
      Case{126, std::string("\x81\x7e\x00\x7e", 4)},
      Case{65535, "\x81\x7e\xff\xff"},
      Case{65536, std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10)},
  };
  for (const auto& one : cases) {
    queue_.push_text(bytes(std::string(one.size, 'x')));
    EXPECT_EQ(queue_.unsent_bytes(), one.head.size() + one.size);
    std::string all;
    while (queue_.send_to(ends_[0]) == OutQueue::Sent::blocked) all += received();
    all += received();
    EXPECT_EQ(all, one.head + std::string(one.size, 'x')) << one.size;
    EXPECT_TRUE(queue_.empty());
  }
}

TEST_F(OutQueueTest, KeepsTheOrderThroughManyPartialWrites) {
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const auto text = "frame " + std::to_string(i);
    queue_.push(bytes(text));
    expected += text;
  }
  std::string all;
  std::size_t last = queue_.unsent_bytes();
  EXPECT_EQ(last, expected.size());
  int blocked = 0;
  while (queue_.send_to(ends_[0]) == OutQueue::Sent::blocked) {
    ++blocked;
    EXPECT_LT(queue_.unsent_bytes(), last);
    last = queue_.unsent_bytes();
    all += received();
    EXPECT_EQ(all.size() + last, expected.size());
  }
  all += received();
  EXPECT_EQ(all, expected);
  EXPECT_GT(blocked, 0);
  EXPECT_EQ(queue_.unsent_bytes(), 0U);
}

TEST_F(OutQueueTest, SharesOneFrameBetweenQueues) {
  const auto shared = bytes("event");
  OutQueue other;
  queue_.push_text(shared);
  other.push_text(shared);
  EXPECT_EQ(shared.use_count(), 3);
  EXPECT_EQ(queue_.send_to(ends_[0]), OutQueue::Sent::all);
  other.clear();
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(received(),
            "\x81\x05"
            "event");
}

TEST_F(OutQueueTest, FailsWhenThePeerHasGone) {
  ::close(ends_[1]);
  ends_[1] = -1;
  queue_.push(bytes("x"));
  EXPECT_EQ(queue_.send_to(ends_[0]), OutQueue::Sent::failed);
}

TEST_F(OutQueueTest, IgnoresEmptyBytesButNotEmptyMessages) {
  queue_.push(bytes(""));
  EXPECT_TRUE(queue_.empty());
  queue_.push_text(bytes(""));
  EXPECT_FALSE(queue_.empty());
}

}  // namespace
}  // namespace carapace::net
