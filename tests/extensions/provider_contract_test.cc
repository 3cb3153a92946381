// What every provider must do, over every row: a scripted peer speaks the row's wire on loopback,
// and the answer, its errors and its end are the same for all of them. A new row is tested by being
// there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "async/signal.h"
#include "async/task_group.h"
#include "base/json.h"
#include "extensions/provider_doubles.h"
#include "extensions/providers/builtin.h"
#include "net/client.h"
#include "provider/catalogue.h"
#include "provider/catalogue/base_url.h"
#include "provider/recording_sink.h"
#include "provider/stack/retry.h"
#include "support/loop_fixture.h"
#include "support/raw_server.h"

namespace carapace::providers {
namespace {

using provider::Catalogue;
using provider::Completion;
using provider::ProviderConfig;
using provider::Spec;
using test::calls_in;
using test::RawServer;
using test::text_in;
using test::thinking_in;

const std::string kKey = "sk-test-0123456789";

std::string head(std::string_view status, std::string_view type, std::string_view more = "") {
  return fmt::format(
      "HTTP/1.1 {}\r\ncontent-type: {}\r\nrequest-id: req_77\r\n{}connection: close\r\n\r\n",
      status, type, more);
}

std::vector<const Spec*> network_rows() {
  std::vector<const Spec*> out;
  for (const auto* spec : builtin_providers())
    if (!spec->offline) out.push_back(spec);
  return out;
}

// Requests the stop as soon as the first words are there.
class StoppingSink final : public provider::EventSink {
 public:
  explicit StoppingSink(Signal& seen) : seen_(seen) {}
  void on_begin() override {}
  void on_text(std::string_view) override { seen_.notify_all(); }
  void on_thinking(std::string_view) override {}

 private:
  Signal& seen_;
};

Task<void> stop_when(Signal& seen, Stop stop) {
  if (co_await seen.wait_for(std::chrono::seconds(20))) stop.request("user");
}

class ProviderContract : public test::LoopTest, public ::testing::WithParamInterface<const Spec*> {
 protected:
  const Spec& spec() const { return *GetParam(); }
  const Double& wire() const { return double_of(spec()); }
  std::string ok(std::string_view body) const {
    return head("200 OK", wire().content_type) + std::string(body);
  }

  // From row to provider, exactly as app/ does it.
  provider::Resolved resolve(const RawServer& server, provider::Timeouts timeouts = {}) {
    ProviderConfig config;
    config.id = spec().id;
    config.base_url = server.url("");
    config.api_key = kKey;
    config.timeouts = timeouts;
    const Catalogue catalogue(builtin_providers(), {config},
                              [](std::string_view) { return std::nullopt; });
    const std::string model(spec().default_model.empty() ? "m" : spec().default_model);
    auto resolved = catalogue.resolve({std::string(spec().id), model});
    EXPECT_TRUE(resolved) << resolved.error().detail;
    request_.model = model;
    request_.messages =
        provider::repair({{Role::user, {TextBlock{"hi"}}, 0, {}, {}, {}, std::nullopt}},
                         resolved->spec->hygiene, resolved->settings.id, model, true);
    request_.tools = {{"look", "Looks.", R"({"type":"object"})"},
                      {"go", "Goes.", R"({"type":"object"})"}};
    return *resolved;
  }
  Result<Completion> call(RawServer& server, provider::Timeouts timeouts = {}) {
    const auto resolved = resolve(server, timeouts);
    const auto made = resolved.spec->make(resolved.settings, ports_);
    return run(made->complete(request_, sink_, context_));
  }
  Result<Completion> answer(std::string bytes) {
    RawServer server(RawServer::reply(std::move(bytes)));
    return call(server);
  }
  Errc error(std::string bytes) {
    const auto result = answer(std::move(bytes));
    EXPECT_FALSE(result);
    if (result) return Errc::internal;
    EXPECT_EQ(result.error().detail.find(kKey), std::string::npos) << "an error shows the key";
    return result.error().code;
  }

  std::unique_ptr<net::Client> client_ = net::make_client(loop_);
  provider::Ports ports_{*client_, clock_, random_};
  provider::Request request_;
  provider::CallContext context_;
  test::RecordingSink sink_;
};

TEST_P(ProviderContract, StreamsText) {
  RawServer server(RawServer::reply(ok(wire().text)));
  const auto result = call(server);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(text_in(*result), "Hello wörld");
  EXPECT_EQ(sink_.text, "Hello wörld");
  EXPECT_EQ(result->stop, StopReason::stop);
  EXPECT_EQ(result->usage.input, 12);
  EXPECT_EQ(result->usage.output, 3);
  EXPECT_EQ(result->model, "m-1");
  EXPECT_EQ(result->request_id, "req_77");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_TRUE(requests[0].line().starts_with("POST "));
  EXPECT_NE(requests[0].head.find(kKey), std::string::npos) << "the key is sent in a header";
  EXPECT_EQ(requests[0].line().find(kKey), std::string_view::npos) << "and never in the URL";
  EXPECT_EQ(requests[0].header("content-type"), "application/json");
  EXPECT_TRUE(parse_json(requests[0].body));
}

TEST_P(ProviderContract, OneByteAtATime) {
  RawServer server(RawServer::reply_pieces(ok(wire().text)));
  const auto result = call(server);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(text_in(*result), "Hello wörld");
  EXPECT_TRUE(sink_.valid);
}

TEST_P(ProviderContract, Thinking) {
  const auto result = answer(ok(wire().thinking));
  ASSERT_TRUE(result);
  EXPECT_EQ(thinking_in(*result), "hm");
  EXPECT_EQ(text_in(*result), "ok");
  EXPECT_EQ(sink_.thinking, "hm");
  EXPECT_EQ(sink_.text, "ok");
}

TEST_P(ProviderContract, ToolCalls) {
  auto result = answer(ok(wire().one_call));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stop, StopReason::tool_use);
  ASSERT_EQ(calls_in(*result).size(), 1U);
  EXPECT_EQ(calls_in(*result)[0].arguments, R"({"x":1})");
  EXPECT_FALSE(calls_in(*result)[0].id.empty());
  result = answer(ok(wire().two_calls));
  ASSERT_TRUE(result);
  const auto calls = calls_in(*result);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].name, "look");
  EXPECT_EQ(calls[0].arguments, R"({"x":1})");
  EXPECT_EQ(calls[1].name, "go");
  EXPECT_EQ(calls[1].arguments, "{}");
  EXPECT_NE(calls[0].id, calls[1].id);
}

TEST_P(ProviderContract, StopReasons) {
  auto result = answer(ok(wire().length));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stop, StopReason::length);
  if (wire().refusal.empty()) return;
  result = answer(ok(wire().refusal));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stop, StopReason::refusal);
}

TEST_P(ProviderContract, ErrorClasses) {
  const auto body = [](std::string_view message) {
    return dump_json(
        json::object{{"error", json::object{{"message", std::string(message) + " " + kKey}}}});
  };
  const auto status = [&](std::string_view line, std::string_view message = "no") {
    return error(head(line, "application/json") + body(message));
  };
  EXPECT_EQ(status("401 Unauthorized"), Errc::unauthorized);
  EXPECT_EQ(status("402 Payment Required"), Errc::budget_exceeded);
  EXPECT_EQ(status("403 Forbidden"), Errc::forbidden);
  EXPECT_EQ(status("404 Not Found"), Errc::not_found);
  EXPECT_EQ(status("413 Too Large"), Errc::too_large);
  EXPECT_EQ(status("429 Slow"), Errc::rate_limited);
  EXPECT_EQ(status("500 Oops"), Errc::unavailable);
  EXPECT_EQ(status("529 Overloaded"), Errc::unavailable);
  EXPECT_EQ(status("400 Bad", "bad"), Errc::invalid_request);
  EXPECT_EQ(status("400 Bad", "prompt is too long: 9 tokens > 8 maximum"), Errc::too_large);
  EXPECT_EQ(status("429 Quota", "You exceeded your current quota"), Errc::budget_exceeded);
  EXPECT_EQ(error(head("400 Bad", "application/json")), Errc::invalid_request) << "no body at all";
  EXPECT_EQ(error(head("503 Away", "text/html") + "<html><title>503</title>" + kKey),
            Errc::unavailable);
  EXPECT_EQ(error(head("404 Gone", "text/html") + "<html>nothing</html>"), Errc::not_found);
  EXPECT_EQ(error(head("307 Elsewhere", "text/plain", "location: http://127.0.0.1:1/\r\n")),
            Errc::invalid_request)
      << "a key follows no redirect";
}

TEST_P(ProviderContract, RetryAfterIsCarried) {
  const auto result = answer(head("429 Slow", "application/json", "retry-after: 7\r\n") +
                             R"({"error":{"message":"slow"}})");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().retry_after_ms, 7000);
  EXPECT_NE(result.error().detail.find("req_77"), std::string::npos);
}

TEST_P(ProviderContract, WhatIsNoAnswerIsAnError) {
  EXPECT_EQ(error(ok(wire().error)), Errc::unavailable);
  EXPECT_EQ(error(ok(wire().first + wire().error)), Errc::unavailable);
  EXPECT_EQ(error(head("200 OK", "text/html") + "<html><title>Log in to the Wi-Fi</title></html>"),
            Errc::unavailable);
  EXPECT_EQ(error(head("200 OK", "application/json") +
                  R"({"error":{"message":"bad key","type":"authentication_error"}})"),
            Errc::unauthorized);
  EXPECT_EQ(error(ok("")), Errc::unavailable);
  EXPECT_EQ(error(ok(wire().first)), Errc::unavailable);
  EXPECT_EQ(error(ok("garbage \xFF\xFE\n\n")), Errc::unavailable);
}

TEST_P(ProviderContract, LengthThatIsNotKept) {
  const auto bytes =
      fmt::format("HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n{}",
                  wire().content_type, wire().first.size() + 3, wire().first);
  EXPECT_EQ(error(bytes), Errc::unavailable);
  RawServer server(RawServer::reply_and_reset(ok(wire().first)));
  const auto result = call(server);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
}

TEST_P(ProviderContract, EndsAtTheWiresEndAlthoughTheSocketStaysOpen) {
  RawServer server(RawServer::reply_and_hold(ok(wire().text)));
  const auto result = call(
      server, {.connect_ms = 5'000, .first_byte_ms = 5'000, .idle_ms = 50'000, .total_ms = 50'000});
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(text_in(*result), "Hello wörld");
}

TEST_P(ProviderContract, Deadlines) {
  const provider::Timeouts quick{
      .connect_ms = 5'000, .first_byte_ms = 200, .idle_ms = 200, .total_ms = 20'000};
  RawServer silent(RawServer::reply_and_hold(""));
  auto result = call(silent, quick);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::timeout);
  RawServer stalled(RawServer::reply_and_hold(ok(wire().first)));
  result = call(stalled, quick);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::timeout);
}

TEST_P(ProviderContract, NobodyListens) {
  std::uint16_t port = 0;
  {
    RawServer gone(RawServer::reply(""));
    port = gone.port();
  }
  RawServer unused(RawServer::reply(""));
  auto resolved = resolve(unused);
  resolved.settings.base_url = fmt::format("http://127.0.0.1:{}", port);
  const auto made = resolved.spec->make(resolved.settings, ports_);
  const auto result = run(made->complete(request_, sink_, context_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
}

Task<Result<Completion>> call_and_stop(Loop& loop, provider::Provider& made,
                                       const provider::Request& request,
                                       const provider::CallContext& context) {
  Signal seen;
  StoppingSink sink(seen);
  TaskGroup group(loop, {});
  group.spawn(stop_when(seen, context.stop));
  auto result = co_await made.complete(request, sink, context);
  seen.notify_all();
  co_await group.join();
  co_return result;
}

TEST_P(ProviderContract, StopEndsTheCall) {
  RawServer server(RawServer::reply_and_hold(ok(wire().first)));
  const auto resolved = resolve(server);
  const auto made = resolved.spec->make(resolved.settings, ports_);
  const auto result = run(call_and_stop(loop_, *made, request_, context_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
  EXPECT_TRUE(server.wait_ended(1)) << "the connection is let go";
}

TEST_P(ProviderContract, RetriesUnderTheDecorator) {
  RawServer server(
      {RawServer::reply(head("529 Overloaded", "application/json", "retry-after-ms: 5\r\n")),
       RawServer::reply(ok(wire().error)), RawServer::reply(ok(wire().text))});
  const auto resolved = resolve(server);
  const auto made = resolved.spec->make(resolved.settings, ports_);
  const auto retry = provider::make_retry(*made, {.first_wait_ms = 5}, random_);
  const auto result = run(retry->complete(request_, sink_, context_));
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(sink_.text, "Hello wörld");
}

INSTANTIATE_TEST_SUITE_P(Rows, ProviderContract, ::testing::ValuesIn(network_rows()),
                         [](const auto& param) {
                           std::string name(param.param->id);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// ---- the rows themselves ----

TEST(ProviderRows, AreWhole) {
  std::set<std::string_view> ids;
  int offline = 0;
  for (const auto* spec : builtin_providers()) {
    SCOPED_TRACE(spec->id);
    EXPECT_TRUE(ids.insert(spec->id).second);
    EXPECT_FALSE(spec->id.empty() || spec->label.empty() || spec->api.empty());
    EXPECT_NE(spec->make, nullptr);
    offline += spec->offline;
    EXPECT_EQ(spec->key_required && spec->env_keys.empty(), false) << "a key that cannot be given";
    EXPECT_TRUE(spec->offline || spec->generic || provider::is_safe_base_url(spec->base_url));
    EXPECT_FALSE(spec->base_url.ends_with('/'));
    for (const auto key : spec->env_keys)
      for (const char c : key)
        EXPECT_TRUE(c == '_' || std::isupper(static_cast<unsigned char>(c)) ||
                    std::isdigit(static_cast<unsigned char>(c)));
    std::set<std::string_view> models;
    for (const auto& model : spec->models) {
      EXPECT_TRUE(models.insert(model.id).second) << model.id;
      EXPECT_GE(model.context_window, 16'000) << model.id;
      EXPECT_LE(model.max_output, model.context_window) << model.id;
    }
    EXPECT_TRUE(spec->default_model.empty() || models.contains(spec->default_model))
        << "the default model is a row";
  }
  EXPECT_EQ(offline, 1);
}

TEST(ProviderRows, TheOfflineRowAnswersWhenNothingElseCan) {
  const Catalogue catalogue(builtin_providers(), {}, [](std::string_view) { return std::nullopt; });
  const auto choice = catalogue.pick_default("", {});
  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->offline);
  EXPECT_TRUE(catalogue.resolve(choice->model));
}

TEST(ProviderRows, KeysAreLookedForInTheOrderOfTheList) {
  const std::map<std::string, std::string, std::less<>> variables{{"GROQ_API_KEY", "g"},
                                                                  {"OPENAI_API_KEY", "o"}};
  const Catalogue catalogue(
      builtin_providers(), {}, [&variables](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
  EXPECT_EQ(catalogue.pick_default("", {})->model.provider, "openai");
}

}  // namespace
}  // namespace carapace::providers
