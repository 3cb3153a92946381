#include "net/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/server_fixture.h"

namespace carapace::net {
namespace {

using carapace::test::RawClient;
using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

Task<void> echo(ServerRequest request, Responder& out) {
  ServerResponse response;
  response.headers = {{"content-type", "text/plain"}};
  response.body = request.method + " " + request.path + "|" + request.query + "|" + request.body;
  out.send(std::move(response));
  co_return;
}

class HttpServerTest : public test::ServerTest {
 protected:
  HttpServerTest() {
    handler_.http = echo;
    options_.always = {{"x-content-type-options", "nosniff"}};
  }
};

TEST_F(HttpServerTest, KeepsTheConnectionAlive) {
  start();
  RawClient client(port_);
  for (int i = 0; i < 3; ++i) {
    client.send("POST /p" + std::to_string(i) +
                "?q HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "POST /p" + std::to_string(i) + "|q|ok");
    EXPECT_EQ(reply.header("connection"), "keep-alive");
    EXPECT_EQ(reply.header("content-length"), std::to_string(reply.body.size()));
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.header("server"), std::nullopt);
  }
  client.send("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_reply().header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(port_);
  std::string wire;
  for (int i = 0; i < 50; ++i) {
    wire += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    wire +=
        "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  }
  client.send(wire);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_reply().body, "GET /" + std::to_string(i) + "||");
    EXPECT_EQ(client.read_reply().body, "POST /b||abc");
  }
}

TEST_F(HttpServerTest, AnswersHeadAndEmptyStatusesWithoutABody) {
  start();
  RawClient client(port_);
  client.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.read_reply(true);
  EXPECT_EQ(head.header("content-length"), "9");
  client.send(kGet);
  EXPECT_EQ(client.read_reply().body, "GET /a||");
}

Task<void> no_content(ServerRequest /*request*/, Responder& out) {
  out.send({204, {}, "ignored"});
  co_return;
}

TEST_F(HttpServerTest, SendsNoLengthWith204) {
  handler_.http = no_content;
  start();
  RawClient client(port_);
  client.send(std::string(kGet) + std::string(kGet));
  for (int i = 0; i < 2; ++i) {
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("content-length"), std::nullopt);
  }
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  start();
  RawClient client(port_);
  client.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "GET /old||");
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerTest, SaysContinueWhenAsked) {
  start();
  RawClient client(port_);
  client.send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_EQ(client.read_reply().body, "POST /c||body");
}

TEST_F(HttpServerTest, RefusesWithoutContinueWhatIsTooLarge) {
  options_.max_body_bytes = 100;
  start();
  RawClient client(port_);
  client.send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 413);
}

void expect_refusal(RawClient& client, int status, std::string_view body) {
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, status);
  EXPECT_EQ(reply.body, body);
  EXPECT_EQ(reply.header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST_F(HttpServerTest, RefusesALargeBodyReadably) {
  options_.max_body_bytes = 1 << 20;
  start();
  // The whole body is sent before the answer is read: a reset would lose the answer.
  RawClient client(port_);
  EXPECT_TRUE(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n"));
  EXPECT_TRUE(client.send(std::string(8 << 20, 'x')));
  expect_refusal(client, 413,
                 R"({"error":{"message":"payload too large","type":"invalid_request_error"}})");
  client.finish_sending();
  EXPECT_TRUE(client.at_end());
  RawClient chunked(port_);
  chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 40; ++i)
    EXPECT_TRUE(chunked.send("10000\r\n" + std::string(65536, 'x') + "\r\n"));
  expect_refusal(chunked, 413,
                 R"({"error":{"message":"payload too large","type":"invalid_request_error"}})");
}

TEST_F(HttpServerTest, TakesABodyUpToTheLimit) {
  options_.max_body_bytes = 1 << 20;
  start();
  RawClient client(port_);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n" +
              std::string(1 << 20, 'x'));
  EXPECT_EQ(client.read_reply().body.size(), (1U << 20U) + 8U);
}

TEST_F(HttpServerTest, RefusesALargeHeader) {
  start();
  RawClient client(port_);
  client.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n");
  expect_refusal(
      client, 431,
      R"({"error":{"message":"request header fields too large","type":"invalid_request_error"}})");
  RawClient nearly(port_);
  nearly.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(60'000, 'a') + "\r\n\r\n");
  EXPECT_EQ(nearly.read_reply().status, 200);
}

TEST_F(HttpServerTest, RefusesWhatIsMalformed) {
  start();
  for (const std::string_view bad :
       {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nxGET "
        "/smuggled HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\nGET /s"}) {
    RawClient client(port_);
    client.send(bad);
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 400) << bad;
    EXPECT_EQ(reply.header("content-type"), "application/json; charset=utf-8");
    EXPECT_TRUE(client.at_end()) << bad;  // nothing after the refusal is believed
  }
}

TEST_F(HttpServerTest, AnswersHalfARequest) {
  start();
  RawClient client(port_);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
  client.finish_sending();
  EXPECT_EQ(client.read_reply().status, 400);
}

TEST_F(HttpServerTest, EndsSlowHeadersAndBodies) {
  options_.header_deadline_ms = 150;
  options_.body_deadline_ms = 150;
  start();
  RawClient header(port_);
  RawClient body(port_);
  RawClient silent(port_);
  header.send("GET / HT");
  body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
  expect_refusal(header, 408,
                 R"({"error":{"message":"the request header took too long","type":"timeout"}})");
  EXPECT_TRUE(header.at_end());
  expect_refusal(body, 408,
                 R"({"error":{"message":"the request body took too long","type":"timeout"}})");
  EXPECT_TRUE(silent.at_end());  // who said nothing hears nothing
}

TEST_F(HttpServerTest, EndsATrickleAlthoughBytesKeepComing) {
  options_.header_deadline_ms = 300;
  start();
  RawClient client(port_);
  const auto begin = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\n");
  while (client.send("A: b\r\n") && std::chrono::steady_clock::now() - begin < 600ms)
    std::this_thread::sleep_for(20ms);
  EXPECT_EQ(client.read_reply().status, 408);
}

Task<void> injecting(ServerRequest /*request*/, Responder& out) {
  ServerResponse response;
  response.headers = {{"x-a", "1\r\nx-evil: 2"},         {"x-b\r\nx-evil: ", "3"},
                      {"Content-Length", "1"},           {"transfer-encoding", "chunked"},
                      {"x-nul", std::string("a\0b", 3)}, {"X-Content-Type-Options", "mine"}};
  response.body = "body";
  out.send(std::move(response));
  co_return;
}

TEST_F(HttpServerTest, LetsNoHandlerBreakTheHeader) {
  handler_.http = injecting;
  start();
  RawClient client(port_);
  client.send(kGet);
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.body, "body");
  EXPECT_EQ(reply.count("x-evil"), 0U);
  EXPECT_EQ(reply.header("x-a"), "1  x-evil: 2");
  EXPECT_EQ(reply.header("x-nul"), "a b");
  EXPECT_EQ(reply.count("content-length"), 1U);
  EXPECT_EQ(reply.count("transfer-encoding"), 0U);
  EXPECT_EQ(reply.count("x-content-type-options"), 1U);
  EXPECT_EQ(reply.header("x-content-type-options"), "mine");
}

Task<void> failing(ServerRequest request, Responder& out) {
  if (request.path == "/throw") throw std::runtime_error("secret detail");
  if (request.path == "/int") throw 7;
  if (request.path == "/late") {
    out.begin({200, {}, ""});
    co_await out.write("partial");
    throw std::runtime_error("too late");
  }
  if (request.path == "/twice") {
    out.send({200, {}, "first"});
    out.send({200, {}, "second"});
  }
}

TEST_F(HttpServerTest, AnswersForAHandlerThatFails) {
  handler_.http = failing;
  start();
  RawClient client(port_);
  for (const std::string_view path : {"/throw", "/int", "/silent"}) {
    client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 500) << path;
    EXPECT_EQ(reply.body, R"({"error":{"message":"internal error","type":"internal"}})");
  }
  client.send("GET /twice HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_reply().body, "first");
  client.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto cut = client.read_reply();
  EXPECT_EQ(cut.body, "partial");
  EXPECT_FALSE(cut.whole);
}

TEST_F(HttpServerTest, TellsWhoAsks) {
  test::Seen<Peer> peers;
  handler_.http = [&peers](ServerRequest request, Responder& out) {
    peers.put(request.peer);
    return echo(std::move(request), out);
  };
  options_.addresses = {"127.0.0.1", "::1"};
  start();
  RawClient v4(port_);
  v4.send(kGet);
  EXPECT_EQ(v4.read_reply().status, 200);
  const auto first = peers.take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->address, "127.0.0.1");
  EXPECT_TRUE(first->loopback);
  EXPECT_GT(first->port, 0);
  try {
    RawClient v6(port_, "::1");
    v6.send(kGet);
    EXPECT_EQ(v6.read_reply().status, 200);
    const auto second = peers.take();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->address, "::1");
    EXPECT_TRUE(second->loopback);
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "no IPv6 on this machine";
  }
}

TEST_F(HttpServerTest, AnswersBeforeTheHandlerEnds) {
  Signal go_on;
  handler_.http = [&go_on](ServerRequest /*request*/, Responder& out) {
    out.send({202, {}, "taken"});
    return go_on.wait();
  };
  start();
  RawClient client(port_);
  client.send(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(client.read_reply().body, "taken");
  on_loop([&] { go_on.notify_all(); });
  EXPECT_EQ(client.read_reply().body, "taken");
  on_loop([&] { go_on.notify_all(); });
  stop();
}

TEST_F(HttpServerTest, RefusesConnectionsOverTheLimit) {
  options_.max_connections = 2;
  start();
  RawClient a(port_);
  RawClient b(port_);
  a.send(kGet);
  b.send(kGet);
  EXPECT_EQ(a.read_reply().status, 200);
  EXPECT_EQ(b.read_reply().status, 200);
  RawClient c(port_);
  c.send(kGet);
  expect_refusal(c, 503, R"({"error":{"message":"too many connections","type":"unavailable"}})");
  EXPECT_TRUE(c.at_end());
  b.close();
  // The place is free as soon as the server has noticed.
  for (int i = 0; i < 200; ++i) {
    RawClient d(port_);
    d.send(kGet);
    if (d.read_reply().status == 200) return;
  }
  FAIL() << "a freed place was not given again";
}

TEST_F(HttpServerTest, SurvivesRunningOutOfDescriptors) {
  start();
  RawClient client(0);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  const rlimit small{256, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &small);
  std::vector<int> taken;
  for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(fd);
  EXPECT_FALSE(taken.empty());
  EXPECT_TRUE(client.connect(port_));
  client.send(kGet);
  // The loop is alive meanwhile and does not spin: it answers in between.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(on_loop([] { return 1; }), 1);
  for (const int fd : taken) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(HttpServerTest, NamesThePortThatIsTaken) {
  start();
  Loop other;
  ServerOptions options;
  options.port = port_;
  const auto second = listen(other, options, handler_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(
      second.error().detail,
      "port " + std::to_string(port_) +
          " on 127.0.0.1 is in use by another program: choose another with --port or stop it");
  options.addresses = {"not an address"};
  EXPECT_EQ(listen(other, options, handler_).error().code, Errc::invalid_request);
  options.addresses = {"192.0.2.1"};
  EXPECT_EQ(listen(other, options, handler_).error().code, Errc::unavailable);
  options.addresses = {};
  EXPECT_EQ(listen(other, options, handler_).error().code, Errc::invalid_request);
}

TEST_F(HttpServerTest, GoesOnWhenOnlyAFurtherAddressFails) {
  options_.addresses = {"127.0.0.1", "192.0.2.1"};
  start();
  RawClient client(port_);
  client.send(kGet);
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST_F(HttpServerTest, DoesNotHandItsSocketsToChildren) {
  start();
  RawClient client(port_);
  client.send(kGet);
  EXPECT_EQ(client.read_reply().status, 200);
  int sockets = 0;
  for (int fd = 3; fd < 256; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    if (flags < 0 || ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) continue;
    ++sockets;
    EXPECT_TRUE((flags & FD_CLOEXEC) != 0) << fd;
  }
  EXPECT_GE(sockets, 3);
}

}  // namespace
}  // namespace carapace::net
