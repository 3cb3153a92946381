// Whatever arrives as a frame is either a request or a refusal that is valid JSON; a request that
// is written again reads the same; the handshake judge and the parameter judge survive every value.
// Input: the frame.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "rpc/frame.h"
#include "rpc/handshake.h"
#include "rpc/json_text.h"
#include "rpc/params.h"

namespace {

using namespace carapace;

constexpr rpc::ParamRow kInner[] = {{.name = "a", .required = true, .min = 1}};
constexpr rpc::ParamRow kRows[] = {
    {.name = "text", .required = true, .min = 1, .max = 8},
    {.name = "count", .type = rpc::ParamType::integer, .nullable = true, .min = 0, .max = 9},
    {.name = "keys", .type = rpc::ParamType::texts, .max = 3, .item_min = 1},
    {.name = "mode", .type = rpc::ParamType::choice, .nullable = true, .one_of = "on|off"},
    {.name = "deep", .type = rpc::ParamType::object, .fields = kInner, .field_count = 1},
    {.name = "flags", .type = rpc::ParamType::flags},
};

void check(bool good) {
  if (!good) std::abort();
}

void judge(const json::value* params) {
  const auto violations = rpc::check_params({kRows}, params);
  check(violations.size() < 64 * 1024);
  rpc::AuthRules rules;
  rules.token = secret::Sealed(std::string("token"));
  const auto caller = rpc::judge_connect(params, {true, "nonce", 1'737'264'000'000}, rules);
  if (!caller) {
    check(!caller.error().error.message.empty());
    check(parse_json(rpc::to_json(caller.error().error)).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(parse_json(rpc::json_string(text)).has_value());
  const auto frame = rpc::parse_request(text);
  if (!frame) {
    check(parse_json(rpc::response_refused(frame.error())).has_value());
    return 0;
  }
  check(!frame->id.empty() && !frame->method.empty());
  judge(frame->params.get());
  json::object again{{"type", "req"}, {"id", frame->id}, {"method", frame->method}};
  if (frame->params) again["params"] = *frame->params;
  const auto second = rpc::parse_request(dump_json(again));
  check(second && second->id == frame->id && second->method == frame->method);
  check(parse_json(rpc::response_ok(frame->id, frame->params ? dump_json(*frame->params) : ""))
            .has_value());
  return 0;
}
