// Bodies that are judged before they are read, and clients that leave before they are answered.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "net/server_fixture.h"

namespace carapace::net {
namespace {

using carapace::test::RawClient;

constexpr std::size_t kFree = 16 << 10;

Task<void> tell_size(ServerRequest request, Responder& out) {
  out.send({200, {}, std::to_string(request.body.size())});
  co_return;
}

class AdmissionTest : public test::ServerTest {
 protected:
  AdmissionTest() {
    handler_.http = tell_size;
    handler_.judge_body = [this](const ServerRequest& head) {
      judged_.put(head.path);
      EXPECT_TRUE(head.body.empty());
      EXPECT_EQ(head.local_port, port_);
      BodyVerdict verdict;
      verdict.max_bytes = 100'000;
      if (head.path == "/no") verdict.refusal = ServerResponse{401, {{"x-why", "none"}}, "no"};
      return verdict;
    };
  }
  static std::string head(std::string_view path, std::string_view more) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
  }
  static std::string sized(std::string_view path, std::size_t bytes) {
    return head(path, "Content-Length: " + std::to_string(bytes) + "\r\n");
  }
  test::Seen<std::string> judged_;
};

TEST_F(AdmissionTest, ARefusedBodyIsNotReadFirst) {
  start();
  RawClient client(port_);
  client.send(sized("/no", 90'000));  // and not a byte of it
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.header("x-why"), "none");
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST_F(AdmissionTest, NobodyIsAskedToGoOnWithARefusedBody) {
  start();
  RawClient client(port_);
  client.send(head("/no", "Content-Length: 90000\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read_reply().status, 401);
  RawClient chunked(port_);
  chunked.send(head("/no", "Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(chunked.read_reply().status, 401);
}

TEST_F(AdmissionTest, ARouteHasALimitOfItsOwn) {
  start();
  RawClient client(port_);
  client.send(sized("/yes", 100'001));
  EXPECT_EQ(client.read_reply().status, 413);
  RawClient chunked(port_);
  chunked.send(head("/yes", "Transfer-Encoding: chunked\r\n") + "186a1\r\n");
  EXPECT_EQ(chunked.read_reply().status, 413);
  RawClient many(port_);
  std::string wire = head("/yes", "Transfer-Encoding: chunked\r\n");
  for (int i = 0; i < 3; ++i) wire += "9c40\r\n" + std::string(40'000, 'x') + "\r\n";
  many.send(wire);
  EXPECT_EQ(many.read_reply().status, 413);
  RawClient fits(port_);
  fits.send(sized("/yes", 100'000) + std::string(100'000, 'x'));
  EXPECT_EQ(fits.read_reply().body, "100000");
}

TEST_F(AdmissionTest, ASmallBodyIsReadWithoutAQuestion) {
  start();
  RawClient client(port_);
  client.send(sized("/no", kFree) + std::string(kFree, 'x'));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.body, std::to_string(kFree));
  EXPECT_EQ(reply.header("connection"), "keep-alive");
  EXPECT_EQ(judged_.size(), 0U);
}

TEST_F(AdmissionTest, EveryAnswerSaysWhenItWasMade) {
  start();
  RawClient client(port_);
  for (const auto& wire : {sized("/yes", 0), std::string("BAD\r\n\r\n")}) {
    client.send(wire);
    const auto date = client.read_reply().header("date").value_or("");
    EXPECT_EQ(date.size(), std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size()) << date;
    EXPECT_TRUE(date.ends_with(" GMT")) << date;
  }
}

// The handler waits until the client has left and only then answers.
Task<void> wait_for_leave(ServerRequest request, Responder& out, test::Seen<std::string>& seen) {
  Signal left;
  const auto told = request.left.on_stop([&left] { left.notify_all(); });
  seen.put("waiting");
  while (!request.left.requested()) co_await left.wait();
  seen.put(request.left.reason());
  out.send({200, {}, "late"});
}

TEST_F(AdmissionTest, AHandlerHearsThatItsClientLeft) {
  test::Seen<std::string> seen;
  handler_.http = [&seen](ServerRequest request, Responder& out) {
    return wait_for_leave(std::move(request), out, seen);
  };
  start();
  {
    RawClient client(port_);
    client.send(sized("/yes", 0));
    EXPECT_EQ(seen.take(), "waiting");
  }
  EXPECT_EQ(seen.take(), "the client left");
  stop();
}

TEST_F(AdmissionTest, WhoOnlyStoppedSendingIsStillAnswered) {
  test::Seen<std::string> seen;
  handler_.http = [&seen](ServerRequest request, Responder& out) {
    return wait_for_leave(std::move(request), out, seen);
  };
  start();
  RawClient client(port_);
  client.send(sized("/yes", 0));
  EXPECT_EQ(seen.take(), "waiting");
  client.finish_sending();
  EXPECT_EQ(client.read_reply().body, "late");
  stop();
}

TEST_F(AdmissionTest, ThePipelinedNextRequestIsNoLeaving) {
  start();
  RawClient client(port_);
  client.send(sized("/yes", 0) + sized("/yes", 0));
  EXPECT_EQ(client.read_reply().body, "0");
  EXPECT_EQ(client.read_reply().body, "0");
}

}  // namespace
}  // namespace carapace::net
