#include "rpc/frame.h"

#include "base/json.h"
#include "rpc/json_text.h"
#include "rpc/params.h"

namespace carapace::rpc {
namespace {

constexpr ParamRow kRequestRows[] = {
    {.name = "type", .type = ParamType::constant, .required = true, .one_of = "req"},
    {.name = "id", .required = true, .min = 1},
    {.name = "method", .required = true, .min = 1},
    {.name = "params", .type = ParamType::any},
};
constexpr ParamSchema kRequest{kRequestRows};

// The id comes back as it was sent, whatever it is, so that its sender recognises it.
std::string id_to_answer(const json::value& frame) {
  const auto* object = frame.if_object();
  const auto* id = object ? object->if_contains("id") : nullptr;
  if (id && !id->is_null()) return dump_json(*id);
  return R"("invalid")";
}

FrameProblem problem(const json::value& frame, std::string_view what) {
  return {false, id_to_answer(frame),
          invalid_request("invalid request frame: " + std::string(what))};
}

}  // namespace

bool deeper_than(std::string_view json, std::size_t levels) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > levels) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

std::expected<RequestFrame, FrameProblem> parse_request(std::string_view text) {
  if (deeper_than(text, kMaxDepth))
    return std::unexpected(
        problem(nullptr, fmt::format("nested deeper than {} levels", kMaxDepth)));
  auto parsed = parse_json(text, {.max_depth = kMaxDepth, .max_bytes = kMaxFrameBytes});
  if (!parsed) {
    const bool too_large = parsed.error().code == Errc::too_large;
    auto out = problem(nullptr, too_large ? "too large" : "not JSON");
    out.not_json = !too_large;
    return std::unexpected(std::move(out));
  }
  if (const auto violations = check_params(kRequest, &*parsed); !violations.empty())
    return std::unexpected(problem(*parsed, violations));
  auto& object = parsed->get_object();
  RequestFrame frame{
      std::string(object.at("id").get_string()), std::string(object.at("method").get_string()), {}};
  if (auto* params = object.if_contains("params"))
    frame.params = std::make_shared<const json::value>(std::move(*params));
  return frame;
}

std::string response_ok(std::string_view id, std::string_view payload) {
  std::string out;
  out.reserve(48 + id.size() + payload.size());
  out += R"({"type":"res","id":)";
  append_json_string(out, id);
  out += R"(,"ok":true)";
  if (!payload.empty()) out.append(R"(,"payload":)").append(payload);
  out += '}';
  return out;
}

std::string response_failed(std::string_view id, const WireError& error, std::string_view payload) {
  std::string out = R"({"type":"res","id":)";
  append_json_string(out, id);
  out += R"(,"ok":false)";
  if (!payload.empty()) out.append(R"(,"payload":)").append(payload);
  out.append(R"(,"error":)").append(to_json(error));
  out += '}';
  return out;
}

std::string response_refused(const FrameProblem& problem) {
  return fmt::format(R"({{"type":"res","id":{},"ok":false,"error":{}}})", problem.id_json,
                     to_json(problem.error));
}

std::string event_frame(std::string_view event, std::string_view payload,
                        std::optional<std::int64_t> seq, std::optional<StateVersion> version) {
  std::string out;
  out.reserve(96 + event.size() + payload.size());
  out += R"({"type":"event","event":)";
  append_json_string(out, event);
  if (!payload.empty()) out.append(R"(,"payload":)").append(payload);
  if (seq) out.append(R"(,"seq":)").append(std::to_string(*seq));
  if (version)
    out += fmt::format(R"(,"stateVersion":{{"presence":{},"health":{}}})", version->presence,
                       version->health);
  out += '}';
  return out;
}

}  // namespace carapace::rpc
