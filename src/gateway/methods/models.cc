// models.list: what can answer here.

#include "gateway/face.h"
#include "gateway/method_row.h"
#include "provider/router.h"
#include "rpc/json_text.h"

namespace carapace::gateway::methods {
namespace {

constexpr rpc::ParamSchema kNothing{};

std::optional<Reply> list(const Call& call) {
  rpc::ArrayText models;
  for (const auto& model : call.face->ports.router.models()) {
    rpc::ObjectText out;
    out.text("id", model.id)
        .text("name", model.name.empty() ? model.id : model.name)
        .text("provider", model.provider);
    if (model.context_window > 0) out.number("contextWindow", model.context_window);
    out.boolean("reasoning", model.reasoning)
        .raw("input", model.images ? R"(["text","image"])" : R"(["text"])");
    models.raw(out.take());
  }
  return answered(rpc::ObjectText().raw("models", models.take()).take());
}

constexpr MethodRow kRows[] = {
    {.name = "models.list", .authority = Authority::read, .params = kNothing, .quick = list},
};

}  // namespace

extern const std::span<const MethodRow> models;
constinit const std::span<const MethodRow> models{kRows};

}  // namespace carapace::gateway::methods
