// Calls that go through the egress guard: what they refuse, what they pin.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/client_fixture.h"
#include "support/raw_server.h"

namespace carapace::net {
namespace {

using test::RawConnection;
using test::RawServer;

struct GuardedTest : ClientTest {
  void use_resolver(std::vector<std::string> addresses) {
    client_ = make_client(
        loop_, [this, addresses](const std::string& host) -> Result<std::vector<std::string>> {
          ++asked_;
          if (host != "peer.example") return fail(Errc::unavailable, "no such host {}", host);
          return addresses;
        });
  }
  static Call guarded(std::string url, std::vector<std::string> listed = {}) {
    Call request;
    request.url = std::move(url);
    request.guarded = true;
    request.private_hosts = std::move(listed);
    return request;
  }
  std::atomic<int> asked_ = 0;
};

TEST_F(GuardedTest, PrivateAddressesAreNeverAsked) {
  RawServer server(RawServer::reply(RawServer::answer("secret")));
  const auto port = std::to_string(server.port());
  for (const std::string host :
       {"127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"}) {
    const auto answer = call(guarded("http://" + host + ":" + port + "/"));
    EXPECT_EQ(code_of(answer), Errc::forbidden) << host << " " << text_of(answer);
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(GuardedTest, OneBadAddressRejectsTheName) {
  RawServer server(RawServer::reply(RawServer::answer("secret")));
  const auto url = "http://peer.example:" + std::to_string(server.port()) + "/";
  for (const std::vector<std::string>& addresses : {std::vector<std::string>{"127.0.0.1"},
                                                    {"8.8.8.8", "10.0.0.1"},
                                                    {"::1", "8.8.8.8"},
                                                    {"nonsense"}}) {
    use_resolver(addresses);
    EXPECT_EQ(code_of(call(guarded(url))), Errc::forbidden);
    EXPECT_EQ(asked_, 1);
    asked_ = 0;
  }
  use_resolver({});
  EXPECT_EQ(code_of(call(guarded(url))), Errc::unavailable);
  EXPECT_EQ(code_of(call(guarded("http://other.example/"))), Errc::unavailable);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(GuardedTest, ListedNameIsPinnedAndKeepsItsHostHeader) {
  RawServer server([](RawConnection& peer) {
    while (peer.read_request()) peer.send(RawServer::answer("ok"));
  });
  use_resolver({"127.0.0.1"});
  const auto url = "http://PEER.example.:" + std::to_string(server.port()) + "/a?b";
  for (std::size_t i = 1; i <= 2; ++i) {
    const auto answer = call(guarded(url, {"peer.example"}));
    ASSERT_TRUE(answer.result) << text_of(answer);
    EXPECT_EQ(answer.body, "ok");
    EXPECT_EQ(server.connections(), i) << "a guarded call takes a fresh connection";
    EXPECT_TRUE(server.wait_ended(i)) << "and does not keep it";
  }
  EXPECT_EQ(server.requests().at(0).header("host"),
            "peer.example:" + std::to_string(server.port()));
  EXPECT_EQ(server.requests().at(0).line(), "GET /a?b HTTP/1.1");
}

TEST_F(GuardedTest, NoProxyFromTheEnvironment) {
  RawServer proxy(RawServer::reply(RawServer::answer("from the proxy")));
  RawServer server(RawServer::reply(RawServer::answer("direct")));
  ASSERT_EQ(::setenv("http_proxy", proxy.url().c_str(), 1), 0);
  const auto direct = call(guarded(server.url(), {"127.0.0.1"}));
  const auto through = get("http://name.example/");
  ::unsetenv("http_proxy");
  EXPECT_EQ(direct.body, "direct") << text_of(direct);
  EXPECT_EQ(through.body, "from the proxy")
      << text_of(through);  // calls to configured peers honour it
}

TEST_F(GuardedTest, RedirectToMetadataMakesNoSecondRequest) {
  RawServer server(RawServer::reply(
      "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"));
  const auto answer = call(guarded(server.url(), {"127.0.0.1"}));
  ASSERT_TRUE(answer.result) << text_of(answer);
  EXPECT_EQ(answer.result->status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

struct SlowName {
  std::mutex mutex;
  std::condition_variable released;
  bool free = false;
  void wait() {
    std::unique_lock lock(mutex);
    released.wait(lock, [this] { return free; });
  }
  void release() {
    const std::scoped_lock lock(mutex);
    free = true;
    released.notify_all();
  }
};

TEST_F(GuardedTest, SlowNameMeetsTheConnectDeadline) {
  SlowName slow;
  client_ = make_client(loop_, [&slow](const std::string&) -> Result<std::vector<std::string>> {
    slow.wait();
    return std::vector<std::string>{"8.8.8.8"};
  });
  auto request = guarded("http://peer.example/");
  request.deadlines.connect_ms = 50;
  const auto answer = call(std::move(request));
  EXPECT_EQ(code_of(answer), Errc::unavailable);
  EXPECT_NE(text_of(answer).find("connect deadline"), std::string::npos);
  slow.release();
  client_.reset();  // joins the thread that still looks at `slow`
}

TEST_F(GuardedTest, StopWhileTheNameIsResolved) {
  SlowName slow;
  client_ = make_client(loop_, [&](const std::string&) -> Result<std::vector<std::string>> {
    loop_.post([this] { stop_.request("changed my mind"); });
    slow.wait();
    return std::vector<std::string>{"8.8.8.8"};
  });
  const auto answer = call(guarded("http://peer.example/"));
  EXPECT_EQ(code_of(answer), Errc::cancelled);
  EXPECT_EQ(text_of(answer), "changed my mind");
  slow.release();
  client_.reset();  // joins the thread that still looks at `slow`
}

TEST(SystemResolver, Loopback) {
  const auto found = resolve_with_system("127.0.0.1");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(resolve_with_system("").error().code, Errc::unavailable);
}

}  // namespace
}  // namespace carapace::net
