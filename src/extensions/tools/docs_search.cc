// docs_search: passages of Carapace's own documentation, compiled in.
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "extensions/docs/pages.h"
#include "extensions/tools/arguments.h"
#include "extensions/tools/builtin.h"

namespace carapace::tools {
namespace {

class DocsTool final : public tool::Tool {
 public:
  Task<tool::Outcome> call(const ToolCall& call, const tool::Context&) override {
    const Arguments arguments(call);
    const auto question = arguments.text("query");
    if (question.empty()) co_return failed("query is required: what to look for, in a few words.");
    json::array list;
    for (const auto& hit :
         docs_.ask(question, static_cast<std::size_t>(arguments.number("limit", 3, 1, 10))))
      list.push_back(json::object{{"page", hit.passage.page},
                                  {"heading", hit.passage.heading},
                                  {"text", hit.passage.text}});
    if (list.empty())
      co_return answered(json::object{{"results", json::array()},
                                      {"note", "The documentation does not answer this."}});
    co_return answered(json::object{{"results", std::move(list)}});
  }

 private:
  docs::DocsSearch docs_;
};

}  // namespace

extern const tool::Spec docs_search_spec;
constinit const tool::Spec docs_search_spec{
    .name = "docs_search",
    .summary = "search the documentation of Carapace",
    .description =
        "Searches Carapace's own documentation (setup, configuration, models, commands) and "
        "returns passages.",
    .schema = R"({"type":"object","properties":{"query":{"type":"string"},)"
              R"("limit":{"type":"integer","minimum":1,"maximum":10}},"required":["query"]})",
    .idempotent = true,
    .make = +[](const tool::Ports&) -> std::unique_ptr<tool::Tool> {
      return std::make_unique<DocsTool>();
    },
};

}  // namespace carapace::tools
