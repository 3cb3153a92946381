#include "net/server/request.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::net {
namespace {

struct Outcome {
  std::optional<ServerRequest> request;
  RequestFault fault{0, ""};
  std::size_t taken = 0;
};

// Feeds as the server does, in pieces of `piece` bytes.
Outcome parse(std::string_view wire, RequestLimits limits = {}, std::size_t piece = 1 << 20) {
  RequestParser parser(limits);
  Outcome outcome;
  std::string pending;
  std::size_t offset = 0;
  while (!parser.done()) {
    const auto before = parser.has_head();
    const auto taken = parser.feed(pending);
    if (!taken) {
      outcome.fault = taken.error();
      return outcome;
    }
    outcome.taken += *taken;
    pending.erase(0, *taken);
    if (*taken > 0 || before != parser.has_head()) continue;
    if (offset >= wire.size()) return outcome;
    pending += wire.substr(offset, piece);
    offset += piece;
  }
  outcome.request = parser.take();
  return outcome;
}

int status_of(std::string_view wire, RequestLimits limits = {}) {
  return parse(wire, limits).fault.status;
}

TEST(RequestParserTest, ReadsAPlainRequest) {
  const auto outcome = parse(
      "POST /a/b%20c?x=1&y=?2 HTTP/1.1\r\nHost: h\r\nX-Mixed-Case: A b\tc \r\nContent-Length: "
      "5\r\n\r\nhello");
  ASSERT_TRUE(outcome.request);
  const auto& request = *outcome.request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a/b%20c?x=1&y=?2");
  EXPECT_EQ(request.path, "/a/b%20c");
  EXPECT_EQ(request.query, "x=1&y=?2");
  EXPECT_EQ(request.body, "hello");
  ASSERT_EQ(request.headers.size(), 3U);
  EXPECT_EQ(request.headers[1].name, "x-mixed-case");
  EXPECT_EQ(request.headers[1].value, "A b\tc");
}

TEST(RequestParserTest, ReadsTheSameFromAnyCut) {
  constexpr std::string_view kWire =
      "POST /p?q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n"
      "4;ext=\"v\"\r\nwiki\r\n5\r\npedia\r\n0\r\nTrailer-Field: t\r\n\r\n";
  for (std::size_t piece = 1; piece <= kWire.size(); ++piece) {
    const auto outcome = parse(kWire, {}, piece);
    ASSERT_TRUE(outcome.request) << piece << " " << outcome.fault.message;
    EXPECT_EQ(outcome.request->body, "wikipedia");
    EXPECT_EQ(outcome.taken, kWire.size());
    EXPECT_EQ(find_header(outcome.request->headers, "trailer-field"), std::nullopt);
  }
}

TEST(RequestParserTest, AnEmptyChunkedBodyMayArriveByteByByte) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string_view end : {"0\r\n\r\n", "0;a=b\r\n\r\n", "000\r\nA: b\r\n\r\n"}) {
    const auto outcome = parse(start + std::string(end), {}, 1);
    ASSERT_TRUE(outcome.request) << outcome.fault.message;
    EXPECT_EQ(outcome.request->body, "");
    EXPECT_EQ(outcome.taken, start.size() + end.size());
  }
}

TEST(RequestParserTest, EmptyLinesBeforeARequestAreSkipped) {
  const std::string wire = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::size_t piece : {1UL, 2UL, 3UL, 100UL}) {
    const auto outcome = parse("\r\n\r\n" + wire, {}, piece);
    ASSERT_TRUE(outcome.request) << piece << outcome.fault.message;
    EXPECT_EQ(outcome.request->path, "/1");
    EXPECT_EQ(outcome.taken, wire.size() + 4);
  }
  EXPECT_EQ(status_of("\r\n\r\n\r\n\r\n\r\n" + wire), 400);  // not for ever
  EXPECT_EQ(status_of("\n" + wire), 400);
  EXPECT_EQ(status_of("\rGET /1 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(RequestParserTest, AnAbsoluteTargetNamesTheSameHost) {
  const auto wire = [](std::string_view target, std::string_view host) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
  };
  const auto fine = parse(wire("HTTP://H:1/p?q", "h:1"));
  ASSERT_TRUE(fine.request) << fine.fault.message;
  EXPECT_EQ(fine.request->path, "/p");
  EXPECT_EQ(status_of(wire("http://evil.example/p", "h:1")), 400);
  EXPECT_EQ(status_of(wire("http://h:1@evil.example/p", "h:1")), 400);
  EXPECT_EQ(status_of(wire("http://h:2/p", "h:1")), 400);
  EXPECT_EQ(status_of(wire("http:///p", "h:1")), 400);
}

TEST(RequestParserTest, OldHttpDoesNotUpgrade) {
  for (const std::string version : {"1.0", "1.1"}) {
    RequestParser parser({});
    ASSERT_TRUE(parser.feed("GET / HTTP/" + version +
                            "\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
    EXPECT_EQ(parser.upgrades_to_websocket(), version == "1.1");
  }
}

TEST(RequestParserTest, LeavesTheNextRequestAlone) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(parse(first + "GET /2 HTTP/1.1\r\n").taken, first.size());
  const std::string body = "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok";
  EXPECT_EQ(parse(body + "GET").taken, body.size());
}

TEST(RequestParserTest, UnderstandsTargets) {
  struct Case {
    std::string line;
    std::string path;
    std::string query;
  };
  const std::array cases = {
      Case{"GET /", "/", ""},
      Case{"GET /?", "/", ""},
      Case{"GET http://h/a?b", "/a", "b"},
      Case{"GET HTTPS://H", "/", ""},
      Case{"GET http://h?q", "/", "q"},
      Case{"OPTIONS *", "*", ""},
      Case{"GET //x//y", "//x//y", ""},
      Case{"PROPFIND /dav", "/dav", ""},
  };
  for (const auto& one : cases) {
    const auto outcome = parse(one.line + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(outcome.request) << one.line;
    EXPECT_EQ(outcome.request->path, one.path) << one.line;
    EXPECT_EQ(outcome.request->query, one.query) << one.line;
  }
  for (const std::string_view bad :
       {"GET *", "GET relative", "CONNECT host:443", "GET ftp://h/x", "GET http://",
        "GET http:///x", "GET /\x80", "GET /\x7f", "GET "})
    EXPECT_EQ(status_of(std::string(bad) + " HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << bad;
}

TEST(RequestParserTest, RefusesEveryDoubtAboutTheLength) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::array<std::string, 18> bad = {
      "Content-Length: 5\r\nContent-Length: 5\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Content-Length: 5, 5\r\n",
      "Content-Length: +5\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: 5 5\r\n",
      "Content-Length: 0x5\r\n",
      "Content-Length: \r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding: identity\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: chunked\x0b\r\n",
      "Content-Length : 5\r\n",
  };
  for (const auto& headers : bad)
    EXPECT_EQ(status_of(start + headers + "\r\n5\r\nhello\r\n0\r\n\r\n"), 400) << headers;
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST(RequestParserTest, RefusesBadChunks) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string_view body :
       {"x\r\nhello\r\n", "5\r\nhelloXX0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n",
        "fffffffffffffffff\r\n", "ffffffffffffffff\r\n", "0\r\nContent-Length: 5\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n"}) {
    const auto outcome = parse(start + std::string(body));
    EXPECT_FALSE(outcome.request) << body;
    EXPECT_TRUE(outcome.fault.status == 400 || outcome.fault.status == 413)
        << body << outcome.fault.status;
  }
  EXPECT_EQ(status_of(start + "5;" + std::string(40'000, 'e')), 400);
  EXPECT_EQ(status_of(start + "0\r\nA: " + std::string(40'000, 'e')), 400);
}

TEST(RequestParserTest, RefusesMalformedHeads) {
  for (const std::string_view bad : {
           "GET / HTTP/1.1\r\n\r\n",                           // no host
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",     //
           "GET / HTTP/2.0\r\nHost: h\r\n\r\n",                //
           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",                 //
           "GET / HTTP/1.1\nHost: h\n\n",                      // bare LF
           "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",               //
           "GET / HTTP/1.1\r\nHost: h\r\nA\x01: b\r\n\r\n",    //
           "GET / HTTP/1.1\r\nHost: h\r\nA: b\x01\r\n\r\n",    //
           "GET / HTTP/1.1\r\nHost: h\r\nA: b\x7f\r\n\r\n",    //
           "GET / HTTP/1.1\r\nHost: h\r\nA: b\rX: c\r\n\r\n",  //
           "GET / HTTP/1.1\r\nHost: h\r\nA b: c\r\n\r\n",      //
           "GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n",         //
           "G\x80T / HTTP/1.1\r\nHost: h\r\n\r\n",             //
           "\x16\x03\x01\x02 TLS hello",                       //
       })
    EXPECT_EQ(status_of(bad), 400) << bad;
  std::string nul = "GET / HTTP/1.1\r\nHost: h\r\nA: b";
  nul += '\0';
  EXPECT_EQ(status_of(nul + "c\r\n\r\n"), 400);
}

TEST(RequestParserTest, BoundsTheHead) {
  const RequestLimits limits{1000, 1000};
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_TRUE(parse(start + "A: " + std::string(900, 'a') + "\r\n\r\n", limits).request);
  EXPECT_EQ(status_of(start + "A: " + std::string(1000, 'a') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(status_of("GET /" + std::string(2000, 'a'), limits), 431);
  // Many small fields, and fields that arrive one by one: the sum counts.
  std::string many = start;
  for (int i = 0; i < 100; ++i) many += "a" + std::to_string(i) + ": bbbbbbbb\r\n";
  EXPECT_EQ(status_of(many + "\r\n", limits), 431);
  EXPECT_EQ(parse(many + "\r\n", limits, 7).fault.status, 431);
  EXPECT_EQ(parse(start + "A: " + std::string(5000, 'a'), limits, 1).fault.status, 431);
  std::string fields = start;
  for (int i = 0; i < 300; ++i) fields += "a: b\r\n";
  EXPECT_EQ(status_of(fields + "\r\n"), 431);
}

TEST(RequestParserTest, BoundsTheBody) {
  const RequestLimits limits{1000, 10};
  const std::string sized = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
  EXPECT_TRUE(parse(sized + "10\r\n\r\n0123456789", limits).request);
  EXPECT_EQ(status_of(sized + "11\r\n\r\n", limits), 413);
  const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_TRUE(parse(chunked + "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", limits).request);
  EXPECT_EQ(status_of(chunked + "5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n", limits), 413);
  EXPECT_EQ(status_of(chunked + "ffff\r\n", limits), 413);
}

TEST(RequestParserTest, DecidesAboutTheConnection) {
  struct Case {
    std::string head;
    bool keep;
  };
  const std::array cases = {
      Case{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      Case{"GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n", false},
      Case{"GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, close\r\n\r\n", false},
      Case{"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
      Case{"GET / HTTP/1.0\r\n\r\n", false},
      Case{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      Case{"GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
  };
  for (const auto& one : cases) {
    RequestParser parser({});
    ASSERT_TRUE(parser.feed(one.head));
    ASSERT_TRUE(parser.done()) << one.head;
    EXPECT_EQ(parser.keep_alive(), one.keep) << one.head;
  }
}

ServerRequest handshake(Headers headers) {
  ServerRequest request;
  request.method = "GET";
  request.headers = std::move(headers);
  return request;
}

TEST(HandshakeTest, AsksForVersionAndKey) {
  const Header version{"sec-websocket-version", "13"};
  const Header key{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="};
  EXPECT_EQ(check_handshake(handshake({version, key})).status, 0);
  EXPECT_EQ(check_handshake(handshake({key})).status, 426);
  EXPECT_EQ(check_handshake(handshake({{"sec-websocket-version", "8"}, key})).status, 426);
  EXPECT_EQ(check_handshake(handshake({version})).status, 400);
  EXPECT_EQ(check_handshake(handshake({version, key, key})).status, 400);
  EXPECT_EQ(check_handshake(handshake({version, {"sec-websocket-key", "short"}})).status, 400);
  EXPECT_EQ(check_handshake(handshake({version, {"sec-websocket-key", "AAAA"}})).status, 400);
  auto post = handshake({version, key});
  post.method = "POST";
  EXPECT_EQ(check_handshake(post).status, 400);
  auto with_body = handshake({version, key});
  with_body.body = "x";
  EXPECT_EQ(check_handshake(with_body).status, 400);
}

}  // namespace
}  // namespace carapace::net
