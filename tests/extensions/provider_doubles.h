// The same answers in the words of each wire, for the contract suite: what a well-behaved server of
// the wire sends, and the beginnings and errors that a badly-behaved one sends.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "provider/spec.h"

namespace carapace::providers {

struct Double {
  std::string content_type;
  std::string text;       // "Hello wörld", 12 prompt tokens, 3 output tokens
  std::string thinking;   // "hm" before "ok"
  std::string one_call;   // look {"x":1}
  std::string two_calls;  // look {"x":1}, go {}
  std::string length;     // "Hel", cut by the output limit
  std::string refusal;    // nothing but a refusal; empty: the wire has none
  std::string first;      // the beginning of an answer: one delta "Hel"
  std::string error;      // an overload in the stream, after status 200
};

inline std::string sse(std::initializer_list<std::string_view> events) {
  std::string out;
  for (const auto event : events) out.append("data: ").append(event).append("\n\n");
  return out;
}

inline Double chat_double() {
  const std::string done = "[DONE]";
  const std::string hel =
      R"({"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]})";
  const auto call = [](int index, std::string_view id, std::string_view name,
                       std::string_view arguments) {
    return fmt::format(
        R"({{"choices":[{{"delta":{{"tool_calls":[{{"index":{},"id":"{}","type":"function","function":{{"name":"{}","arguments":"{}"}}}}]}}}}]}})",
        index, id, name, arguments);
  };
  const auto reason = [](std::string_view word) {
    return fmt::format(R"({{"choices":[{{"delta":{{}},"finish_reason":"{}"}}]}})", word);
  };
  const std::string usage = R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}})";
  return {
      "text/event-stream; charset=utf-8",
      sse({hel, R"({"choices":[{"delta":{"content":"lo wörld"}}]})", reason("stop"), usage, done}),
      sse({R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})",
           R"({"choices":[{"delta":{"content":"ok"}}]})", reason("stop"), done}),
      sse({call(0, "c1", "look", R"({\"x\":1})"), reason("tool_calls"), done}),
      sse({call(0, "c1", "look", R"({\"x\":)"), call(1, "c2", "go", ""),
           R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]})",
           reason("tool_calls"), done}),
      sse({hel, reason("length"), done}),
      sse({R"({"choices":[{"delta":{"refusal":"No."}}]})", reason("stop"), done}),
      sse({hel}),
      sse({R"({"error":{"message":"Overloaded","type":"overloaded_error"}})"})};
}

inline std::string typed(std::string_view data) {
  const auto parsed = parse_json(data);
  return fmt::format("event: {}\ndata: {}\n\n",
                     std::string_view(parsed->get_object().at("type").get_string()), data);
}
inline std::string typed(std::initializer_list<std::string> events) {
  std::string out;
  for (const auto& event : events) out += typed(event);
  return out;
}

inline Double messages_double() {
  const std::string start =
      R"({"type":"message_start","message":{"model":"m-1","content":[],"usage":{"input_tokens":12,"output_tokens":1}}})";
  const auto begin = [](int index, std::string_view block) {
    return fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", index,
                       block);
  };
  const auto delta = [](int index, std::string_view fields) {
    return fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{{{}}}}})", index,
                       fields);
  };
  const auto text = [&](int index, std::string_view words) {
    return delta(index, fmt::format(R"("type":"text_delta","text":"{}")", words));
  };
  const auto stop = [](int index) {
    return fmt::format(R"({{"type":"content_block_stop","index":{}}})", index);
  };
  const auto reason = [](std::string_view word) {
    return fmt::format(
        R"({{"type":"message_delta","delta":{{"stop_reason":"{}"}},"usage":{{"output_tokens":3}}}})",
        word);
  };
  const std::string end = R"({"type":"message_stop"})";
  const std::string plain = R"({"type":"text","text":""})";
  const auto use = [&](int index, std::string_view id, std::string_view name) {
    return begin(index, fmt::format(R"({{"type":"tool_use","id":"{}","name":"{}","input":{{}}}})",
                                    id, name));
  };
  const std::string x1 = delta(0, R"("type":"input_json_delta","partial_json":"{\"x\":1}")");
  return {"text/event-stream; charset=utf-8",
          typed({start, begin(0, plain), text(0, "Hel"), text(0, "lo wörld"), stop(0),
                 reason("end_turn"), end}),
          typed({start, begin(0, R"({"type":"thinking","thinking":""})"),
                 delta(0, R"("type":"thinking_delta","thinking":"hm")"), stop(0), begin(1, plain),
                 text(1, "ok"), stop(1), reason("end_turn"), end}),
          typed({start, use(0, "c1", "look"), x1, stop(0), reason("tool_use"), end}),
          typed({start, use(0, "c1", "look"), x1, stop(0), use(1, "c2", "go"), stop(1),
                 reason("tool_use"), end}),
          typed({start, begin(0, plain), text(0, "Hel"), stop(0), reason("max_tokens"), end}),
          typed({start, reason("refusal"), end}),
          typed({start, begin(0, plain), text(0, "Hel")}),
          typed(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})")};
}

inline Double lines_double() {
  const auto message = [](std::string_view fields) {
    return fmt::format(
        "{{\"model\":\"m-1\",\"message\":{{\"role\":\"assistant\",{}}},\"done\":false}}\n", fields);
  };
  const auto end = [](std::string_view reason) {
    return fmt::format(
        "{{\"model\":\"m-1\",\"message\":{{\"content\":\"\"}},\"done\":true,\"done_reason\":\"{}\","
        "\"prompt_eval_count\":12,\"eval_count\":3}}\n",
        reason);
  };
  const std::string hel = message(R"("content":"Hel")");
  return {
      "application/x-ndjson",
      hel + message(R"("content":"lo wörld")") + end("stop"),
      message(R"("content":"","thinking":"hm")") + message(R"("content":"ok")") + end("stop"),
      message(R"("content":"","tool_calls":[{"function":{"name":"look","arguments":{"x":1}}}])") +
          end("stop"),
      message(
          R"("content":"","tool_calls":[{"function":{"name":"look","arguments":{"x":1}}},{"function":{"name":"go","arguments":{}}}])") +
          end("stop"),
      hel + end("length"),
      "",
      hel,
      "{\"error\":\"overloaded\"}\n"};
}

inline const Double& double_of(const provider::Spec& spec) {
  static const std::map<std::string_view, Double> kDoubles{
      {"openai-completions", chat_double()},
      {"anthropic-messages", messages_double()},
      {"ollama", lines_double()}};
  const auto found = kDoubles.find(spec.api);
  if (found != kDoubles.end()) return found->second;
  ADD_FAILURE() << "no double speaks the wire '" << spec.api << "' of " << spec.id
                << ": write one here, so that the suite can ask the row";
  static const Double kSilent;
  return kSilent;
}

}  // namespace carapace::providers
