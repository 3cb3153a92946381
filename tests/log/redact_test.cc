#include "log/redact.h"

#include <gtest/gtest.h>

#include <time.h>

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace carapace::log {
namespace {

TEST(Redact, MaskKeepsSixAndFour) {
  EXPECT_EQ(redact("token=abcdefghijklmnopqr"), "token=abcdef…opqr");
  EXPECT_EQ(redact("token=abcdefghijklmnopq"), "token=***");
  EXPECT_EQ(redact("token=äöüßéèxxxxxxxxxxxÿÿÿÿ"), "token=äöüßéè…ÿÿÿÿ");
}

struct Case {
  const char* in;
  const char* out;
};

class RedactCases : public ::testing::TestWithParam<Case> {};

TEST_P(RedactCases, Gives) {
  const auto& [in, out] = GetParam();
  EXPECT_EQ(redact(in), out);
  EXPECT_EQ(redact(redact(in)), redact(in)) << "not idempotent";
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RedactCases,
    ::testing::Values(
        Case{"key sk-abcdefghijklmnopqrstuv.", "key sk-abc…stuv."},
        Case{"sk-ant-api03-AbCdEf_0123456789-xyz", "sk-ant…-xyz"},
        Case{"ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_01…2345"},
        Case{"github_pat_11ABCDEFG0123456789_abcdefghij", "github…ghij"},
        Case{"xoxb-123456789012-abcdefGHIJKL", "xoxb-1…IJKL"},
        Case{"xapp-1-A012345-6789-abcdef", "xapp-1…cdef"},
        Case{"gsk_abcdefghij0123456789", "gsk_ab…6789"},
        Case{"AIzaSyA0123456789abcdefghijklmnopqrstuv", "AIzaSy…stuv"},
        Case{"pplx-0123456789abcdef", "pplx-0…cdef"},
        Case{"npm_0123456789abcdefghij", "npm_01…ghij"},
        Case{"https://api.example.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw8/sendMessage",
             "https://api.example.org/bot123456…saw8/sendMessage"},
        Case{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w", "eyJhbG…Hl0w"},
        Case{"abcd-0123456789ABCDEFabcdefABCDEF0123456789", "abcd-0…6789"},
        Case{"https://joe:hunter2@host/x", "https://joe:***@host/x"},
        Case{"https://host:8080/x@y", "https://host:8080/x@y"}));

INSTANTIATE_TEST_SUITE_P(
    Names, RedactCases,
    ::testing::Values(
        Case{R"({"apiKey": "hunter2", "model": "m"})", R"({"apiKey": "***", "model": "m"})"},
        Case{R"({"apiKey":"a\"b","x":1})", R"({"apiKey":"***","x":1})"},
        Case{R"({\"apiKey\":\"hunter2\",\"x\":1})", R"({\"apiKey\":\"***\",\"x\":1})"},
        Case{R"({\\\"apiKey\\\":\\\"hunter2\\\",\\\"x\\\":1})",
             R"({\\\"apiKey\\\":\\\"***\\\",\\\"x\\\":1})"},
        Case{R"({'password':'hun ter2'})", R"({'password':'***'})"},
        Case{R"({"password":12345,"n":1})", R"({"password":null,"n":1})"},
        Case{R"({"password":true,"token":null})", R"({"password":true,"token":null})"},
        Case{R"({"token":["aaa","bbb"],"x":["c"]})", R"({"token":["***","***"],"x":["c"]})"},
        Case{R"({"credentials":{"apiKey":"k1234","user":"u"}})",
             R"({"credentials":{"apiKey":"***","user":"u"}})"},
        Case{"OPENAI_API_KEY=hunter2 next", "OPENAI_API_KEY=*** next"},
        Case{"export DB_PASSWORD='hun ter2'; ls", "export DB_PASSWORD='***'; ls"},
        Case{"--token hunter2 --port 1", "--token *** --port 1"},
        Case{"--api-key=hunter2", "--api-key=***"}, Case{"--token --port 1", "--token --port 1"},
        Case{"?token=hunter2&x=1", "?token=***&x=1"},
        Case{"token%3Dhunter2&x=1", "token%3D***&x=1"},
        Case{"token=abc,maxTokens=5", "token=***,maxTokens=5"}, Case{"(token=abc)", "(token=***)"},
        Case{"password=a,b;c! end", "password=*** end"},
        Case{"gateway.auth.token = hunter2", "gateway.auth.token = ***"},
        Case{"client_secret: hunter2", "client_secret: ***"},
        Case{"Authorization: Bearer hunter2", "Authorization: Bearer ***"},
        Case{"authorization: Basic dXNlcjpwYXNz\nHost: x", "authorization: Basic ***\nHost: x"},
        Case{"-H 'Authorization: Bearer hunter2' https://x",
             "-H 'Authorization: Bearer ***' https://x"},
        Case{R"({"authorization":"Bearer hunter2"})", R"({"authorization":"Bearer ***"})"},
        Case{"got bearer abcdef12", "got bearer ***"},
        Case{"Cookie: a=b; c=d\nX: y", "Cookie: ***\nX: y"},
        Case{"cache_key=0123456789012345678901234567890123456789", "cache_key=012345…6789"},
        Case{"x-api-key => \"hunter2\"", "x-api-key => \"***\""}));

INSTANTIATE_TEST_SUITE_P(
    Survivors, RedactCases,
    ::testing::Values(
        Case{R"({"maxTokens":4096,"totalTokens":12,"input_tokens":3,"max_tokens": 5})",
             R"({"maxTokens":4096,"totalTokens":12,"input_tokens":3,"max_tokens": 5})"},
        Case{"tokenCount=5 tokens=77 token_type=bearer",
             "tokenCount=5 tokens=77 token_type=bearer"},
        Case{"unauthorized: gateway token mismatch", "unauthorized: gateway token mismatch"},
        Case{"token: missing", "token: missing"},
        Case{"sessionKey=agent:main:main", "sessionKey=agent:main:main"},
        Case{"key=short", "key=short"}, Case{"/v1?alt=sse&key=abcdefgh", "/v1?alt=sse&key=***"},
        Case{"/v1?key=short", "/v1?key=short"},
        Case{"/chat?sessionKey=agent:main:main&a=1", "/chat?sessionKey=agent:main:main&a=1"},
        Case{"Bearer token missing", "Bearer token missing"},
        Case{"Basic authentication is off", "Basic authentication is off"},
        Case{"std::token::x", "std::token::x"},
        Case{"a task-abcdefghijk and risk-free", "a task-abcdefghijk and risk-free"},
        Case{"listening on http://127.0.0.1:18789", "listening on http://127.0.0.1:18789"},
        Case{"2026-01-27T10:00:00.000Z", "2026-01-27T10:00:00.000Z"}, Case{"", ""},
        Case{"***", "***"},
        Case{"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
             "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"}));

INSTANTIATE_TEST_SUITE_P(
    PrivateKeys, RedactCases,
    ::testing::Values(
        Case{"a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b",
             "a [private-key-removed] b"},
        Case{"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n",
             "[private-key-removed]\\n"},
        Case{"a -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza", "a [private-key-removed]"},
        Case{"key=-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----",
             "key=[private-key-removed]"}));

TEST(SecretName, Judges) {
  for (const char* name :
       {"apiKey",          "api_key",      "API-KEY",       "x-api-key",     "OPENAI_API_KEY",
        "APIKey",          "token",        "botToken",      "BOT_TOKEN",     "accesstoken",
        "auth_token",      "password",     "db.password",   "PASSWD",        "passphrase",
        "client_secret",   "clientSecret", "signingSecret", "authorization", "Proxy-Authorization",
        "cookie",          "Set-Cookie",   "credentials",   "privateKey",    "accessKeyId",
        "secretAccessKey", "--token",      "sessionToken",  "refresh_token", "storePassphrase"})
    EXPECT_TRUE(is_secret_name(name)) << name;
  for (const char* name : {"maxTokens",  "totalTokens",    "tokens",       "input_tokens",
                           "max_tokens", "contextTokens",  "MAX_TOKENS",   "maxtokens",
                           "tokenCount", "token_type",     "tokenizer",    "tokenLimit",
                           "sessionKey", "idempotencyKey", "publicKey",    "key",
                           "model",      "max_token",      "passwordFile", "keyboard",
                           "monkey",     "author",         "secretary",    "",
                           "-",          "input",          "mainKey"})
    EXPECT_FALSE(is_secret_name(name)) << name;
}

// --- properties ---------------------------------------------------------------------------------

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_);
  }
  std::string text(std::string_view alphabet, std::size_t length) {
    std::string out;
    while (out.size() < length) out += alphabet[below(alphabet.size())];
    return out;
  }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937 engine_;
};

constexpr std::string_view kAlnum =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

struct Planted {
  std::string secret;  // must not be found afterwards
  std::string text;    // what holds it
};

std::vector<std::function<Planted(Dice&)>> shapes() {
  const auto prefixed = [](std::string prefix, std::size_t length) {
    return [prefix = std::move(prefix), length](Dice& dice) {
      const auto key = prefix + dice.text(kAlnum, length);
      return Planted{key, key};
    };
  };
  const auto named = [](std::string before, std::string after) {
    return [before = std::move(before), after = std::move(after)](Dice& dice) {
      const auto value = dice.text(kAlnum, 11 + dice.below(40));
      return Planted{value, before + value + after};
    };
  };
  return {prefixed("sk-", 20),
          prefixed("sk-ant-api03-", 80),
          prefixed("ghp_", 36),
          prefixed("github_pat_", 40),
          prefixed("xoxb-1234-", 24),
          prefixed("xoxp-", 24),
          prefixed("xapp-1-", 30),
          prefixed("gsk_", 40),
          prefixed("AIza", 35),
          prefixed("pplx-", 40),
          prefixed("npm_", 36),
          prefixed("123456789:", 35),
          named("Bearer ", ""),
          named("Basic ", "=="),
          named("API_KEY=", ""),
          named(R"("apiKey": ")", "\""),
          named("--token ", ""),
          named("--password=", ""),
          named("Cookie: sid=", ""),
          named("client_secret: ", ""),
          named(R"("password":")", R"(")"),
          named(R"(\"botToken\":\")", R"(\")"),
          named("token%3D", "&a=b"),
          named("secret='", "'"),
          named("https://u:", "@example.org/"),
          [](Dice& dice) {
            const auto value = dice.text(kAlnum, 32 + dice.below(20));
            return Planted{value, "some_key=" + value};
          },
          [](Dice& dice) {
            const auto body = dice.text(kAlnum, 64) + "\n" + dice.text(kAlnum, 64);
            return Planted{body,
                           "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----"};
          }};
}

std::string surroundings(Dice& dice) {
  const std::vector<std::string> words{"request",
                                       "failed:",
                                       "\n",
                                       " ",
                                       "{",
                                       "}",
                                       "\"x\":1,",
                                       "model=m",
                                       "[",
                                       "]",
                                       "(",
                                       ")",
                                       "http://h/p?q=1",
                                       "\\n",
                                       "maxTokens=7",
                                       "…",
                                       "***",
                                       "ü",
                                       ",",
                                       "; ",
                                       "%20",
                                       "--flag"};
  std::string out;
  for (std::size_t i = dice.below(6); i > 0; --i)
    out += dice.pick(words) + (dice.below(3) > 0 ? " " : "");
  return out;
}

TEST(RedactProperty, PlantedSecretsNeverSurvive) {
  const auto all = shapes();
  const std::vector<std::string> before{" ", "\n", "\"", "'",  "(",   "[",  ",", "\\n",
                                        "=", "&",  ": ", "x=", "%3D", "\t", "<", "{\"m\":\""};
  const std::vector<std::string> after{" ",   "\n", "\"", "'", ")",  "]", ",",
                                       "\\n", ".",  "&",  ";", "\t", ">", "\"}"};
  Dice dice(20260127);
  for (int round = 0; round < 20'000; ++round) {
    const auto planted = all[static_cast<std::size_t>(round) % all.size()](dice);
    const auto text = surroundings(dice) + dice.pick(before) + planted.text + dice.pick(after) +
                      surroundings(dice);
    const auto clean = redact(text);
    ASSERT_EQ(clean.find(planted.secret), std::string::npos)
        << "in:  " << text << "\nout: " << clean;
    ASSERT_EQ(redact(clean), clean) << "in:  " << text;
  }
}

TEST(RedactProperty, AnyBytesAreIdempotentAndStayUtf8) {
  const std::vector<std::string> pieces{"token",
                                        "=",
                                        "\"",
                                        "'",
                                        "\\",
                                        ":",
                                        " ",
                                        "sk-",
                                        "abcdefghijkl",
                                        "Bearer",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        ",",
                                        "…",
                                        "***",
                                        "é",
                                        "%3D",
                                        "key",
                                        "eyJhbGciOi",
                                        ".",
                                        "--",
                                        "\n",
                                        "0123456789012345678901234567890123",
                                        "://",
                                        "@",
                                        "Cookie",
                                        "Basic",
                                        "-----BEGIN ",
                                        "PRIVATE KEY-----",
                                        "-----END ",
                                        "\xff",
                                        "&",
                                        ";",
                                        "password",
                                        "123456:"};
  Dice dice(7);
  for (int round = 0; round < 30'000; ++round) {
    std::string text;
    for (std::size_t i = dice.below(14); i > 0; --i) text += dice.pick(pieces);
    const auto once = redact(text);
    ASSERT_EQ(redact(once), once) << "in: " << text << "\nout: " << once;
    if (is_valid_utf8(text)) ASSERT_TRUE(is_valid_utf8(once)) << text;
  }
}

TEST(RedactProperty, JsonStaysJson) {
  Dice dice(11);
  const std::vector<std::string> names{"apiKey",   "token",  "maxTokens", "text",
                                       "password", "cookie", "x",         "authorization"};
  for (int round = 0; round < 3000; ++round) {
    json::object object;
    for (std::size_t i = 1 + dice.below(5); i > 0; --i) {
      const auto& name = dice.pick(names);
      switch (dice.below(4)) {
        case 0: object[name] = static_cast<std::int64_t>(dice.below(100000)); break;
        case 1: object[name] = dice.text("ab\"\\\n {}[]:=,'x", 1 + dice.below(30)); break;
        case 2: object[name] = json::array{dice.text(kAlnum, 20), dice.text(kAlnum, 3)}; break;
        default:
          object[name] =
              "say \"token=" + dice.text(kAlnum, 20) + "\" or '" + dice.text(kAlnum, 5) + "'";
      }
    }
    const auto text = dump_json(object);
    const auto parsed = parse_json(redact(text));
    ASSERT_TRUE(parsed) << text << "\n" << redact(text);
    if (const auto* counter = object.if_contains("maxTokens"); counter && counter->is_int64())
      ASSERT_EQ(parsed->as_object().at("maxTokens"), *counter);
  }
}

// Twice the text may not take four times as long, whatever the text is made of.
TEST(RedactProperty, LinearTime) {
  // Processor time of this thread, so that a busy machine does not count.
  const auto time_of = [](const std::string& text) {
    const auto now = [] {
      timespec time{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 3; ++i) {
      const auto start = now();
      [[maybe_unused]] const auto size = redact(text).size();
      best = std::min<std::chrono::nanoseconds>(best, now() - start);
    }
    return best;
  };
  for (const std::string piece :
       {"eyJaaaaaaa.", "eyJ-",       "token",   "sk-",         "token=",
        "key=\"a\" ",  "\\",         "a:\"",    "-----BEGIN ", "-----BEGIN PRIVATE KEY-----",
        "a://",        "123456:",    "Bearer ", "--token ",    "token:[\"",
        ",a",          "password=,", "a ",      "key='\\'",    "'",
        "x-",          "%3D"}) {
    std::string small;
    while (small.size() < 30'000) small += piece;
    const auto large = small + small + small + small + small + small + small + small;
    const auto limit = time_of(small) * 32 + std::chrono::milliseconds(50);
    EXPECT_LT(time_of(large).count(), limit.count()) << piece;
  }
}

}  // namespace
}  // namespace carapace::log
