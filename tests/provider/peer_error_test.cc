#include "provider/peer_error.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/event_feed.h"
#include "provider/stack/retry.h"

namespace carapace::provider {
namespace {

constexpr std::int64_t kNow = 1'769'508'000'000;  // 2026-01-27T10:00:00Z

Error judged(int status, std::string_view body, net::Headers headers = {}) {
  return error_from_reply(status, headers, body, kNow);
}

TEST(PeerError, StatusTable) {
  const std::pair<int, Errc> rows[] = {
      {400, Errc::invalid_request}, {401, Errc::unauthorized}, {402, Errc::budget_exceeded},
      {403, Errc::forbidden},       {404, Errc::not_found},    {408, Errc::timeout},
      {409, Errc::unavailable},     {413, Errc::too_large},    {422, Errc::invalid_request},
      {429, Errc::rate_limited},    {500, Errc::unavailable},  {502, Errc::unavailable},
      {504, Errc::timeout},         {529, Errc::unavailable},  {307, Errc::invalid_request}};
  for (const auto& [status, code] : rows) EXPECT_EQ(judged(status, "").code, code) << status;
}

TEST(PeerError, OverflowInEveryoneWords) {
  for (const auto* text :
       {"prompt is too long: 210000 tokens > 200000 maximum",
        "Input is too long for requested model.",
        "Your input exceeds the context window of this model.",
        "Please reduce the length of the messages or completion.",
        "This endpoint's maximum context length is 131072 tokens.",
        "the request exceeds the available context size",
        "trying to keep the first 9000 tokens when context the overflows; greater than the context "
        "length",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "prompt too long; exceeded max context length by 12 tokens",
        "Range of input length should be [1, 30720]"})
    EXPECT_EQ(judged(400, dump_json(json::object{{"error", json::object{{"message", text}}}})).code,
              Errc::too_large)
        << text;
  EXPECT_EQ(judged(400, R"({"error":{"message":"x","code":"context_length_exceeded"}})").code,
            Errc::too_large);
  EXPECT_EQ(
      judged(429,
             R"({"error":{"message":"Rate limit reached: maximum context length of your tier"}})")
          .code,
      Errc::rate_limited);
}

TEST(PeerError, SpentCreditIsNotRetried) {
  EXPECT_EQ(
      judged(
          429,
          R"({"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}})")
          .code,
      Errc::budget_exceeded);
  EXPECT_EQ(
      judged(
          429,
          R"({"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}})")
          .code,
      Errc::budget_exceeded);
  EXPECT_EQ(
      judged(400, R"({"error":{"message":"Your credit balance is too low to access the API"}})")
          .code,
      Errc::budget_exceeded);
  EXPECT_EQ(judged(429, R"({"error":{"code":"1308","message":"used up"}})").code,
            Errc::budget_exceeded);
}

TEST(PeerError, ShapesOfErrorsInStreams) {
  const auto code = [](std::string_view text) {
    const auto value = parse_json(text);
    const auto error = error_from_event(value->get_object());
    return error ? std::optional(error->code) : std::nullopt;
  };
  EXPECT_EQ(code(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"),
            Errc::unavailable);
  EXPECT_EQ(code(R"({"error":{"code":429,"message":"slow"}})"), Errc::rate_limited);
  EXPECT_EQ(code(R"({"error":{"code":"502","message":"upstream"}})"), Errc::unavailable);
  EXPECT_EQ(code(R"({"error":"something broke"})"), Errc::unavailable);
  EXPECT_EQ(code(R"({"error":"too many requests, slow down"})"), Errc::rate_limited);
  EXPECT_EQ(code(R"({"object":"error","message":"bad","type":"BadRequestError","code":400})"),
            Errc::invalid_request);
  EXPECT_EQ(code(R"({"detail":[{"loc":["body"],"msg":"field required"}]})"), Errc::unavailable);
  EXPECT_EQ(code(R"({"error":null,"choices":[]})"), std::nullopt);
  EXPECT_EQ(code(R"({"choices":[]})"), std::nullopt);
}

TEST(PeerError, KeepsWordsAndRequestId) {
  const auto error = judged(
      529,
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_body"})",
      {{"request-id", "req_head"}});
  EXPECT_EQ(error.detail, "HTTP 529 overloaded_error: Overloaded (request req_head)");
  EXPECT_EQ(judged(422, R"({"detail":[{"msg":"a"},{"msg":"b"}]})").detail, "HTTP 422: a; b");
  EXPECT_EQ(judged(401, "No key").detail, "HTTP 401: No key");
}

TEST(PeerError, PagesAreNotQuoted) {
  const auto page =
      "<!doctype html><html><head><title>\n Just a\x1b[31m moment… </title></head><body>secret "
      "stuff</body></html>";
  for (const auto& error :
       {error_from_page(200, page), judged(503, page, {{"content-type", "text/html"}})}) {
    EXPECT_EQ(error.code, Errc::unavailable);
    EXPECT_NE(error.detail.find("Just a"), std::string::npos);
    EXPECT_EQ(error.detail.find("secret"), std::string::npos);
    EXPECT_EQ(error.detail.find('\x1b'), std::string::npos);
  }
  EXPECT_EQ(judged(413, "<html><h1>413</h1>").code, Errc::too_large);
}

TEST(PeerError, RetryAfter) {
  const auto asked = [](net::Headers headers) { return retry_after_ms(headers, kNow); };
  EXPECT_EQ(asked({{"retry-after", "2"}}), 2000);
  EXPECT_EQ(asked({{"retry-after", "0.5"}}), 500);
  EXPECT_EQ(asked({{"retry-after-ms", "12.5"}, {"retry-after", "9"}}), 13);
  EXPECT_EQ(asked({{"retry-after-ms", "junk"}, {"retry-after", "9"}}), 9000);
  EXPECT_EQ(asked({{"retry-after", "Tue, 27 Jan 2026 10:00:03 GMT"}}), 3000);
  EXPECT_EQ(asked({{"retry-after", "Tue, 27 Jan 2026 09:00:00 GMT"}}), -1);
  for (const auto* bad : {"0", "-3", "1e400", "99999999999", "soon", ""})
    EXPECT_EQ(asked({{"retry-after", bad}}), -1) << bad;
  EXPECT_EQ(asked({}), -1);
  EXPECT_EQ(judged(429, "", {{"retry-after", "86400"}}).retry_after_ms, 86'400'000);
}

TEST(PeerError, ShouldRetryHeaderDecides) {
  EXPECT_EQ(judged(500, "", {{"x-should-retry", "false"}}).retry_after_ms, kNeverRetry);
  EXPECT_EQ(judged(500, "", {{"x-should-retry", "false"}}).code, Errc::unavailable);
  EXPECT_EQ(judged(400, "", {{"x-should-retry", "true"}}).code, Errc::unavailable);
  EXPECT_EQ(judged(401, "", {{"x-should-retry", "true"}}).code, Errc::unauthorized);
}

TEST(PeerError, ScrubsTheKey) {
  EXPECT_EQ(scrub("bad key sk-12345 given", "sk-12345"), "bad key *** given");
  EXPECT_EQ(scrub("a\x1b[2Jb", ""), "a[2Jb");
  // Keys of others, too: a proxy quotes the one that it uses itself.
  EXPECT_EQ(scrub("Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "k1234").find("ghijklm"),
            std::string::npos);
  EXPECT_EQ(scrub("at https://user:hunter2pass@host/", "").find("hunter2pass"), std::string::npos);
  EXPECT_LE(scrub(std::string(9000, 'x'), "k").size(), 2048U);
}

TEST(EventFeed, DocumentsPagesAndEvents) {
  struct Got {
    std::vector<std::string> data;
    bool whole = false;
  };
  const auto run = [](std::string_view bytes, std::size_t piece, Got& got) {
    EventFeed feed([&got](const FeedEvent& event) -> Status {
      got.data.emplace_back(event.data);
      got.whole |= event.whole;
      return {};
    });
    for (std::size_t i = 0; i < bytes.size(); i += piece)
      if (auto status = feed.feed(bytes.substr(i, piece)); !status) return status;
    return feed.finish();
  };
  for (const std::size_t piece : {1U, 5U, 1000U}) {
    Got events;
    EXPECT_TRUE(run("\xEF\xBB\xBF: hi\n\ndata: 1\r\n\r\ndata:2", piece, events));
    EXPECT_EQ(events.data, (std::vector<std::string>{"1", "2"}));
    EXPECT_FALSE(events.whole);
    Got document;
    EXPECT_TRUE(run("\n {\n\"a\":\n1}\n", piece, document));
    EXPECT_EQ(document.data.size(), 1U);
    EXPECT_TRUE(document.whole);
    Got page;
    const auto status = run("  <html><title>Login</title>", piece, page);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::unavailable);
    Got nothing;
    EXPECT_TRUE(run("", piece, nothing));
    EXPECT_TRUE(nothing.data.empty());
  }
}

TEST(RetryWait, Rules) {
  const RetryPolicy policy;
  EXPECT_EQ(retry_wait_ms({Errc::unavailable, "", -1}, 0, policy, 0), 500);
  EXPECT_EQ(retry_wait_ms({Errc::unavailable, "", -1}, 1, policy, 0), 1000);
  EXPECT_EQ(retry_wait_ms({Errc::timeout, "", -1}, 1, policy, 0.999), 750);
  EXPECT_EQ(retry_wait_ms({Errc::unavailable, "", -1}, 2, policy, 0), -1);
  EXPECT_EQ(retry_wait_ms({Errc::unavailable, "", -1}, 30, {.retries = 99}, 0), 8000);
  EXPECT_EQ(retry_wait_ms({Errc::rate_limited, "", 1234}, 0, policy, 0.5), 1234);
  EXPECT_EQ(retry_wait_ms({Errc::rate_limited, "", 86'400'000}, 0, policy, 0), -1);
  EXPECT_EQ(retry_wait_ms({Errc::unavailable, "", kNeverRetry}, 0, policy, 0), -1);
  for (const auto code :
       {Errc::invalid_request, Errc::unauthorized, Errc::forbidden, Errc::not_found,
        Errc::too_large, Errc::budget_exceeded, Errc::cancelled, Errc::internal})
    EXPECT_EQ(retry_wait_ms({code, "", 10}, 0, policy, 0), -1);
}

}  // namespace
}  // namespace carapace::provider
