// GET and PATCH /control/config: one key of the configuration over HTTP, for scripts
// (infrastructure specification B.9).

#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/config_port.h"
#include "gateway/face.h"
#include "gateway/web/route_row.h"
#include "rpc/json_text.h"

namespace carapace::gateway::routes {
namespace {

using rpc::ObjectText;
using Kind = ConfigFault::Kind;

constexpr std::size_t kMaxBody = 256UL << 10U;

struct FaultRow {
  Kind kind;
  int status;
  std::string_view type;
};
constexpr FaultRow kFaults[] = {
    {Kind::request, 400, "invalid_request_error"},
    {Kind::protected_key, 403, "forbidden"},
    {Kind::not_found, 404, "not_found"},
    {Kind::stale, 409, "conflict"},
    {Kind::invalid, 422, "invalid_config"},
    {Kind::failed, 500, "api_error"},
    {Kind::busy, 503, "unavailable"},
};

net::ServerResponse faulty(Kind kind, std::string_view message, std::string_view issues = {}) {
  const FaultRow* row = nullptr;
  for (const auto& one : kFaults)
    if (one.kind == kind) row = &one;
  CARAPACE_CHECK(row != nullptr);
  const auto error = ObjectText().text("message", message).text("type", row->type).take();
  ObjectText body;
  body.boolean("ok", false).raw("error", error);
  if (!issues.empty()) body.raw("issues", issues);
  return json_response(row->status, body.take());
}

net::ServerResponse response_to(ConfigAnswer answer) {
  if (!answer.fault) return json_response(200, std::move(answer.payload));
  return faulty(answer.fault->kind, answer.fault->message, answer.fault->issues);
}

// {path, value, baseHash}, each at its type and nothing else; the error is a sentence.
std::expected<ConfigWrite, std::string> read_wish(std::string_view body) {
  const auto tree = parse_json(body, {.max_bytes = kMaxBody});
  if (!tree || !tree->is_object()) return std::unexpected("the body must be a JSON object");
  const auto& object = tree->get_object();
  const auto path = find_string(object, "path");
  if (!path || trim(*path).empty())
    return std::unexpected("path must be a key, such as ui.seamColor");
  const auto* value = find(object, "value");
  if (value == nullptr) return std::unexpected("value is missing; null takes the key out");
  ConfigWrite wanted{
      .change = ConfigChange::value, .raw = dump_json(*value), .path = std::string(trim(*path))};
  if (const auto* hash = find(object, "baseHash"); hash != nullptr && !hash->is_null()) {
    if (!hash->is_string()) return std::unexpected("baseHash must be the hash that GET answers");
    wanted.base_hash = std::string(std::string_view(hash->get_string()));
  }
  return wanted;
}

// Clients of the route look for `ok` before anything else.
ConfigAnswer snapshot(ConfigAnswer answer) {
  if (!answer.fault && answer.payload.starts_with("{\"path\""))
    answer.payload.insert(1, "\"ok\":true,");
  return answer;
}

Task<void> serve(RouteCall call) {
  auto* port = call.face.ports.config;
  if (port == nullptr) co_return call.out.send(text_response(404, "Not Found"));
  if (call.request.method != "PATCH")
    co_return call.out.send(response_to(snapshot(co_await port->look(ConfigLook::file, ""))));
  auto wanted = read_wish(call.request.body);
  if (!wanted) co_return call.out.send(faulty(Kind::request, wanted.error()));
  call.out.send(response_to(co_await port->write(std::move(*wanted))));
}

constexpr RouteRow kRows[] = {
    {.path = "/control/config",
     .verbs = "GET|HEAD|PATCH",
     .auth = RouteAuth::credential,
     .work = serve,
     .max_body = kMaxBody},
};

}  // namespace

extern const std::span<const RouteRow> control_config;
constinit const std::span<const RouteRow> control_config{kRows};

}  // namespace carapace::gateway::routes
