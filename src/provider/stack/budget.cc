#include "provider/stack/budget.h"

#include <algorithm>
#include <utility>

#include "async/coro.h"
#include "provider/thinking.h"

namespace carapace::provider {
namespace {

constexpr std::int64_t kImageTokens = 2'000;
// An answer that the cap cuts shorter than this is of no use.
constexpr std::int64_t kShortestAnswer = 1'024;

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

// Passes events on and remembers that there were any: what began was billed, whatever came after.
class Watched final : public EventSink {
 public:
  explicit Watched(EventSink& out) : out_(out) {}
  void on_begin() override {
    begun_ = true;
    out_.on_begin();
  }
  void on_text(std::string_view delta) override {
    begun_ = true;
    out_.on_text(delta);
  }
  void on_thinking(std::string_view delta) override {
    begun_ = true;
    out_.on_thinking(delta);
  }
  bool begun() const { return begun_; }

 private:
  EventSink& out_;
  bool begun_ = false;
};

// Some scripts take more tokens than the rule says.
std::int64_t prompt_bound(const Request& request) { return estimate_tokens(request) * 3 / 2; }

// What is written to a cache, or read from one, may cost more than plain input.
Price dearest(const Price& price) {
  auto out = price;
  out.input = std::max({price.input, price.cache_write, price.cache_read});
  return out;
}

// Servers that say nothing about tokens are not free: what they do not count is counted here.
Usage guess(const Request& request, const Completion& completion) {
  std::int64_t output = 0;
  for (const auto& block : completion.blocks) output += std::visit(BlockTokens{}, block);
  return {estimate_tokens(request), output, 0, 0};
}

// The longest answer that `micros` pay for once the prompt is paid; 0 or less when they do not.
std::int64_t affordable_output(const Request& request, const Price& price, std::int64_t micros) {
  const auto prompt = prompt_bound(request);
  const auto rest = micros - cost_micros({prompt, 0, 0, 0}, dearest(price)) - 1;
  const auto each = price.output * price.factor(prompt);
  return each > 0 ? static_cast<std::int64_t>(static_cast<double>(rest) / each) : 0;
}

class Budget final : public Provider {
 public:
  Budget(Provider& inner, ledger::Ledger& ledger, ModelInfo model)
      : inner_(inner), ledger_(ledger), model_(std::move(model)) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    if (ledger_.capped() && !model_.price.known)
      co_return fail(
          Errc::budget_exceeded,
          "there is a daily cap, and the price of {0}/{1} is not known: set `cost` for it "
          "in models.providers.{0}.models (0 when it costs nothing), or choose another "
          "model",
          model_.provider, model_.id);
    auto amount = worst_case_micros(request, model_);
    auto reservation = co_await ledger_.reserve(context.principal, context.run, amount);
    if (reservation) co_return co_await paid(request, amount, *reservation, events, context);
    if (reservation.error().code != Errc::budget_exceeded)
      co_return std::unexpected(reservation.error());
    // A shorter answer may still fit.
    CO_TRY(const auto left, co_await ledger_.left(context.principal));
    auto shorter = request;
    shorter.max_output_tokens = affordable_output(request, model_.price, left);
    const auto thinking = longest_output(request, &model_) - request.max_output_tokens;
    shorter.max_output_tokens -= thinking > 0 ? thinking : 0;
    if (shorter.max_output_tokens < kShortestAnswer ||
        shorter.max_output_tokens >= request.max_output_tokens)
      co_return std::unexpected(reservation.error());
    amount = worst_case_micros(shorter, model_);
    CO_TRY(const auto second, co_await ledger_.reserve(context.principal, context.run, amount));
    co_return co_await paid(shorter, amount, second, events, context);
  }

 private:
  Task<Result<Completion>> paid(const Request& request, std::int64_t amount,
                                std::int64_t reservation, EventSink& events,
                                const CallContext& context) {
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
      if (amount > 0 && answer->usage.total() == 0) answer->usage = guess(request, *answer);
      answer->cost_micros = model_.price.known ? cost_micros(answer->usage, model_.price) : 0;
      row.usage = answer->usage;
      row.cost_micros = answer->cost_micros;
    } else if (watched.begun() || may_be_billed(answer.error().code)) {
      // Nobody told us what the part cost that did come, so the worst case stands.
      row.cost_micros = amount;
    }
    if (reservation != 0 || row.usage.total() > 0) ledger_.settle(reservation, std::move(row));
    co_return answer;
  }

  // A refused request costs nothing; one that we gave up on may have been worked on.
  static bool may_be_billed(Errc code) { return code == Errc::cancelled || code == Errc::timeout; }

  Provider& inner_;
  ledger::Ledger& ledger_;
  ModelInfo model_;
};

}  // namespace

std::int64_t estimate_tokens(const Message& message) {
  std::int64_t tokens = 0;
  for (const auto& block : message.blocks) tokens += std::visit(BlockTokens{}, block);
  return tokens;
}

std::int64_t estimate_tokens(const Request& request) {
  std::int64_t tokens = BlockTokens::chars(request.system);
  for (const auto& message : request.messages) tokens += estimate_tokens(message);
  for (const auto& tool : request.tools)
    tokens += BlockTokens::chars(tool.description) + BlockTokens::chars(tool.schema);
  return tokens;
}

std::int64_t worst_case_micros(const Request& request, const ModelInfo& model) {
  if (!model.price.known) return 0;
  return cost_micros({prompt_bound(request), longest_output(request, &model), 0, 0},
                     dearest(model.price));
}

std::unique_ptr<Provider> make_budget(Provider& inner, ledger::Ledger& ledger, ModelInfo model) {
  return std::make_unique<Budget>(inner, ledger, std::move(model));
}

}  // namespace carapace::provider
