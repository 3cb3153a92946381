// GET /v1/models and /v1/models/{id}: the names that a chat completion call may ask for. `carapace`
// is whatever this gateway answers with by default; the others are provider/model.

#include "async/coro.h"
#include "base/clock.h"
#include "gateway/face.h"
#include "gateway/web/route_row.h"
#include "provider/router.h"
#include "rpc/json_text.h"

namespace carapace::gateway::routes {
namespace {

using rpc::ObjectText;

constexpr std::string_view kOwn = "carapace";

std::string model_json(const Face& face, std::string_view id, std::string_view owner) {
  const auto started = (face.ports.clock.wall_ms() - face.uptime_ms()) / 1000;
  return ObjectText()
      .text("id", id)
      .text("object", "model")
      .number("created", started)
      .text("owned_by", owner)
      .take();
}

Task<void> list(RouteCall call) {
  rpc::ArrayText data;
  data.raw(model_json(call.face, kOwn, kOwn));
  for (const auto& model : call.face.ports.router.models())
    data.raw(model_json(call.face, model.provider + "/" + model.id, model.provider));
  call.out.send(
      json_response(200, ObjectText().text("object", "list").raw("data", data.take()).take()));
  co_return;
}

Task<void> one(RouteCall call) {
  const auto wanted = percent_decode(call.rest).value_or("");
  if (wanted == kOwn)
    co_return call.out.send(json_response(200, model_json(call.face, kOwn, kOwn)));
  for (const auto& model : call.face.ports.router.models())
    if (model.provider + "/" + model.id == wanted)
      co_return call.out.send(json_response(200, model_json(call.face, wanted, model.provider)));
  const auto error = ObjectText()
                         .text("message", fmt::format("The model '{}' does not exist", wanted))
                         .text("type", "invalid_request_error")
                         .text("param", "model")
                         .text("code", "model_not_found")
                         .take();
  call.out.send(json_response(404, ObjectText().raw("error", error).take()));
}

bool enabled(const Settings& settings) { return settings.chat_completions; }

constexpr RouteRow kRows[] = {
    {.path = "/v1/models",
     .verbs = "GET|HEAD",
     .auth = RouteAuth::credential,
     .work = list,
     .enabled = enabled},
    {.path = "/v1/models/",
     .verbs = "GET|HEAD",
     .auth = RouteAuth::credential,
     .work = one,
     .enabled = enabled},
};

}  // namespace

extern const std::span<const RouteRow> completion_models;
constinit const std::span<const RouteRow> completion_models{kRows};

}  // namespace carapace::gateway::routes
