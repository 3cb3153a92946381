#include "net/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/coro.h"
#include "async/task_group.h"
#include "net/client_fixture.h"
#include "net/event_stream_text.h"
#include "support/loop_fixture.h"
#include "support/raw_server.h"

namespace carapace::net {
namespace {

using std::chrono::milliseconds;
using test::RawConnection;
using test::RawServer;

TEST_F(ClientTest, AnswerWithHeadAndBody) {
  RawServer server(
      RawServer::reply("HTTP/1.1 200 OK\r\nX-Thing:  a b \r\nContent-Length: 5\r\n\r\nhello"));
  const auto answer = get(server.url("/path?q=1"));
  ASSERT_TRUE(answer.result) << text_of(answer);
  EXPECT_EQ(answer.result->status, 200);
  EXPECT_EQ(find_header(answer.result->headers, "x-thing"), "a b");
  EXPECT_EQ(answer.heads, std::vector{200});
  EXPECT_EQ(answer.body, "hello");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].line(), "GET /path?q=1 HTTP/1.1");
  EXPECT_EQ(server.requests()[0].header("host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_TRUE(server.requests()[0].header("accept-encoding").has_value());
}

TEST_F(ClientTest, EveryStatusIsAReply) {
  for (const auto* status :
       {"204 No Content", "404 Not Found", "429 Too Many", "500 Oops", "599 Own"}) {
    RawServer server(
        RawServer::reply("HTTP/1.1 " + std::string(status) + "\r\ncontent-length: 0\r\n\r\n"));
    const auto answer = get(server.url());
    ASSERT_TRUE(answer.result) << text_of(answer);
    EXPECT_EQ(std::to_string(answer.result->status), std::string(status).substr(0, 3));
    EXPECT_EQ(answer.heads.size(), 1U);
  }
}

TEST_F(ClientTest, RequestIsSentAsGiven) {
  RawServer server(RawServer::reply(RawServer::answer("{}")));
  Call request{.method = "POST",
               .url = server.url(),
               .headers = {{"x-key", "v"}, {"x-empty", ""}},
               .body = std::string(3 << 20, 'b')};
  ASSERT_TRUE(call(std::move(request)).result);
  const auto sent = server.requests().at(0);
  EXPECT_EQ(sent.line(), "POST / HTTP/1.1");
  EXPECT_EQ(sent.header("x-key"), "v");
  EXPECT_EQ(sent.header("x-empty"), "");
  EXPECT_FALSE(sent.header("content-type").has_value());
  EXPECT_FALSE(sent.header("expect").has_value());
  EXPECT_EQ(sent.body, std::string(3 << 20, 'b'));
}

TEST_F(ClientTest, Methods) {
  for (const auto* method : {"PUT", "PATCH", "DELETE", "OPTIONS", "POST"}) {
    RawServer server(RawServer::reply(RawServer::answer("{}")));
    EXPECT_TRUE(call({.method = method, .url = server.url()}).result);
    EXPECT_EQ(server.requests().at(0).line(), std::string(method) + " / HTTP/1.1");
  }
  RawServer server(RawServer::reply("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"));
  EXPECT_TRUE(call({.method = "HEAD", .url = server.url()}).result);
}

TEST_F(ClientTest, WhatCannotBeSent) {
  RawServer server(RawServer::reply(RawServer::answer("{}")));
  const auto refused = [&](Call request) {
    return code_of(call(std::move(request))) == Errc::invalid_request;
  };
  for (const auto* url :
       {"", "/x", "example.com", "ftp://127.0.0.1/", "file:///etc/passwd", "http://",
        "http://127.0.0.1:99999/", "http://a b/", "http://127.0.0.1/\r\nX: y", "http://[::1"})
    EXPECT_TRUE(refused({.url = url})) << url;
  EXPECT_TRUE(refused({.url = server.url(), .headers = {{"x", "a\r\nx-other: b"}}, .body = ""}));
  EXPECT_TRUE(refused({.url = server.url(), .headers = {{"x y", "a"}}, .body = ""}));
  EXPECT_TRUE(refused({.method = "GET / HTTP/1.1\r\n", .url = server.url()}));
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ClientTest, ChunkedByteByByteWithTrailerAndInformationalHead) {  // T17
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\nx-early: 1\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: "
      "chunked\r\n\r\n"
      "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nx-trailer: 1\r\n\r\n";
  RawServer server(RawServer::reply_pieces(bytes));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer.result) << text_of(answer);
  EXPECT_EQ(answer.heads, std::vector{200});
  EXPECT_EQ(answer.body, "hello world");
  EXPECT_FALSE(find_header(answer.result->headers, "x-early"));
  EXPECT_FALSE(find_header(answer.result->headers, "x-trailer"));
}

TEST_F(ClientTest, CutShortIsUnavailableAfterWhatCame) {  // T17
  const std::string length = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhello";
  const std::string chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
  for (const auto& script :
       {RawServer::reply(length), RawServer::reply(chunked), RawServer::reply_and_reset(length),
        RawServer::reply_and_reset(chunked)}) {
    RawServer server(script);
    const auto answer = get(server.url());
    EXPECT_EQ(code_of(answer), Errc::unavailable);
    EXPECT_NE(text_of(answer).find("cut short"), std::string::npos) << text_of(answer);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.heads, std::vector{200});
  }
}

TEST_F(ClientTest, NoHttpAnswer) {
  for (const auto* bytes :
       {"", "hello\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n"}) {
    RawServer server(RawServer::reply(bytes));
    const auto answer = get(server.url());
    EXPECT_EQ(code_of(answer), Errc::unavailable) << bytes << " " << text_of(answer);
    EXPECT_TRUE(answer.body.empty()) << "no HTTP/0.9";
  }
}

TEST_F(ClientTest, NobodyListens) {
  std::uint16_t port = 0;
  { port = RawServer(RawServer::reply("")).port(); }
  const auto answer = get("http://127.0.0.1:" + std::to_string(port) + "/?key=hidden");
  EXPECT_EQ(code_of(answer), Errc::unavailable);
  EXPECT_NE(text_of(answer).find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_EQ(text_of(answer).find("hidden"), std::string::npos);
}

TEST_F(ClientTest, TlsToAPeerWithoutTls) {
  RawServer server([](RawConnection& peer) { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto answer = get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  EXPECT_EQ(code_of(answer), Errc::unavailable);
  EXPECT_NE(text_of(answer).find("TLS failed"), std::string::npos) << text_of(answer);
}

TEST_F(ClientTest, RedirectIsAnAnswer) {  // T22
  RawServer target(RawServer::reply(RawServer::answer("secret")));
  RawServer server(RawServer::reply("HTTP/1.1 307 X\r\nlocation: " + target.url() +
                                    "\r\ncontent-length: 0\r\n\r\n"));
  const auto answer = call({.method = "POST",
                            .url = server.url(),
                            .headers = {{"authorization", "Bearer x"}},
                            .body = "{}"});
  ASSERT_TRUE(answer.result);
  EXPECT_EQ(answer.result->status, 307);
  EXPECT_EQ(target.connections(), 0U);
}

TEST_F(ClientTest, ConnectionIsReused) {
  RawServer server([](RawConnection& peer) {
    while (peer.read_request()) peer.send(RawServer::answer("ok"));
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(server.url()).body, "ok");
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, ClosedKeptConnectionIsReplaced) {
  RawServer server(RawServer::reply(RawServer::answer("ok")));
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(call({.method = "POST", .url = server.url(), .body = "x"}).body, "ok");
    ASSERT_TRUE(server.wait_ended(i));
  }
}

// ---- compression

std::string stored_gzip(
    const std::vector<std::string>& pieces) {  // deflate blocks without compression
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  std::uint32_t crc = 0xFFFFFFFFU;
  std::uint32_t size = 0;
  const auto word = [&out](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    out += static_cast<char>(i + 1 == pieces.size());
    word(static_cast<std::uint32_t>(pieces[i].size()), 2);
    word(~static_cast<std::uint32_t>(pieces[i].size()), 2);
    out += pieces[i];
    for (const char c : pieces[i]) {
      crc ^= static_cast<std::uint8_t>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ (0xEDB88320U & (0U - (crc & 1U)));
    }
    size += static_cast<std::uint32_t>(pieces[i].size());
  }
  word(~crc, 4);
  word(size, 4);
  return out;
}

constexpr std::string_view kGzipHead =
    "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n";
std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

TEST_F(ClientTest, CompressedStreamIsDecodedAsItComes) {  // T15
  const auto whole = stored_gzip({"data: one\n\n", "data: two\n\n"});
  const std::size_t cut = 10 + 5 + 11;
  std::atomic<bool> first_seen = false;
  RawServer server([&](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(std::string(kGzipHead) + chunk(std::string_view(whole).substr(0, cut)));
    for (int i = 0; i < 1000 && !first_seen; ++i) peer.pause(milliseconds(10));
    peer.send(chunk(std::string_view(whole).substr(cut)) + "0\r\n\r\n");
  });
  const auto answer = call({.url = server.url()}, [&](std::string_view bytes) {
    if (bytes == "data: one\n\n") first_seen = true;
    return true;
  });
  ASSERT_TRUE(answer.result) << text_of(answer);
  EXPECT_TRUE(first_seen);
  EXPECT_EQ(answer.body, "data: one\n\ndata: two\n\n");
}

TEST_F(ClientTest, BrokenCompression) {
  RawServer server(
      RawServer::reply(std::string(kGzipHead) + chunk("this is no gzip at all") + "0\r\n\r\n"));
  EXPECT_EQ(code_of(get(server.url())), Errc::unavailable);
}

// 100,000 zero bytes.
const std::string kBomb(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d"
    "\x0f"
    "\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00"
    "\x00\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\x00",
    132);

TEST_F(ClientTest, DecompressionBombMeetsTheLimit) {
  const auto bytes = std::string(kGzipHead) + chunk(kBomb) + "0\r\n\r\n";
  RawServer server(RawServer::reply(bytes));
  const auto all = call({.url = server.url(), .max_body_bytes = 100'000});
  ASSERT_TRUE(all.result) << text_of(all);
  EXPECT_EQ(all.body.size(), 100'000U);
  const auto cut = call({.url = server.url(), .max_body_bytes = 99'999});
  EXPECT_EQ(code_of(cut), Errc::too_large);
  EXPECT_LE(cut.body.size(), 99'999U);
}

// ---- limits

TEST_F(ClientTest, AnnouncedSizeOverTheLimit) {
  RawServer server(RawServer::reply_and_hold("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n"));
  EXPECT_EQ(code_of(call({.url = server.url(), .max_body_bytes = 10})), Errc::too_large);
}

TEST_F(ClientTest, UnannouncedSizeOverTheLimit) {
  RawServer server(RawServer::reply("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x')));
  EXPECT_EQ(code_of(call({.url = server.url(), .max_body_bytes = 999})), Errc::too_large);
  EXPECT_TRUE(call({.url = server.url(), .max_body_bytes = 1000}).result);
}

TEST_F(ClientTest, EndlessHead) {
  RawServer server([](RawConnection& peer) {
    if (!peer.read_request() || !peer.send("HTTP/1.1 200 OK\r\n")) return;
    const std::string line = "x-filler: " + std::string(1000, 'f') + "\r\n";
    while (peer.send(line)) {}
  });
  const auto code = code_of(get(server.url()));
  EXPECT_TRUE(code == Errc::too_large ||
              code == Errc::unavailable);  // ours, or the library's own limit
}

// ---- deadlines

TEST_F(ClientTest, FirstByteDeadline) {
  for (const auto* bytes : {"", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"}) {
    RawServer server(RawServer::reply_and_hold(bytes));
    const auto answer =
        call({.url = server.url(), .deadlines = {.first_byte_ms = 100, .idle_ms = 1}});
    EXPECT_EQ(code_of(answer), Errc::timeout);
    EXPECT_NE(text_of(answer).find("no answer for 100 ms (first byte deadline)"), std::string::npos)
        << text_of(answer);
    EXPECT_LT(answer.took, std::chrono::seconds(5));
    EXPECT_TRUE(server.wait_ended(1)) << "the connection is closed";
  }
}

TEST_F(ClientTest, IdleDeadline) {  // T18
  RawServer server(RawServer::reply_and_hold("HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n"));
  const auto answer = call({.url = server.url(), .deadlines = {.idle_ms = 150}});
  EXPECT_EQ(code_of(answer), Errc::timeout);
  EXPECT_NE(text_of(answer).find("no bytes for 150 ms (idle deadline)"), std::string::npos)
      << text_of(answer);
  EXPECT_LT(answer.took, std::chrono::seconds(5));
  EXPECT_EQ(answer.body, "data: 1\n\n");
}

TEST_F(ClientTest, CommentsResetTheIdleDeadline) {  // T04
  RawServer server([](RawConnection& peer) {
    if (!peer.read_request() || !peer.send("HTTP/1.1 200 OK\r\n\r\n")) return;
    for (int i = 0; i < 12; ++i) {
      peer.send(":\n");
      peer.pause(milliseconds(50));
    }
    peer.send("data: end\n\n");
  });
  const auto answer = call({.url = server.url(), .deadlines = {.idle_ms = 400}});
  ASSERT_TRUE(answer.result) << text_of(answer);
  EXPECT_TRUE(answer.body.ends_with("data: end\n\n"));
}

TEST_F(ClientTest, TotalDeadlineHoldsWhileBytesCome) {
  RawServer server([](RawConnection& peer) {
    if (!peer.read_request() || !peer.send("HTTP/1.1 200 OK\r\n\r\n")) return;
    while (peer.send(":\n")) peer.pause(milliseconds(20));
  });
  const auto answer = call({.url = server.url(), .deadlines = {.total_ms = 300}});
  EXPECT_EQ(code_of(answer), Errc::timeout);
  EXPECT_NE(text_of(answer).find("not finished after 300 ms (total deadline)"), std::string::npos)
      << text_of(answer);
  EXPECT_LT(answer.took, std::chrono::seconds(5));
}

TEST_F(ClientTest, ConnectDeadlineCoversTls) {
  RawServer server([](RawConnection& peer) { peer.hold(); });
  const auto answer = call({.url = "https://127.0.0.1:" + std::to_string(server.port()),
                            .deadlines = {.connect_ms = 100}});
  EXPECT_EQ(code_of(answer), Errc::unavailable) << "nothing was sent, so nothing was worked on";
  EXPECT_NE(text_of(answer).find("not connected after 100 ms (connect deadline)"),
            std::string::npos)
      << text_of(answer);
  EXPECT_LT(answer.took, std::chrono::seconds(5));
}

// ---- ending early

TEST_F(ClientTest, StopAbortsAtOnceWithItsReason) {
  RawServer server(RawServer::reply_and_hold("HTTP/1.1 200 OK\r\n\r\nfirst"));
  const auto answer = call({.url = server.url()}, [this](std::string_view) {
    stop_.request("the user said stop");
    return true;
  });
  EXPECT_EQ(code_of(answer), Errc::cancelled);
  EXPECT_EQ(text_of(answer), "the user said stop");
  EXPECT_EQ(answer.body, "first");
  EXPECT_TRUE(server.wait_ended(1));
  EXPECT_EQ(code_of(get(server.url())), Errc::cancelled);  // stopped before it began
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, EnoughIsSuccess) {
  RawServer server(RawServer::reply_and_hold("HTTP/1.1 200 OK\r\n\r\nfirst"));
  const auto answer = call({.url = server.url()}, [](std::string_view) { return false; });
  ASSERT_TRUE(answer.result) << text_of(answer);
  EXPECT_EQ(answer.result->status, 200);
  EXPECT_TRUE(server.wait_ended(1));
}

TEST_F(ClientTest, ThrowingSinkEndsTheCall) {
  RawServer server(RawServer::reply(RawServer::answer("x")));
  const auto answer = call({.url = server.url()},
                           [](std::string_view) -> bool { throw std::runtime_error("boom"); });
  EXPECT_EQ(code_of(answer), Errc::internal);
  EXPECT_NE(text_of(answer).find("boom"), std::string::npos);
  EXPECT_TRUE(get(server.url()).result) << "the client still works";
}

Task<void> cancel_in_flight(TaskGroup* group, Client* client, std::string url, Answer* answer,
                            bool* began) {
  Call request;
  request.url = std::move(url);
  group->spawn(ClientTest::call_into(client, std::move(request), Stop(), answer,
                                     [began](std::string_view) { return *began = true; }));
  while (!*began) co_await sleep_for(milliseconds(1));
  group->cancel();
  co_await group->join();
}

TEST_F(ClientTest, CancelledGroupTakesTheTransferOff) {
  RawServer server(RawServer::reply_and_hold("HTTP/1.1 200 OK\r\n\r\nfirst"));
  Answer answer;
  bool began = false;
  TaskGroup group(loop_, {});
  run(cancel_in_flight(&group, client_.get(), server.url(), &answer, &began));
  EXPECT_EQ(text_of(answer), "not called");  // unwound, never answered
  EXPECT_TRUE(server.wait_ended(1));
  RawServer next(RawServer::reply(RawServer::answer("ok")));
  EXPECT_EQ(get(next.url()).body, "ok");
}

Task<void> destroy_in_flight(std::unique_ptr<Client>* client, TaskGroup* group, bool* began) {
  while (!*began) co_await sleep_for(milliseconds(1));
  client->reset();
  co_await group->join();
}

TEST_F(ClientTest, DestroyedClientEndsItsCalls) {
  RawServer server(RawServer::reply_and_hold("HTTP/1.1 200 OK\r\n\r\nfirst"));
  Answer answer;
  bool began = false;
  TaskGroup group(loop_, {});
  group.spawn(call_into(client_.get(), {.url = server.url()}, stop_, &answer,
                        [&began](std::string_view) { return began = true; }));
  run(destroy_in_flight(&client_, &group, &began));
  EXPECT_EQ(code_of(answer), Errc::cancelled);
  EXPECT_TRUE(server.wait_ended(1));
}

TEST_F(ClientTest, CallStartedFromASink) {
  RawServer server(RawServer::reply(RawServer::answer("ok")));
  Answer inner;
  TaskGroup group(loop_, {});
  const auto answer = call({.url = server.url()}, [&](std::string_view) {
    group.spawn(call_into(client_.get(), {.url = server.url()}, stop_, &inner, {}));
    return true;
  });
  ASSERT_TRUE(answer.result) << text_of(answer);
  run(group.join());
  EXPECT_EQ(inner.body, "ok");
}

TEST_F(ClientTest, ManyAtOnce) {
  RawServer server(RawServer::reply_pieces(RawServer::answer(std::string(300, 'm')), 50));
  std::vector<Answer> answers(40);
  TaskGroup group(loop_, {});
  for (auto& answer : answers)
    group.spawn(call_into(client_.get(), {.url = server.url()}, stop_, &answer, {}));
  run(group.join());
  for (const auto& answer : answers) EXPECT_EQ(answer.body.size(), 300U) << text_of(answer);
}

TEST_F(ClientTest, NothingIsLeftToDoAfterACall) {
  RawServer server([](RawConnection& peer) {
    while (peer.read_request()) peer.send(RawServer::answer("ok"));
  });
  ASSERT_TRUE(get(server.url()).result);
  loop_.run();  // returns because the kept connection needs neither timer nor wait
}

TEST_F(ClientTest, EventStreamByteByByte) {  // T01 and the whole way up
  const std::string body =
      "\xEF\xBB\xBF: hi\r\ndata: \xF0\x9F\x98\x80\r\n\r\nevent: x\ndata: 2\n\ndata: last";
  RawServer server(
      RawServer::reply_pieces("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + body));
  std::vector<std::string> events;
  SseParser parser([&](SseEvent&& event) { events.push_back(event.type + "|" + event.data); });
  const auto answer = call({.url = server.url()},
                           [&](std::string_view bytes) { return parser.feed(bytes).has_value(); });
  ASSERT_TRUE(answer.result);
  ASSERT_TRUE(parser.finish());
  EXPECT_EQ(events, (std::vector<std::string>{"|\xF0\x9F\x98\x80", "x|2", "|last"}));
}

}  // namespace
}  // namespace carapace::net
