// Frames of protocol 3: what is taken, what is refused with which words, what goes out.
#include "rpc/frame.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace carapace::rpc {
namespace {

TEST(ParseRequest, a_whole_request) {
  const auto frame =
      parse_request(R"({"type":"req","id":"7","method":"health","params":{"probe":true}})");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->id, "7");
  EXPECT_EQ(frame->method, "health");
  ASSERT_TRUE(frame->params);
  EXPECT_TRUE(frame->params->at("probe").as_bool());
}

TEST(ParseRequest, params_may_be_missing_or_anything) {
  EXPECT_FALSE(parse_request(R"({"type":"req","id":"7","method":"x"})")->params);
  EXPECT_TRUE(
      parse_request(R"({"type":"req","id":"7","method":"x","params":null})")->params->is_null());
  EXPECT_TRUE(
      parse_request(R"({"type":"req","id":"7","method":"x","params":[1]})")->params->is_array());
}

struct Refused {
  std::string_view text, id, message;
};

// The texts are those of the recorded traces (post-connect frames).
TEST(ParseRequest, refusals_have_the_recorded_words) {
  const Refused cases[] = {
      {R"({})", R"("invalid")",
       "must have required property 'type'; must have required property 'id'; must have required "
       "property 'method'"},
      {R"({"type":"req"})", R"("invalid")",
       "must have required property 'id'; must have required property 'method'"},
      {R"({"type":"req","id":"q1"})", R"("q1")", "must have required property 'method'"},
      {R"({"type":"req","id":"q2","method":""})", R"("q2")",
       "at /method: must NOT have fewer than 1 characters"},
      {R"({"type":"req","id":"q3","method":"health","extra":1})", R"("q3")",
       "at root: unexpected property 'extra'"},
      {R"({"type":"res","id":"q4","ok":true})", R"("q4")",
       "must have required property 'method'; at root: unexpected property 'ok'; at /type: must be "
       "equal to constant"},
      {R"({"type":"event","event":"x"})", R"("invalid")",
       "must have required property 'id'; must have required property 'method'; at root: "
       "unexpected property 'event'; "
       "at /type: must be equal to constant"},
      {R"({"type":"req","id":5,"method":"health"})", "5", "at /id: must be string"},
      {R"([1,2])", R"("invalid")", "must be object"},
      {R"(null)", R"("invalid")", "must be object"},
      {R"({"type":"req","id":{"a":1},"method":"x"})", R"({"a":1})", "at /id: must be string"},
      {R"({"type":"req","id":true,"method":"x"})", "true", "at /id: must be string"},
      {R"({"type":"req","id":null,"method":"x"})", R"("invalid")", "at /id: must be string"},
      {R"({"type":5,"id":"q5","method":"health"})", R"("q5")",
       "at /type: must be string; at /type: must be equal to constant"},
  };
  for (const auto& one : cases) {
    const auto frame = parse_request(one.text);
    ASSERT_FALSE(frame) << one.text;
    EXPECT_FALSE(frame.error().not_json) << one.text;
    EXPECT_EQ(frame.error().id_json, one.id) << one.text;
    EXPECT_EQ(frame.error().error.message, "invalid request frame: " + std::string(one.message));
    EXPECT_TRUE(parse_json(response_refused(frame.error())));
  }
}

TEST(ParseRequest, what_is_no_json_is_told_apart) {
  for (const std::string_view text : {"", "not json", "{", "\xff\xfe", "{\"type\":\"req\"", "nul"})
    EXPECT_TRUE(parse_request(text).error().not_json) << text;
}

TEST(ParseRequest, depth_is_bounded) {
  const auto nested = [](std::size_t levels) {
    return R"({"type":"req","id":"1","method":"m","params":)" + std::string(levels, '[') +
           std::string(levels, ']') + "}";
  };
  EXPECT_TRUE(parse_request(nested(kMaxDepth - 1)));
  const auto deep = parse_request(nested(kMaxDepth));
  ASSERT_FALSE(deep);
  EXPECT_FALSE(deep.error().not_json);
  EXPECT_EQ(deep.error().error.message, "invalid request frame: nested deeper than 32 levels");
  EXPECT_FALSE(parse_request(nested(100'000)));
}

TEST(ParseRequest, brackets_in_strings_are_no_depth) {
  const auto text = R"({"type":"req","id":"1","method":"m","params":{"a":")" +
                    std::string(100, '[') + R"(\"[[["}})";
  EXPECT_TRUE(parse_request(text));
  EXPECT_FALSE(deeper_than(R"("[[[[\\")", 1));
  EXPECT_TRUE(deeper_than("[[", 1));
}

TEST(ParseRequest, lone_surrogates_do_not_end_a_connection) {
  EXPECT_TRUE(parse_request(R"({"type":"req","id":"1","method":"m","params":{"a":"\ud83d"}})"));
}

TEST(Responses, have_the_wire_form) {
  EXPECT_EQ(response_ok("1", R"({"a":1})"),
            R"({"type":"res","id":"1","ok":true,"payload":{"a":1}})");
  EXPECT_EQ(response_ok("1", ""), R"({"type":"res","id":"1","ok":true})");
  EXPECT_EQ(
      response_failed("a\"b", invalid_request("no")),
      R"({"type":"res","id":"a\"b","ok":false,"error":{"code":"INVALID_REQUEST","message":"no"}})");
  EXPECT_EQ(
      response_failed("1", {"UNAVAILABLE", "x", R"({"d":1})"}, R"({"p":2})"),
      R"({"type":"res","id":"1","ok":false,"payload":{"p":2},"error":{"code":"UNAVAILABLE","message":"x","details":{"d":1}}})");
}

TEST(Events, have_the_wire_form) {
  EXPECT_EQ(event_frame("tick", R"({"ts":1})", 4, std::nullopt),
            R"({"type":"event","event":"tick","payload":{"ts":1},"seq":4})");
  EXPECT_EQ(
      event_frame("health", "{}", 5, StateVersion{2, 3}),
      R"({"type":"event","event":"health","payload":{},"seq":5,"stateVersion":{"presence":2,"health":3}})");
  EXPECT_EQ(event_frame("connect.challenge", "{}", std::nullopt, std::nullopt),
            R"({"type":"event","event":"connect.challenge","payload":{}})");
}

TEST(WireErrors, follow_the_error_table) {
  for (int code = 0; code <= static_cast<int>(Errc::internal); ++code) {
    const auto errc = static_cast<Errc>(code);
    const auto error = wire_error({errc, "what happened", -1});
    EXPECT_EQ(error.code, errc_row(errc).rpc_code);
    EXPECT_EQ(error.message, errc == Errc::internal ? "internal" : "what happened");
    EXPECT_FALSE(wire_error({errc, "", -1}).message.empty());
  }
}

}  // namespace
}  // namespace carapace::rpc
