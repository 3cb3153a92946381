// The face behind the real server: what only shows on a socket.
#include "support/raw_client.h"

#include "gateway/http_fixture.h"
#include "net/server.h"

namespace carapace::test {
namespace {

class ServerTest : public HttpTest {
 protected:
  // Runs blocking client code on the pool while the loop serves.
  template <typename Client>
  void with_server(Client client) {
    gateway();
    net::ServerOptions options;
    options.always = gateway::security_headers();
    auto server = net::listen(loop_, options, handler_);
    ASSERT_TRUE(server) << server.error().detail;
    const auto port = (*server)->port();
    this->run(offload(pool_, [&client, port] {
      client(port);
      return true;
    }));
    this->run(gateway_->shutdown("test over"));
    this->run((*server)->shut_down(1012, "service restart", 2'000));
  }
  static std::string get(std::uint16_t port, std::string_view path, std::string_view extra = "") {
    return fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}\r\n", path, port, extra);
  }
  static json::object next(RawClient& client) {
    const auto frame = client.read_frame();
    const auto parsed = parse_json(frame.payload);
    return parsed && parsed->is_object() ? parsed->as_object() : json::object{};
  }
};

TEST_F(ServerTest, http_over_a_socket) {
  with_server([](std::uint16_t port) {
    RawClient client(port);
    client.send(get(port, "/health"));
    const auto health = client.read_reply();
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(health.header("x-frame-options"), "DENY");
    client.send(get(port, "/assets/app-1a2b.js"));
    const auto script = client.read_reply();
    EXPECT_EQ(script.body, "js");
    client.send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = client.read_reply(true);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("content-length"), "16");
    client.send("garbage\r\n\r\n");  // answered by the server itself, with the same headers
    const auto bad = client.read_reply();
    EXPECT_EQ(bad.status, 400);
    EXPECT_EQ(bad.header("x-content-type-options"), "nosniff");
  });
}

TEST_F(ServerTest, a_websocket_over_a_socket) {
  with_server([](std::uint16_t port) {
    RawClient client(port);
    ASSERT_EQ(client.upgrade("/any/path").status, 101);
    EXPECT_EQ(next(client).at("event"), "connect.challenge");
    const auto connect = dump_json(json::object{
        {"type", "req"},
        {"id", "1"},
        {"method", "connect"},
        {"params",
         {{"minProtocol", 3},
          {"maxProtocol", 3},
          {"client", {{"id", "cli"}, {"version", "t"}, {"platform", "x"}, {"mode", "cli"}}},
          {"auth", {{"token", kToken}}}}}});
    client.send_frame(2, connect);  // binary frames count as text
    EXPECT_EQ(next(client).at("payload").at("type"), "hello-ok");
    EXPECT_EQ(next(client).at("event"), "health");
    client.send_text(std::string(525'000, 'x'));
    RawFrame last;
    do last = client.read_frame();
    while (last.opcode == 1);
    EXPECT_EQ(last.close_code(), 1009);
  });
}

TEST_F(ServerTest, an_upgrade_from_another_page_is_refused) {
  with_server([](std::uint16_t port) {
    RawClient client(port);
    const auto refused = client.upgrade("/", "Origin: http://evil.example\r\n");
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.header("x-frame-options"), "DENY");
  });
}

}  // namespace
}  // namespace carapace::test
