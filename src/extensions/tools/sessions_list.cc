// sessions_list: the person's own conversations, newest first.
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "extensions/tools/arguments.h"
#include "extensions/tools/builtin.h"
#include "store/sessions.h"

namespace carapace::tools {
namespace {

class SessionsList final : public tool::Tool {
 public:
  SessionsList(store::Sessions& sessions, const Clock& clock)
      : sessions_(sessions), clock_(clock) {}

  Task<tool::Outcome> call(const ToolCall& call, const tool::Context& context) override {
    const Arguments arguments(call);
    store::SessionFilter filter;
    filter.principal = context.principal;
    filter.search = arguments.text("search");
    filter.limit = arguments.number("limit", 20, 1, 100);
    const auto minutes = arguments.number("activeMinutes", 0, 0, 1'000'000);
    if (minutes > 0) filter.updated_since_ms = clock_.wall_ms() - minutes * 60'000;
    auto rows = co_await sessions_.list(std::move(filter));
    if (!rows) co_return failed("The sessions could not be read: " + rows.error().detail);
    json::array list;
    for (const auto& row : *rows) {
      list.push_back(json::object{
          {"key", row.key.value},
          {"label", row.label},
          {"title", row.title},
          {"updatedAt", row.updated_ms},
          {"model", row.last_provider.empty() ? row.model_override
                                              : row.last_provider + "/" + row.last_model}});
    }
    co_return answered(json::object{{"count", list.size()}, {"sessions", std::move(list)}});
  }

 private:
  store::Sessions& sessions_;
  const Clock& clock_;
};

}  // namespace

extern const tool::Spec sessions_list_spec;
constinit const tool::Spec sessions_list_spec{
    .name = "sessions_list",
    .summary = "list this person's conversations",
    .description =
        "Lists the person's conversations, newest first, with key, label, title and model.",
    .schema =
        R"({"type":"object","properties":{"limit":{"type":"integer","minimum":1,"maximum":100},)"
        R"("search":{"type":"string","description":"part of a title, label or key"},)"
        R"("activeMinutes":{"type":"integer","minimum":1}}})",
    .reads_personal = true,
    .idempotent = true,
    .make = +[](const tool::Ports& ports) -> std::unique_ptr<tool::Tool> {
      return std::make_unique<SessionsList>(ports.sessions, ports.clock);
    },
};

}  // namespace carapace::tools
