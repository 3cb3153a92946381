// HTTP requests to a gateway without sockets, and runs played under a completion call. Header only.
#pragma once

#include <string>
#include <vector>

#include "gateway/gateway_fixture.h"

namespace carapace::test {

using net::Headers;

inline const Headers kBearer = {{"authorization", "Bearer right-token"}};

inline json::object body_of(const net::ServerResponse& response) {
  const auto parsed = parse_json(response.body);
  EXPECT_TRUE(parsed && parsed->is_object()) << response.body;
  return parsed && parsed->is_object() ? parsed->as_object() : json::object{};
}
inline std::string header(const net::ServerResponse& response, std::string_view name) {
  return std::string(net::find_header(response.headers, name).value_or("(none)"));
}

class HttpTest : public GatewayTest {
 protected:
  HttpTest() { settings_.assets = kAssets; }
  net::ServerResponse get(std::string path, Headers headers = {}) {
    return http(request("GET", std::move(path), std::move(headers)));
  }
  net::ServerRequest completion(json::object body, Headers headers = kBearer) {
    return request("POST", "/v1/chat/completions", std::move(headers), dump_json(body));
  }
  static json::object asking(std::string_view text) {
    return {{"model", "carapace"}, {"messages", {{{"role", "user"}, {"content", text}}}}};
  }
  // Starts the call, lets the test play the run, and answers what came.
  template <typename Play>
  net::ServerResponse complete(net::ServerRequest asked, Play play) {
    gateway();
    FakeResponder responder;
    const auto before = door_.inbounds.size();
    work_.spawn(handler_.http(std::move(asked), responder));
    while (door_.inbounds.size() == before) settle();
    while (door_.live.empty()) settle();
    play(door_.inbounds.back().run);
    this->run(work_.join());
    streamed_ = responder.streamed;
    return responder.whole;
  }
  void says(const RunId& id, std::string whole, std::string delta) {
    publish(id, "k", RunText{std::move(whole), std::move(delta)});
    settle();
  }
  void ends(const RunId& id, RunEnded ended, dispatch::Outcome outcome = {}) {
    outcome.usage = ended.usage;
    outcome.text = ended.text;
    outcome.error = ended.error;
    outcome.stop_reason = ended.stop_reason;
    publish(id, "k", std::move(ended));
    end(id, std::move(outcome));
  }
  // Contents of the `data:` lines.
  static std::vector<std::string> chunks(const std::string& body) {
    std::vector<std::string> out;
    for (std::size_t at = 0; (at = body.find("data: ", at)) != std::string::npos; at += 6)
      out.push_back(body.substr(at + 6, body.find("\n\n", at) - at - 6));
    return out;
  }
  bool streamed_ = false;

  static constexpr gateway::Asset kAssets[] = {
      {"index.html", "<html>app</html>", "text/html; charset=utf-8", "e1", false},
      {"assets/app-1a2b.js", "js", "text/javascript", "e2", true},
      {"icon.svg", "<svg/>", "image/svg+xml", "", false},
  };
};

}  // namespace carapace::test
