#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "net/server_fixture.h"

namespace carapace::net {
namespace {

using carapace::test::make_frame;
using carapace::test::RawClient;
using namespace std::chrono_literals;

WebSocket::Frame text(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

Task<void> not_found(ServerRequest /*request*/, Responder& out) {
  out.send({404, {}, "Not Found"});
  co_return;
}

struct Ended {
  Errc code;
  std::string detail;
};

// Echoes until the end and reports it.
Task<void> echo(std::shared_ptr<WebSocket> socket, test::Seen<Ended>* ended) {
  for (;;) {
    auto message = co_await socket->receive();
    if (!message) {
      ended->put({message.error().code, message.error().detail});
      co_return;
    }
    if (*message == "throw") throw std::runtime_error("secret detail");
    if (*message == "leave") co_return;
    if (*message == "close") socket->close(4001, std::string(119, 'r') + "\xc3\xa9");
    socket->send(text(std::move(*message)));
  }
}

class WebSocketTest : public test::ServerTest {
 protected:
  WebSocketTest() {
    handler_.http = not_found;
    handler_.websocket = [this](ServerRequest request, std::shared_ptr<WebSocket> socket) {
      on_loop_socket_ = socket;
      requests_.put(std::move(request));
      return echo(std::move(socket), &ended_);
    };
    options_.always = {{"x-content-type-options", "nosniff"}};
  }
  ~WebSocketTest() override {
    stop();
    on_loop_socket_ = nullptr;
  }
  void expect_close(RawClient& client, int code) {
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8);
    EXPECT_EQ(frame.close_code(), code);
  }

  std::shared_ptr<WebSocket> on_loop_socket_;  // the last one; loop only
  test::Seen<ServerRequest> requests_;
  test::Seen<Ended> ended_;
};

TEST_F(WebSocketTest, UpgradesOnAnyPath) {
  start();
  for (const std::string_view path : {"/", "/any/path?with=query"}) {
    RawClient client(port_);
    const auto reply =
        client.upgrade(path, "X-Extra: 1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n");
    EXPECT_EQ(reply.status, 101);
    EXPECT_EQ(reply.header("sec-websocket-accept"), RawClient::kAccept);
    EXPECT_EQ(reply.header("upgrade"), "websocket");
    EXPECT_EQ(reply.header("sec-websocket-extensions"), std::nullopt);
    EXPECT_EQ(reply.header("server"), std::nullopt);
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    const auto request = requests_.take();
    ASSERT_TRUE(request);
    EXPECT_EQ(request->target, path);
    EXPECT_EQ(find_header(request->headers, "x-extra"), "1");
    EXPECT_TRUE(request->peer.loopback);
  }
}

TEST_F(WebSocketTest, UpgradesAfterOtherRequests) {
  start();
  RawClient client(port_);
  // Pipelined: a request, the upgrade, and the first frame, in one packet.
  client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n" + RawClient::upgrade_request() +
              make_frame(1, "early"));
  EXPECT_EQ(client.read_reply().status, 404);
  EXPECT_EQ(client.read_reply().status, 101);
  EXPECT_EQ(client.read_frame().payload, "early");
}

TEST_F(WebSocketTest, AsksBeforeTheUpgrade) {
  handler_.refuse_upgrade = [](const ServerRequest& request) -> std::optional<ServerResponse> {
    if (request.path == "/throw") throw std::runtime_error("secret detail");
    if (request.path == "/no") return ServerResponse{403, {{"x-why", "because"}}, "no"};
    return std::nullopt;
  };
  start();
  RawClient refused(port_);
  const auto reply = refused.upgrade("/no");
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.body, "no");
  EXPECT_EQ(reply.header("x-why"), "because");
  EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
  RawClient failing(port_);
  EXPECT_EQ(failing.upgrade("/throw").status, 500);
  RawClient allowed(port_);
  EXPECT_EQ(allowed.upgrade("/yes").status, 101);
}

TEST_F(WebSocketTest, RefusesABadHandshake) {
  start();
  RawClient version(port_);
  version.send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const auto reply = version.read_reply();
  EXPECT_EQ(reply.status, 426);
  EXPECT_EQ(reply.header("sec-websocket-version"), "13");
  RawClient key(port_);
  key.send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(key.read_reply().status, 400);
  RawClient other(port_);  // another protocol is not for us: a plain request
  other.send("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n");
  EXPECT_EQ(other.read_reply().status, 404);
}

TEST_F(WebSocketTest, EchoesTextAndBinaryAsText) {
  start();
  RawClient client(port_);
  client.upgrade();
  for (const std::size_t size :
       {0, 1, 125, 126, 255, 256, 257, 1536, 65535, 65536, 300'000, 512 << 10}) {
    for (const int opcode : {1, 2}) {
      const std::string payload(size, 'a');
      client.send_frame(opcode, payload);
      const auto frame = client.read_frame();
      EXPECT_EQ(frame.opcode, 1);
      EXPECT_TRUE(frame.fin);
      EXPECT_FALSE(frame.masked);
      EXPECT_EQ(frame.payload, payload) << size;
    }
  }
}

TEST_F(WebSocketTest, JoinsFragmentsAroundControlFrames) {
  start();
  RawClient client(port_);
  client.upgrade();
  client.send_frame(1, "one \xf0\x9f", false);
  client.send_frame(9, "still there?");
  client.send_frame(0, "\x98\x80", false);
  client.send_frame(0, "", false);
  client.send_frame(10, "unasked pong");
  client.send_frame(0, " two", true);
  const auto pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "still there?");
  EXPECT_EQ(client.read_frame().payload, "one \xf0\x9f\x98\x80 two");
}

TEST_F(WebSocketTest, ReadsFramesByteByByte) {
  start();
  RawClient client(port_);
  client.upgrade();
  for (const char c : make_frame(1, "slowly") + make_frame(9, "p") + make_frame(2, "again"))
    client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.read_frame().payload, "slowly");
  EXPECT_EQ(client.read_frame().opcode, 10);
  EXPECT_EQ(client.read_frame().payload, "again");
}

TEST_F(WebSocketTest, AnswersACloseAndEnds) {
  start();
  RawClient client(port_);
  client.upgrade();
  client.send_close(1000, "bye");
  expect_close(client, 1000);
  EXPECT_TRUE(client.at_end());
  const auto ended = ended_.take();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, Errc::unavailable);
}

TEST_F(WebSocketTest, SaysWhyItEnds) {
  struct Case {
    std::string name;
    std::string wire;
    int code;
    Errc errc;
  };
  const std::string oversize_head{"\x81\xff\x00\x00\x00\x00\x00\x08\x00\x01\x12\x34\x56\x78", 14};
  const std::vector<Case> cases = {
      {"one frame over the limit", oversize_head, 1009, Errc::too_large},
      {"2^63 bytes", std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x12\x34\x56\x78", 14),
       1009, Errc::too_large},
      {"fragments over the limit",
       make_frame(1, std::string(300'000, 'a'), false) + make_frame(0, std::string(300'000, 'a')),
       1009, Errc::too_large},
      {"unmasked", make_frame(1, "plain", true, false), 1002, Errc::unavailable},
      {"reserved bit", "\xc1" + make_frame(1, "x").substr(1), 1002, Errc::unavailable},
      {"reserved opcode", make_frame(3, "x"), 1002, Errc::unavailable},
      {"continuation of nothing", make_frame(0, "x"), 1002, Errc::unavailable},
      {"message inside a message", make_frame(1, "x", false) + make_frame(1, "y"), 1002,
       Errc::unavailable},
      {"fragmented ping", make_frame(9, "x", false), 1002, Errc::unavailable},
      {"long ping", make_frame(9, std::string(126, 'x')), 1002, Errc::unavailable},
      {"bad close code", make_frame(8, carapace::test::close_payload(1005)), 1002,
       Errc::unavailable},
      {"half a close code", make_frame(8, "x"), 1002, Errc::unavailable},
      {"invalid UTF-8", make_frame(1, "\xff\xfe"), 1007, Errc::unavailable},
      {"cut UTF-8", make_frame(1, "\xf0\x9f"), 1007, Errc::unavailable},
      {"overlong UTF-8", make_frame(1, "\xc0\xaf"), 1007, Errc::unavailable},
  };
  start();
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    RawClient client(port_);
    client.upgrade();
    client.send(one.wire);
    expect_close(client, one.code);
    const auto ended = ended_.take();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, one.errc) << ended->detail;
    client.finish_sending();
    EXPECT_TRUE(client.at_end());
  }
}

TEST_F(WebSocketTest, SaysTooLargeAlsoToAClientThatSendsOn) {
  start();
  RawClient client(port_);
  client.upgrade();
  EXPECT_TRUE(client.send_text(std::string(4 << 20, 'a')));  // all of it, before the answer is read
  expect_close(client, 1009);
}

TEST_F(WebSocketTest, EndsWhenThePeerVanishes) {
  start();
  RawClient client(port_);
  client.upgrade();
  client.send("\x81");  // in the middle of a frame
  client.reset();
  const auto ended = ended_.take();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, Errc::unavailable);
  on_loop([&] { on_loop_socket_->send(text("nobody")); });  // harmless
  EXPECT_EQ(on_loop([&] { return on_loop_socket_->backlog().bytes; }), 0U);
}

TEST_F(WebSocketTest, ClosesForAHandlerThatEnds) {
  start();
  RawClient leaving(port_);
  leaving.upgrade();
  leaving.send_text("leave");
  expect_close(leaving, 1000);
  leaving.send_close(1000);
  EXPECT_TRUE(leaving.at_end());
  RawClient throwing(port_);
  throwing.upgrade();
  throwing.send_text("throw");
  const auto frame = throwing.read_frame();
  EXPECT_EQ(frame.close_code(), 1011);
  EXPECT_EQ(frame.close_reason(), "internal error");
}

TEST_F(WebSocketTest, FlushesBeforeItClosesAndCutsTheReason) {
  start();
  RawClient client(port_);
  client.upgrade();
  ASSERT_TRUE(requests_.take());
  on_loop([&] {
    for (int i = 0; i < 100; ++i) on_loop_socket_->send(text("last words " + std::to_string(i)));
    // 119 ASCII bytes and a two-byte letter: the cut may not split it.
    on_loop_socket_->close(4001, std::string(119, 'r') + "\xc3\xa9");
    on_loop_socket_->close(4002, "too late");
    on_loop_socket_->send(text("too late"));
  });
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(client.read_frame().payload, "last words " + std::to_string(i));
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.close_code(), 4001);
  EXPECT_EQ(frame.close_reason(), std::string(119, 'r'));
  client.send_text("ignored");
  client.send_frame(9, "ignored");
  client.send_close(4001);
  EXPECT_TRUE(client.at_end());  // no second close frame, no pong
  const auto ended = ended_.take();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, Errc::unavailable);
}

TEST_F(WebSocketTest, KeepsTheOrderOfManySends) {
  start();
  RawClient client(port_);
  client.upgrade();
  ASSERT_TRUE(requests_.take());
  constexpr int kCount = 20'000;
  on_loop([&] {
    for (int i = 0; i < kCount; ++i)
      on_loop_socket_->send(
          text(std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), '.')));
  });
  client.send_frame(9, "ping");  // its pong goes between two frames, never into one
  int pongs = 0;
  for (int i = 0; i < kCount;) {
    const auto frame = client.read_frame();
    if (frame.opcode == 10) {
      ++pongs;
      continue;
    }
    ASSERT_EQ(frame.payload,
              std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), '.'));
    ++i;
  }
  client.send_frame(9, "ping");
  if (pongs == 0) EXPECT_EQ(client.read_frame().opcode, 10);
}

TEST_F(WebSocketTest, CountsWhatASlowReaderHasNotTaken) {
  start();
  RawClient client(port_, "127.0.0.1", 4096);
  client.upgrade();
  ASSERT_TRUE(requests_.take());
  const auto frame = text(std::string(64 << 10, 'x'));
  std::size_t sent = 0;
  std::size_t unsent = 0;
  while (unsent < (2U << 20U)) {
    unsent = on_loop([&] {
      on_loop_socket_->send(frame);
      return on_loop_socket_->backlog().bytes;
    });
    ++sent;
    ASSERT_LT(sent, 1000U);
  }
  for (std::size_t i = 0; i < sent; ++i)
    ASSERT_EQ(client.read_frame().payload.size(), frame->size());
  // An echo comes back after the rest, so the queue has drained.
  client.send_text("x");
  EXPECT_EQ(client.read_frame().payload, "x");
  EXPECT_EQ(on_loop([&] { return on_loop_socket_->backlog().bytes; }), 0U);
}

TEST_F(WebSocketTest, PilesUpNoPongsForAPeerThatDoesNotRead) {
  start();
  RawClient client(port_, "127.0.0.1", 4096);
  client.upgrade();
  ASSERT_TRUE(requests_.take());
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += make_frame(9, std::string(125, 'p'));
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.send(pings));  // is read although nothing is taken
    most = std::max(most, on_loop([&] { return on_loop_socket_->backlog().bytes; }));
  }
  EXPECT_LT(most, 300U << 10U);
}

TEST_F(WebSocketTest, ClosesLiveSocketsAtShutDown) {
  start();
  RawClient polite(port_);
  RawClient deaf(port_, "127.0.0.1", 4096);
  polite.upgrade();
  ASSERT_TRUE(requests_.take());
  deaf.upgrade();
  ASSERT_TRUE(requests_.take());
  // The deaf one has more waiting than its socket takes, and never reads.
  on_loop([&] {
    for (int i = 0; i < 100; ++i) on_loop_socket_->send(text(std::string(64 << 10, 'x')));
  });
  auto ended = shut_down(1012, "service restart", 500);
  const auto frame = polite.read_frame();
  EXPECT_EQ(frame.close_code(), 1012);
  EXPECT_EQ(frame.close_reason(), "service restart");
  polite.send_close(1012);
  EXPECT_TRUE(polite.at_end());
  EXPECT_EQ(ended.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(ended_.size(), 2U);  // both handlers have ended by themselves
}

Task<void> deaf_handler(std::shared_ptr<WebSocket> /*socket*/, Signal* never) {
  co_await never->wait();
}

TEST_F(WebSocketTest, CancelsAHandlerThatDoesNotListenAtShutDown) {
  Signal never;
  handler_.websocket = [&](ServerRequest request, std::shared_ptr<WebSocket> socket) {
    requests_.put(std::move(request));
    return deaf_handler(std::move(socket), &never);
  };
  start();
  RawClient client(port_);
  client.upgrade();
  ASSERT_TRUE(requests_.take());
  auto ended = shut_down(1012, "service restart", 100);
  EXPECT_EQ(client.read_frame().close_code(), 1012);
  EXPECT_EQ(ended.wait_for(5s), std::future_status::ready);
  stop();
}

TEST_F(WebSocketTest, OpensAThousandQuickly) {
  start();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<RawClient>(port_));
    ASSERT_EQ(clients.back()->upgrade().status, 101);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  for (auto& client : clients) client->send_text("all");
  for (auto& client : clients) ASSERT_EQ(client->read_frame().payload, "all");
}

}  // namespace
}  // namespace carapace::net
