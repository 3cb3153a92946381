// What providers do over several calls: leaving out what a server refuses, going on after a pause,
// asking running servers for their models, and how the key travels.
#include <gtest/gtest.h>

#include <memory>

#include "base/json.h"
#include "extensions/providers/builtin.h"
#include "net/client.h"
#include "provider/catalogue.h"
#include "provider/recording_sink.h"
#include "provider/stack/resume.h"
#include "support/loop_fixture.h"
#include "support/raw_server.h"

namespace carapace::providers {
namespace {

using provider::ProviderConfig;
using test::RawServer;

std::string reply(std::string_view status, std::string_view body,
                  std::string_view type = "application/json") {
  return RawServer::answer(body, type, status);
}
const std::string kChatAnswer = reply(
    "200 OK",
    "data: {\"choices\":[{\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\ndata: "
    "[DONE]\n\n",
    "text/event-stream");

class ProviderBehaviour : public test::LoopTest {
 protected:
  provider::Resolved resolve(std::string id, const RawServer& server, std::string model,
                             std::string suffix = "", std::string version = "",
                             std::string key = "sk-secret-1") {
    ProviderConfig config;
    config.id = std::move(id);
    config.base_url = server.url(suffix);
    config.api_key = std::move(key);
    config.api_version = std::move(version);
    config.headers = {{"x-extra", "yes"}};
    const provider::Catalogue catalogue(builtin_providers(), {config},
                                        [](std::string_view) { return std::nullopt; });
    auto resolved = catalogue.resolve({config.id, std::move(model)});
    EXPECT_TRUE(resolved);
    request_.model = resolved->model.id;
    request_.context_window = resolved->model.context_window;
    request_.messages = {{Role::user, {TextBlock{"hi"}}, 0, {}, {}, {}, std::nullopt}};
    return *resolved;
  }
  Result<provider::Completion> call(const provider::Resolved& resolved) {
    const auto made = resolved.spec->make(resolved.settings, ports_);
    return run(made->complete(request_, sink_, context_));
  }
  Result<provider::Completion> call_whole(const provider::Resolved& resolved) {
    const auto made = resolved.spec->make(resolved.settings, ports_);
    const auto whole = provider::make_resume(*made);
    return run(whole->complete(request_, sink_, context_));
  }
  static json::object body(const test::RawRequest& request) {
    return parse_json(request.body)->get_object();
  }

  std::unique_ptr<net::Client> client_ = net::make_client(loop_);
  provider::Ports ports_{*client_, clock_, random_};
  provider::Request request_;
  provider::CallContext context_;
  test::RecordingSink sink_;
};

TEST_F(ProviderBehaviour, ChatLeavesOutWhatTheServerRefuses) {
  RawServer server(
      {RawServer::reply(
           reply("400 Bad", R"({"error":{"message":"Unknown parameter: stream_options"}})")),
       RawServer::reply(reply(
           "400 Bad",
           R"({"error":{"message":"Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead."}})")),
       RawServer::reply(kChatAnswer)});
  const auto resolved = resolve("openai", server, "gpt-5.2");
  const auto made = resolved.spec->make(resolved.settings, ports_);
  ASSERT_TRUE(run(made->complete(request_, sink_, context_)));
  ASSERT_TRUE(run(made->complete(request_, sink_, context_)));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4U) << "what was learned is remembered";
  EXPECT_TRUE(body(requests[0]).contains("stream_options"));
  for (const auto at : {2U, 3U}) {
    EXPECT_FALSE(body(requests[at]).contains("stream_options"));
    EXPECT_TRUE(body(requests[at]).contains("max_tokens"));
    EXPECT_FALSE(body(requests[at]).contains("max_completion_tokens"));
  }
  EXPECT_EQ(requests[0].header("authorization"), "Bearer sk-secret-1");
  EXPECT_EQ(requests[0].header("x-extra"), "yes");
  EXPECT_TRUE(requests[0].line().starts_with("POST /chat/completions "));
}

TEST_F(ProviderBehaviour, ARefusalThatNamesNothingIsNotRepeated) {
  RawServer server(RawServer::reply(reply("400 Bad", R"({"error":{"message":"nonsense"}})")));
  EXPECT_FALSE(call(resolve("openai", server, "gpt-5.2")));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(ProviderBehaviour, MessagesVersionsAndKeys) {
  const auto answer =
      reply("200 OK",
            "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: "
            "{\"type\":\"message_stop\"}\n\n",
            "text/event-stream");
  RawServer server(RawServer::reply(answer));
  ASSERT_TRUE(call(resolve("anthropic", server, "claude-opus-4-5")));
  ASSERT_TRUE(call(resolve("anthropic", server, "claude-opus-4-5", "/v1", "2026-10-21")));
  ASSERT_TRUE(call(resolve("anthropic", server, "claude-opus-4-5", "", "", "sk-ant-oat01-token")));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  for (const auto& request : requests)
    EXPECT_TRUE(request.line().starts_with("POST /v1/messages ")) << request.line();
  EXPECT_EQ(requests[0].header("anthropic-version"), "2023-06-01");
  EXPECT_EQ(requests[0].header("x-api-key"), "sk-secret-1");
  EXPECT_EQ(requests[0].header("authorization"), std::nullopt);
  EXPECT_EQ(requests[1].header("anthropic-version"), "2026-10-21");
  EXPECT_EQ(requests[1].header("authorization"), "Bearer sk-secret-1");
  EXPECT_EQ(requests[1].header("x-api-key"), std::nullopt);
  EXPECT_EQ(requests[2].header("authorization"), "Bearer sk-ant-oat01-token");
  EXPECT_EQ(requests[2].header("anthropic-beta"), "oauth-2025-04-20");
  EXPECT_NE(requests[0].body.find("cache_control"), std::string::npos);
}

TEST_F(ProviderBehaviour, MessagesGoOnWithoutThinkingAfterARefusal) {
  RawServer server(
      {RawServer::reply(reply(
           "400 Bad",
           R"({"type":"error","error":{"type":"invalid_request_error","message":"thinking.budget_tokens: not supported by this model"}})")),
       RawServer::reply(
           reply("200 OK", "data: {\"type\":\"message_stop\"}\n\n", "text/event-stream"))});
  const auto resolved = resolve("anthropic", server, "claude-opus-4-5");
  request_.thinking = provider::Thinking::low;
  ASSERT_TRUE(call(resolved));
  EXPECT_TRUE(body(server.requests()[0]).contains("thinking"));
  EXPECT_FALSE(body(server.requests()[1]).contains("thinking"));
}

TEST_F(ProviderBehaviour, APausedTurnIsSentAgainAtMostThreeTimes) {
  const auto part = [](std::string_view text, std::string_view reason) {
    return reply(
        "200 OK",
        fmt::format(
            "data: "
            "{{\"type\":\"message_start\",\"message\":{{\"usage\":{{\"input_tokens\":2}}}}}}\n\n"
            "data: "
            "{{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"text\","
            "\"text\":\"{}\"}}}}\n\n"
            "data: "
            "{{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{}\"}},\"usage\":{{"
            "\"output_tokens\":1}}}}\n\ndata: {{\"type\":\"message_stop\"}}\n\n",
            text, reason),
        "text/event-stream");
  };
  RawServer server(
      {RawServer::reply(part("one ", "pause_turn")), RawServer::reply(part("two", "end_turn"))});
  auto result = call_whole(resolve("anthropic", server, "claude-opus-4-5"));
  ASSERT_TRUE(result);
  EXPECT_EQ(test::text_in(*result), "one two");
  EXPECT_EQ(result->blocks.size(), 1U) << "one text, as it was shown";
  EXPECT_EQ(result->usage, (Usage{4, 2, 0, 0}));
  EXPECT_EQ(dump_json(body(server.requests()[1]).at("messages").get_array().back()),
            R"({"role":"assistant","content":[{"type":"text","text":"one"}]})")
      << "white space at the end of the last words would be refused";
  RawServer endless(RawServer::reply(part("again ", "pause_turn")));
  ASSERT_TRUE(call_whole(resolve("anthropic", endless, "claude-opus-4-5")));
  EXPECT_EQ(endless.requests().size(), 4U);
}

TEST_F(ProviderBehaviour, OllamaWithoutThinking) {
  RawServer server(
      {RawServer::reply(reply("400 Bad", R"({"error":"\"m\" does not support thinking"})")),
       RawServer::reply(reply("200 OK", "{\"message\":{\"content\":\"ok\"},\"done\":true}\n",
                              "application/x-ndjson"))});
  const auto resolved = resolve("ollama", server, "m", "/v1");
  request_.thinking = provider::Thinking::low;
  ASSERT_TRUE(call(resolved));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].line().starts_with("POST /api/chat ")) << requests[0].line();
  EXPECT_TRUE(body(requests[0]).contains("think"));
  EXPECT_FALSE(body(requests[1]).contains("think"));
}

TEST_F(ProviderBehaviour, OllamaWithoutTools) {
  const auto answer =
      reply("200 OK", "{\"message\":{\"content\":\"ok\"},\"done\":true}\n", "application/x-ndjson");
  RawServer server({RawServer::reply(reply(
                        "400 Bad", R"({"error":"registry/library/gemma does not support tools"})")),
                    RawServer::reply(answer), RawServer::reply(answer)});
  const auto resolved = resolve("ollama", server, "gemma");
  request_.tools = {{"look", "Looks.", R"({"type":"object"})"}};
  const auto made = resolved.spec->make(resolved.settings, ports_);
  ASSERT_TRUE(run(made->complete(request_, sink_, context_)));
  ASSERT_TRUE(run(made->complete(request_, sink_, context_)));
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3U) << "what was learned is remembered";
  EXPECT_TRUE(body(requests[0]).contains("tools"));
  EXPECT_FALSE(body(requests[1]).contains("tools"));
  EXPECT_FALSE(body(requests[2]).contains("tools"));
}

TEST_F(ProviderBehaviour, ChatWithoutTools) {
  for (const auto* refusal :
       {"500 Oops\n{\"error\":{\"code\":500,\"message\":\"tools param requires --jinja flag\"}}",
        "400 Bad\n{\"object\":\"error\",\"message\":\"\\\"auto\\\" tool choice requires "
        "--enable-auto-tool-choice and --tool-call-parser to be set\",\"code\":400}",
        "404 None\n{\"error\":{\"message\":\"No endpoints found that support tool "
        "use.\",\"code\":404}}"}) {
    const std::string_view text(refusal);
    const auto cut = text.find('\n');
    RawServer server({RawServer::reply(reply(text.substr(0, cut), text.substr(cut + 1))),
                      RawServer::reply(kChatAnswer)});
    request_.tools = {{"look", "Looks.", R"({"type":"object"})"}};
    EXPECT_TRUE(call(resolve("llamacpp", server, "m"))) << refusal;
    ASSERT_EQ(server.requests().size(), 2U) << refusal;
    EXPECT_TRUE(body(server.requests()[0]).contains("tools"));
    EXPECT_FALSE(body(server.requests()[1]).contains("tools"));
  }
}

TEST_F(ProviderBehaviour, OllamaMissingModel) {
  RawServer server(RawServer::reply(reply("404 Not Found", R"({"error":"model 'm' not found"})")));
  const auto result = call(resolve("ollama", server, "m"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::not_found);
  EXPECT_NE(result.error().detail.find("model 'm' not found"), std::string::npos);
}

// These answers in order, over however many connections the client takes.
RawServer::Script in_order(std::vector<std::string> answers) {
  return [answers = std::move(answers),
          next = std::make_shared<std::size_t>(0)](test::RawConnection& peer) {
    while (peer.read_request() && *next < answers.size())
      if (!peer.send(answers[(*next)++])) return;
  };
}

TEST_F(ProviderBehaviour, OllamaDiscovery) {
  const auto tags = reply(
      "200 OK",
      R"({"models":[{"model":"first"},{"name":"llama3.2:latest","model":"llama3.2:latest"},{"model":"nomic-embed-text"},{"model":"old"},{"model":"embedder"},{"model":"vectors"},{"x":1},7]})");
  RawServer server(in_order(
      {tags, reply("200 OK", R"({"capabilities":["completion"]})"),
       reply(
           "200 OK",
           R"({"capabilities":["completion","tools","vision","thinking"],"model_info":{"llama.context_length":131072}})"),
       reply("200 OK", R"({"capabilities":["embedding"]})"),
       reply("404 Not Found", "404 page not found", "text/plain"),
       reply("404 Not Found", "404 page not found", "text/plain"),
       reply("200 OK", R"({"details":{"family":"nomic-bert"}})")}));
  const auto resolved = resolve("ollama", server, "m");
  const auto models = run(resolved.spec->discover(resolved.settings, ports_));
  ASSERT_TRUE(models) << models.error().detail;
  ASSERT_EQ(models->size(), 3U);
  EXPECT_EQ((*models)[0].id, "llama3.2:latest") << "what can use tools comes first";
  EXPECT_EQ((*models)[0].context_window, 32'768)
      << "a larger window is used only when it is configured";
  EXPECT_TRUE((*models)[0].images);
  EXPECT_TRUE((*models)[0].reasoning);
  EXPECT_EQ((*models)[1].id, "first");
  EXPECT_EQ((*models)[2].id, "old");
  EXPECT_TRUE(server.requests()[0].line().starts_with("GET /api/tags "));
}

TEST_F(ProviderBehaviour, ChatDiscovery) {
  RawServer server(RawServer::reply(reply(
      "200 OK",
      R"({"data":[{"id":"a","context_length":65536,"architecture":{"input_modalities":["text","image"]},"pricing":{"prompt":"0.000003","completion":"0.000015","input_cache_read":"0.0000003"}},{"id":"b","pricing":{"prompt":"-1","completion":"-1"}},{"no":"id"},3]})")));
  const auto resolved = resolve("openrouter", server, "a");
  const auto models = run(resolved.spec->discover(resolved.settings, ports_));
  ASSERT_TRUE(models);
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ((*models)[0].context_window, 65'536);
  EXPECT_TRUE((*models)[0].images);
  EXPECT_EQ((*models)[1].context_window, 0);
  const auto price = (*models)[0].price;
  EXPECT_TRUE(price.known);
  EXPECT_DOUBLE_EQ(price.output, 15);
  EXPECT_DOUBLE_EQ(price.cache_read, 0.3);
  EXPECT_FALSE((*models)[1].price.known) << "it depends";
  RawServer broken(RawServer::reply(reply("200 OK", "<html>", "text/html")));
  const auto other = resolve("openrouter", broken, "a");
  EXPECT_FALSE(run(other.spec->discover(other.settings, ports_)));
}

}  // namespace
}  // namespace carapace::providers
