#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "net/server_fixture.h"

namespace carapace::net {
namespace {

using carapace::test::RawClient;
using namespace std::chrono_literals;

struct Stage {
  Signal go_on;
  test::Seen<bool> wrote;
};

// Writes a chunk whenever it is told to, until the client has gone.
Task<void> stream_when_told(Stage* stage, Responder& out) {
  out.begin({200, {{"content-type", "text/event-stream"}}, ""});
  for (int i = 0;; ++i) {
    const bool there = co_await out.write("data: " + std::to_string(i) + "\n\n");
    stage->wrote.put(there);
    if (!there) co_return;
    co_await stage->go_on.wait();
  }
}

Task<void> stream_three(ServerRequest /*request*/, Responder& out) {
  out.begin({200, {{"content-type", "text/plain"}}, "ignored"});
  co_await out.write("one ");
  co_await out.write("");  // would end a chunked body if it were sent
  co_await out.write("two ");
  co_await out.write(std::string(100'000, 'x'));
}

class StreamTest : public test::ServerTest {
 protected:
  // A coroutine that has just reported may not wait yet: it does after this turn of the loop.
  void tell() {
    on_loop([this] { stage_.go_on.notify_all(); });
  }
  void stream() {
    handler_.http = [this](ServerRequest /*request*/, Responder& out) {
      return stream_when_told(&stage_, out);
    };
    start();
  }
  ~StreamTest() override { stop(); }
  Stage stage_;
};

TEST_F(StreamTest, SendsChunksAndKeepsTheConnection) {
  handler_.http = stream_three;
  start();
  RawClient client(port_);
  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.header("transfer-encoding"), "chunked");
    EXPECT_EQ(reply.header("content-length"), std::nullopt);
    EXPECT_TRUE(reply.whole);
    EXPECT_EQ(reply.body, "one two " + std::string(100'000, 'x'));
  }
}

TEST_F(StreamTest, KeepsPipelinedRequestsBehindAStream) {
  handler_.http = stream_three;
  start();
  RawClient client(port_);
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.read_reply().whole);
  EXPECT_TRUE(client.read_reply().whole);
}

TEST_F(StreamTest, EndsAnOldStreamWithTheConnection) {
  handler_.http = stream_three;
  start();
  RawClient client(port_);
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.header("transfer-encoding"), std::nullopt);
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_EQ(reply.body, "one two " + std::string(100'000, 'x'));
}

TEST_F(StreamTest, AnswersHeadWithTheHeadAlone) {
  handler_.http = stream_three;
  start();
  RawClient client(port_);
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_reply(true).status, 200);
  EXPECT_EQ(client.read_reply(true).status, 200);
}

TEST_F(StreamTest, DeliversEachChunkAtOnce) {
  stream();
  RawClient client(port_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  client.read_until("\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.read_chunk(), "data: " + std::to_string(i) + "\n\n");
    EXPECT_EQ(stage_.wrote.take(), true);
    tell();
  }
}

TEST_F(StreamTest, NoticesAClientThatCloses) {
  stream();
  RawClient client(port_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(stage_.wrote.take(), true);
  client.read_until("\r\n\r\n");
  EXPECT_EQ(client.read_chunk(), "data: 0\n\n");
  client.close();
  // The very next write may still be under way when FIN arrives; not the one after a round trip.
  while (stage_.wrote.size() == 0) tell();
  while (*stage_.wrote.take()) tell();
}

TEST_F(StreamTest, NoticesAResetWithoutWriting) {
  stream();
  RawClient client(port_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(stage_.wrote.take(), true);
  client.reset();
  while (stage_.wrote.size() == 0) tell();
  while (*stage_.wrote.take()) tell();
}

Task<void> flood(test::Seen<bool>* ended, Responder& out) {
  out.begin({200, {}, ""});
  std::size_t chunks = 0;
  while (co_await out.write(std::string(64 << 10, 'x'))) ++chunks;
  ended->put(chunks < 1000);  // back-pressure: far from everything was taken
}

TEST_F(StreamTest, HoldsBackWhenTheClientDoesNotRead) {
  test::Seen<bool> ended;
  handler_.http = [&ended](ServerRequest /*request*/, Responder& out) {
    return flood(&ended, out);
  };
  start();
  {
    RawClient client(port_, "127.0.0.1", 4096);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("\r\n\r\n");
    EXPECT_EQ(ended.take(200ms), std::nullopt);  // it waits
  }
  EXPECT_EQ(ended.take(), true);
  stop();
}

TEST_F(StreamTest, FinishesRunningAnswersAtShutDown) {
  stream();
  RawClient client(port_);
  RawClient idle(port_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(stage_.wrote.take(), true);
  auto ended = shut_down(1012, "bye", 300);
  EXPECT_TRUE(idle.at_end());  // at once
  tell();
  EXPECT_EQ(stage_.wrote.take(), true);                       // still served
  EXPECT_EQ(ended.wait_for(10s), std::future_status::ready);  // cancelled at the limit
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.body, "data: 0\n\ndata: 1\n\n");
  EXPECT_FALSE(reply.whole);
}

Task<void> answer_when_told(Stage* stage, Responder& out) {
  stage->wrote.put(true);
  co_await stage->go_on.wait();
  out.send({200, {}, "done"});
}

TEST_F(StreamTest, ClosesAfterTheLastAnswerAtShutDown) {
  handler_.http = [this](ServerRequest /*request*/, Responder& out) {
    return answer_when_told(&stage_, out);
  };
  start();
  RawClient client(port_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(stage_.wrote.take(), true);
  auto ended = shut_down(1012, "bye", 5000);
  EXPECT_EQ(ended.wait_for(100ms), std::future_status::timeout);
  tell();
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(client.at_end());
  client.close();
  EXPECT_EQ(ended.wait_for(3s), std::future_status::ready);
  EXPECT_THROW(RawClient late(port_), std::runtime_error);
}

}  // namespace
}  // namespace carapace::net
