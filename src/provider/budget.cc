#include "provider/budget.h"

#include <algorithm>
#include <utility>

#include "async/coro.h"

namespace carapace::provider {
namespace {

constexpr std::int64_t kImageTokens = 2'000;

struct BlockTokens {
  std::int64_t operator()(const TextBlock& block) const { return chars(block.text); }
  std::int64_t operator()(const ThinkingBlock& block) const {
    return chars(block.text) + chars(block.signature);
  }
  std::int64_t operator()(const ImageBlock&) const { return kImageTokens; }
  std::int64_t operator()(const ToolCall& block) const {
    return chars(block.name) + chars(block.arguments);
  }
  std::int64_t operator()(const ToolResult& block) const {
    return chars(block.text) + kImageTokens * static_cast<std::int64_t>(block.images.size());
  }
  static std::int64_t chars(const std::string& text) {
    return static_cast<std::int64_t>(text.size()) / 4 + 4;
  }
};

// Passes events on and remembers that there were any: what streamed was billed, whatever came
// after.
class Watched final : public EventSink {
 public:
  explicit Watched(EventSink& out) : out_(out) {}
  void on_text(std::string_view delta) override {
    streamed_ = true;
    out_.on_text(delta);
  }
  void on_thinking(std::string_view delta) override {
    streamed_ = true;
    out_.on_thinking(delta);
  }
  bool streamed() const { return streamed_; }

 private:
  EventSink& out_;
  bool streamed_ = false;
};

class Budget final : public Provider {
 public:
  Budget(Provider& inner, ledger::Ledger& ledger, ModelInfo model)
      : inner_(inner), ledger_(ledger), model_(std::move(model)) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    const auto amount = model_.price.known ? worst_case_micros(request, model_.price) : 0;
    CO_TRY(const auto reservation,
           co_await ledger_.reserve(context.principal, context.run, amount));
    Watched watched(events);
    auto answer = co_await inner_.complete(request, watched, context);
    store::UsageRow row{"",
                        context.principal,
                        context.run,
                        context.session_key,
                        model_.provider,
                        request.model,
                        {},
                        0,
                        model_.price.known,
                        0};
    if (answer) {
      answer->cost_micros = model_.price.known ? cost_micros(answer->usage, model_.price) : 0;
      row.usage = answer->usage;
      row.cost_micros = answer->cost_micros;
    } else if (watched.streamed() || may_be_billed(answer.error().code)) {
      // Nobody told us what the part cost that did come, so the worst case stands.
      row.cost_micros = amount;
    }
    if (reservation != 0 || row.usage.total() > 0) ledger_.settle(reservation, std::move(row));
    co_return answer;
  }

 private:
  // A refused request costs nothing; one that we gave up on may have been worked on.
  static bool may_be_billed(Errc code) { return code == Errc::cancelled || code == Errc::timeout; }

  Provider& inner_;
  ledger::Ledger& ledger_;
  ModelInfo model_;
};

}  // namespace

std::int64_t estimate_tokens(const Request& request) {
  std::int64_t tokens = BlockTokens::chars(request.system);
  for (const auto& message : request.messages)
    for (const auto& block : message.blocks) tokens += std::visit(BlockTokens{}, block);
  for (const auto& tool : request.tools)
    tokens += BlockTokens::chars(tool.description) + BlockTokens::chars(tool.schema);
  return tokens;
}

std::int64_t worst_case_micros(const Request& request, const Price& price) {
  // Some scripts take more tokens than the rule says, and what is written to a cache may cost more
  // than input.
  Price dearest = price;
  dearest.input = std::max({price.input, price.cache_write, price.cache_read});
  return cost_micros({estimate_tokens(request) * 3 / 2, request.max_output_tokens, 0, 0}, dearest);
}

std::unique_ptr<Provider> make_budget(Provider& inner, ledger::Ledger& ledger, ModelInfo model) {
  return std::make_unique<Budget>(inner, ledger, std::move(model));
}

}  // namespace carapace::provider
