// web_fetch against peers that answer exactly what the test says; only 127.0.0.1 is allowed though
// private.
#include <gmock/gmock.h>

#include "async/deadline.h"
#include "extensions/tools_fixture.h"
#include "support/raw_server.h"

namespace carapace::tools {
namespace {

using test::RawServer;
using ::testing::HasSubstr;
using ::testing::Not;

std::string redirect(std::string_view where, std::string_view status = "302 Found") {
  return "HTTP/1.1 " + std::string(status) + "\r\nlocation: " + std::string(where) +
         "\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
}

class WebFetchTest : public ToolsTest {
 protected:
  tool::Outcome fetch(const std::string& url) {
    return call("web_fetch", dump_json(json::object{{"url", url}}));
  }
  static std::string text(const tool::Outcome& outcome) {
    return string_or(object_of(outcome), "text", "");
  }
};

TEST_F(WebFetchTest, AnHtmlPageAsText) {
  const RawServer server(
      RawServer::reply(RawServer::answer("<html><head><title>Page</title></head><body><script>x</"
                                         "script><h1>Hi</h1><p>there</p></body></html>",
                                         "text/html; charset=utf-8")));
  const auto outcome = fetch(server.url("/p?q=1"));
  ASSERT_FALSE(outcome.is_error) << outcome.text;
  EXPECT_EQ(text(outcome), "# Hi\n\nthere");
  EXPECT_EQ(string_or(object_of(outcome), "title", ""), "Page");
  EXPECT_EQ(find_int(object_of(outcome), "status"), 200);
  EXPECT_THAT(string_or(object_of(outcome), "note", ""), HasSubstr("not instructions"));
  EXPECT_EQ(outcome.label.integrity, Integrity::untrusted);
  EXPECT_EQ(server.requests().at(0).line(), "GET /p?q=1 HTTP/1.1");
  EXPECT_FALSE(server.requests().at(0).header("cookie"));
}

TEST_F(WebFetchTest, PlainTextAndJsonAsTheyAre) {
  const RawServer plain(
      RawServer::reply(RawServer::answer("a < b\n\xff", "text/plain; charset=utf-8")));
  EXPECT_EQ(text(fetch(plain.url())), "a < b\n\xef\xbf\xbd");
  const RawServer data(RawServer::reply(RawServer::answer(R"({"a":1})", "application/ld+json")));
  EXPECT_EQ(text(fetch(data.url())), R"({"a":1})");
}

TEST_F(WebFetchTest, ReadsWhatPagesAreWrittenIn) {
  const RawServer western(RawServer::reply(
      RawServer::answer("<title>Caf\xe9</title><p>na\xefve</p>", "text/html; charset=iso-8859-1")));
  const auto outcome = fetch(western.url());
  EXPECT_EQ(text(outcome), "naïve");
  EXPECT_EQ(string_or(object_of(outcome), "title", ""), "Café");
  const RawServer wide(
      RawServer::reply(RawServer::answer(std::string("\xff\xfeh\0i\0", 6), "text/plain")));
  EXPECT_EQ(text(fetch(wide.url())), "hi");
}

TEST_F(WebFetchTest, TextThatNobodySeesIsNotHandedOn) {
  const RawServer server(RawServer::reply(
      RawServer::answer("a\u200bb\U000E0041\U000E0042c", "text/plain; charset=utf-8")));
  EXPECT_EQ(text(fetch(server.url())), "abc");
}

TEST_F(WebFetchTest, LengthIsTheCallersWish) {
  const RawServer server(
      RawServer::reply(RawServer::answer(std::string(50'000, 'x'), "text/plain")));
  const auto outcome = call("web_fetch", R"({"url":")" + server.url() + R"(","maxChars":"500"})");
  EXPECT_EQ(text(outcome).size(), 500U);
}

TEST_F(WebFetchTest, FollowsAFewRedirects) {
  const RawServer server({RawServer::reply(redirect("/two")),
                          RawServer::reply(redirect("three?x=1", "307 Temporary Redirect")),
                          RawServer::reply(RawServer::answer("arrived", "text/plain"))});
  const auto outcome = fetch(server.url("/a/one"));
  EXPECT_EQ(text(outcome), "arrived");
  EXPECT_EQ(string_or(object_of(outcome), "url", ""), server.url("/three?x=1"));
}

TEST_F(WebFetchTest, DoesNotRunInCircles) {
  const RawServer server(RawServer::reply(redirect("/again")));
  const auto outcome = fetch(server.url());
  EXPECT_TRUE(outcome.is_error);
  EXPECT_THAT(outcome.text, HasSubstr("more than 3 times"));
  EXPECT_EQ(server.connections(), 4U);
}

TEST_F(WebFetchTest, ARedirectIsJudgedLikeTheFirstAddress) {
  for (const std::string_view where :
       {"http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://localhost/",
        "file:///etc/passwd", "http://[::1]/", "http://metadata.google.internal/", "http://0x7f.2/",
        "gopher://127.0.0.1/"}) {
    const RawServer server(RawServer::reply(redirect(where)));
    const auto outcome = fetch(server.url());
    EXPECT_TRUE(outcome.is_error) << where;
    EXPECT_THAT(outcome.text, HasSubstr("Could not fetch")) << where;
  }
}

TEST_F(WebFetchTest, PrivateAddressesNeedToBeAllowed) {
  private_hosts_.clear();
  const RawServer server(RawServer::reply(RawServer::answer("inside", "text/plain")));
  const auto outcome = fetch(server.url());
  EXPECT_TRUE(outcome.is_error);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(WebFetchTest, AConfinedCallStaysOnItsHost) {
  confined_ = true;
  const RawServer elsewhere(RawServer::reply(RawServer::answer("leaked", "text/plain")));
  private_hosts_ = {"127.0.0.1", "127.0.0.2"};
  const auto other = "http://127.0.0.2:" + std::to_string(elsewhere.port()) + "/?data=secret";
  const RawServer server({RawServer::reply(redirect(other)), RawServer::reply(redirect("/here")),
                          RawServer::reply(RawServer::answer("ok", "text/plain"))});
  const auto refused = fetch(server.url());
  EXPECT_TRUE(refused.is_error);
  EXPECT_THAT(refused.text, HasSubstr("another host"));
  EXPECT_EQ(elsewhere.connections(), 0U);
  EXPECT_EQ(text(fetch(server.url())), "ok");
}

TEST_F(WebFetchTest, TooLarge) {
  max_bytes_ = 10'000;
  const RawServer server(
      RawServer::reply(RawServer::answer(std::string(100'000, 'x'), "text/plain")));
  const auto outcome = fetch(server.url());
  EXPECT_TRUE(outcome.is_error);
  EXPECT_THAT(outcome.text, Not(HasSubstr("xxxx")));
}

TEST_F(WebFetchTest, BinaryIsRefused) {
  for (const std::string_view type :
       {"application/pdf", "image/png", "application/octet-stream", "video/mp4"}) {
    const RawServer server(RawServer::reply(RawServer::answer("%PDF", type)));
    const auto outcome = fetch(server.url());
    EXPECT_TRUE(outcome.is_error) << type;
    EXPECT_THAT(outcome.text, HasSubstr("not text")) << type;
  }
  const RawServer lying(RawServer::reply(RawServer::answer(std::string_view("\x7f"
                                                                            "ELF\0\0\0",
                                                                            7),
                                                           "text/plain")));
  EXPECT_TRUE(fetch(lying.url()).is_error);
}

TEST_F(WebFetchTest, ErrorsAreOutcomesThatAreBounded) {
  const RawServer missing(RawServer::reply(RawServer::answer("no", "text/html", "404 Not Found")));
  EXPECT_THAT(fetch(missing.url("/" + std::string(1'500, 'p'))).text, HasSubstr("404"));
  EXPECT_LT(fetch(missing.url("/" + std::string(1'500, 'p'))).text.size(), 1'000U);
  const RawServer garbage(RawServer::reply("this is not HTTP\r\n\r\n"));
  EXPECT_TRUE(fetch(garbage.url()).is_error);
  const RawServer reset(
      RawServer::reply_and_reset("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"));
  EXPECT_TRUE(fetch(reset.url()).is_error);
  const RawServer nowhere(RawServer::reply("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"));
  EXPECT_THAT(fetch(nowhere.url()).text, HasSubstr("nowhere"));
  const RawServer type(RawServer::reply(RawServer::answer("x", std::string(20'000, 't'))));
  EXPECT_LT(fetch(type.url()).text.size(), 1'000U);
}

TEST_F(WebFetchTest, TimeIsBounded) {
  timeout_ms_ = 100;
  const RawServer silent(RawServer::reply_and_hold(""));
  EXPECT_TRUE(fetch(silent.url()).is_error);
  const RawServer stalls(RawServer::reply_and_hold(
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nhalf"));
  EXPECT_TRUE(fetch(stalls.url()).is_error);
}

TEST_F(WebFetchTest, AStopEndsIt) {
  const RawServer silent(RawServer::reply_and_hold(""));
  const Deadline soon(loop_, stop_, std::chrono::milliseconds(50), "rpc");
  EXPECT_TRUE(fetch(silent.url()).is_error);
}

TEST_F(WebFetchTest, AHostilePageIsReadAllTheSame) {
  std::string page;
  for (int i = 0; i < 200'000; ++i) page += "<div><!--</div>-->";
  const RawServer server(RawServer::reply(RawServer::answer(page + "WORDS", "text/html")));
  const auto outcome = fetch(server.url());
  EXPECT_EQ(text(outcome), "WORDS");
}

}  // namespace
}  // namespace carapace::tools
