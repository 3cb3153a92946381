#ifndef BOOST_BEAST_SEPARATE_COMPILATION
#define BOOST_BEAST_SEPARATE_COMPILATION  // its code is in the net library
#endif
#include "net/ws_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "async/coro.h"
#include "async/task_group.h"
#include "support/loop_fixture.h"
#include "support/raw_server.h"

namespace carapace::net {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using test::RawServer;

// A peer for one connection on a thread of its own; the script runs after the handshake.
class WsPeer {
 public:
  using Stream = websocket::stream<asio::ip::tcp::socket>;
  using Script = std::function<void(Stream&)>;

  explicit WsPeer(Script script)
      : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
        port_(acceptor_.local_endpoint().port()),
        thread_([this, script = std::move(script)] { serve(script); }) {}
  ~WsPeer() { thread_.join(); }
  WsPeer(const WsPeer&) = delete;
  WsPeer& operator=(const WsPeer&) = delete;

  std::string url(const std::string& path = "") const {
    return "ws://127.0.0.1:" + std::to_string(port_) + path;
  }

  static std::string read(Stream& stream) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    stream.read(buffer, error);
    return error ? "gone: " + error.message() : boost::beast::buffers_to_string(buffer.data());
  }
  static void write(Stream& stream, const std::string& text) {
    boost::system::error_code error;
    stream.write(asio::buffer(text), error);
  }
  static void write_raw(Stream& stream, const std::string& bytes) {
    boost::system::error_code error;
    asio::write(stream.next_layer(), asio::buffer(bytes), error);
  }

 private:
  void serve(const Script& script) {
    Stream stream(acceptor_.accept());
    boost::system::error_code error;
    stream.read_message_max(64 << 20);
    stream.accept(error);
    if (!error) script(stream);
  }

  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_;
  std::thread thread_;
};

using Connected = Result<std::unique_ptr<WsClient>>;

struct WsClientTest : test::LoopTest {
  Connected connect(const std::string& url, Headers headers = {},
                    std::int64_t deadline_ms = 10'000) {
    return run(connect_websocket(loop_, url, std::move(headers), deadline_ms));
  }
  std::unique_ptr<WsClient> connected(const std::string& url) {
    auto client = connect(url);
    EXPECT_TRUE(client) << client.error().detail;
    return client ? std::move(*client) : nullptr;
  }
  Errc code_of(const Connected& client) { return client ? Errc::not_found : client.error().code; }
};

TEST_F(WsClientTest, MessagesBothWays) {
  WsPeer peer([](WsPeer::Stream& stream) {
    WsPeer::write(stream, "hello");
    for (;;) {
      const auto text = WsPeer::read(stream);
      if (text.starts_with("gone")) return;
      WsPeer::write(stream, "echo " + text);
    }
  });
  const auto client = connected(peer.url("/ws?x=1"));
  ASSERT_TRUE(client);
  EXPECT_EQ(run(client->receive()), "hello");
  for (const auto* text : {"a", "\xF0\x9F\x98\x80", ""}) {
    ASSERT_TRUE(run(client->send(text)));
    EXPECT_EQ(run(client->receive(10'000)), "echo " + std::string(text));
  }
  const std::string large(kWsMaxMessage - 5, 'x');
  ASSERT_TRUE(run(client->send(large)));
  EXPECT_EQ(run(client->receive(30'000))->size(), kWsMaxMessage);
  EXPECT_EQ(run(client->send(std::string(kWsMaxMessage + 1, 'x'))).error().code, Errc::too_large);
  run(client->close());
  run(client->close());
  EXPECT_EQ(run(client->receive(10'000)).error().code, Errc::unavailable);
  EXPECT_EQ(run(client->send("late")).error().code, Errc::unavailable);
}

TEST_F(WsClientTest, HandshakeCarriesPathAndHeaders) {
  RawServer server(
      RawServer::reply("HTTP/1.1 401 Unauthorized\r\ncontent-length: 8\r\n\r\nno token"));
  const auto client = connect("ws://localhost:" + std::to_string(server.port()) + "/a?b=c#d",
                              {{"authorization", "Bearer x"}});
  EXPECT_EQ(code_of(client), Errc::unauthorized);
  EXPECT_NE(client.error().detail.find("401"), std::string::npos);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].line(), "GET /a?b=c HTTP/1.1");
  EXPECT_EQ(server.requests()[0].header("authorization"), "Bearer x");
  EXPECT_EQ(server.requests()[0].header("host"), "localhost:" + std::to_string(server.port()));
}

TEST_F(WsClientTest, PeersThatAreNoWebSocket) {
  const std::pair<std::string, Errc> answers[] = {
      {"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", Errc::forbidden},
      {"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", Errc::unavailable},
      {"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: "
       "upgrade\r\nsec-websocket-accept: AAAA\r\n\r\n",
       Errc::unavailable},
      {"garbage\r\n\r\n", Errc::unavailable},
      {"", Errc::unavailable},
      {"HTTP/1.1 200 OK\r\nx: " + std::string(200'000, 'x') + "\r\n\r\n", Errc::unavailable}};
  for (const auto& [bytes, code] : answers) {
    RawServer server(RawServer::reply(bytes));
    EXPECT_EQ(code_of(connect("ws://127.0.0.1:" + std::to_string(server.port()))), code)
        << bytes.substr(0, 60);
  }
}

TEST_F(WsClientTest, UrlsItCannotUse) {
  for (const auto* url :
       {"", "ws://", "ws:///x", "http://127.0.0.1/", "ws://example.com/", "ws://127.0.0.1:0/",
        "ws://127.0.0.1:70000/", "ws://127.0.0.1:1x/", "ws://127.0.0.1/a b",
        "ws://127.0.0.1/\r\nx: y", "ws://user@127.0.0.1/", "ws://[::1/"})
    EXPECT_EQ(code_of(connect(url)), Errc::invalid_request) << url;
  const auto tls = connect("WSS://127.0.0.1/");
  EXPECT_EQ(code_of(tls), Errc::invalid_request);
  EXPECT_NE(tls.error().detail.find("not supported yet"), std::string::npos);
  EXPECT_EQ(code_of(connect("ws://127.0.0.1:1/", {{"x", "a\r\nb: c"}})), Errc::invalid_request);
}

TEST_F(WsClientTest, NobodyListens) {
  std::uint16_t port = 0;
  { port = RawServer(RawServer::reply("")).port(); }
  EXPECT_EQ(code_of(connect("ws://127.0.0.1:" + std::to_string(port))), Errc::unavailable);
}

TEST_F(WsClientTest, ConnectDeadline) {
  RawServer server(RawServer::reply_and_hold(""));
  EXPECT_EQ(code_of(connect("ws://127.0.0.1:" + std::to_string(server.port()), {}, 100)),
            Errc::timeout);
  EXPECT_TRUE(server.wait_ended(1));
}

TEST_F(WsClientTest, ReceiveDeadlineLeavesTheConnectionUsable) {
  WsPeer peer([](WsPeer::Stream& stream) {
    if (WsPeer::read(stream) == "go") WsPeer::write(stream, "gone");
    WsPeer::read(stream);
  });
  const auto client = connected(peer.url());
  ASSERT_TRUE(client);
  EXPECT_EQ(run(client->receive(50)).error().code, Errc::timeout);
  ASSERT_TRUE(run(client->send("go")));
  EXPECT_EQ(run(client->receive(10'000)), "gone");
}

TEST_F(WsClientTest, PeerCloses) {
  WsPeer peer([](WsPeer::Stream& stream) {
    WsPeer::write(stream, "last words");
    boost::system::error_code error;
    stream.close({websocket::close_code::going_away, "restart"}, error);
  });
  const auto client = connected(peer.url());
  ASSERT_TRUE(client);
  EXPECT_EQ(run(client->receive(10'000)), "last words");
  const auto end = run(client->receive(10'000));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Errc::unavailable);
  EXPECT_NE(end.error().detail.find("1001 restart"), std::string::npos) << end.error().detail;
}

TEST_F(WsClientTest, PeerVanishes) {
  WsPeer peer([](WsPeer::Stream& stream) { stream.next_layer().close(); });
  const auto client = connected(peer.url());
  ASSERT_TRUE(client);
  EXPECT_EQ(run(client->receive(10'000)).error().code, Errc::unavailable);
}

TEST_F(WsClientTest, HostileFrames) {
  const std::pair<std::string, Errc> frames[] = {
      {std::string("\x81\x7f\0\0\0\0\x7f\xff\xff\xff", 10), Errc::too_large},  // announces 2 GB
      {std::string("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10), Errc::too_large},
      {"\x83\x01x", Errc::unavailable},         // reserved opcode
      {"\xC1\x01x", Errc::unavailable},         // reserved bit
      {"\x81\x02\xC3\x28", Errc::unavailable},  // no UTF-8
      {"\x80\x01x", Errc::unavailable}};        // continuation of nothing
  for (const auto& [bytes, code] : frames) {
    WsPeer peer([&bytes = bytes](WsPeer::Stream& stream) {
      WsPeer::write_raw(stream, bytes);
      WsPeer::read(stream);
    });
    auto client = connected(peer.url());
    ASSERT_TRUE(client);
    const auto got = run(client->receive(10'000));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, code) << got.error().detail;
    client.reset();
    loop_.run();
  }
}

TEST_F(WsClientTest, SendDeadlineWhenThePeerReadsNothing) {
  std::atomic<bool> finish = false;
  WsPeer peer([&](WsPeer::Stream&) {
    while (!finish) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  const auto client = connected(peer.url());
  ASSERT_TRUE(client);
  EXPECT_EQ(run(client->send(std::string(20 << 20, 'x'), 200)).error().code, Errc::timeout);
  EXPECT_EQ(run(client->receive(10'000)).error().code, Errc::unavailable);
  finish = true;
}

Task<void> keep_code(WsClient* client, std::string text, int* sent) {
  if (co_await client->send(std::move(text), 10'000)) ++*sent;
}

TEST_F(WsClientTest, SendersTakeTurns) {
  std::string all;
  WsPeer peer([&all](WsPeer::Stream& stream) {
    for (int i = 0; i < 20; ++i) all += WsPeer::read(stream).substr(0, 1);
    WsPeer::write(stream, "done");
    WsPeer::read(stream);
  });
  const auto client = connected(peer.url());
  ASSERT_TRUE(client);
  int sent = 0;
  TaskGroup group(loop_, {});
  for (char c = 'a'; c < 'a' + 20; ++c)
    group.spawn(keep_code(client.get(), std::string(100'000, c), &sent));
  run(group.join());
  EXPECT_EQ(sent, 20);
  EXPECT_EQ(run(client->receive(10'000)), "done");
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, "abcdefghijklmnopqrst");
}

TEST_F(WsClientTest, DestroyedClientLeavesNothingBehind) {
  WsPeer peer([](WsPeer::Stream& stream) { WsPeer::read(stream); });
  connected(peer.url());
  const auto start = std::chrono::steady_clock::now();
  loop_.run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace carapace::net
