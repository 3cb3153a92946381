#include "app/start/models.h"

#include <algorithm>
#include <utility>

#include "async/coro.h"
#include "log/log.h"
#include "net/egress_guard.h"
#include "net/port_probe.h"
#include "provider/stack/budget.h"
#include "provider/stack/resume.h"
#include "provider/stack/retry.h"
#include "provider/stack/unlock.h"

namespace carapace::app {
namespace {
constexpr log::Log kLog{"models"};
}

Models::Models(provider::Catalogue catalogue, provider::Choice choice, provider::Ports ports,
               ledger::Ledger& ledger, std::shared_ptr<config::SecretOpener> secrets)
    : catalogue_(std::move(catalogue)),
      choice_(std::move(choice)),
      ports_(ports),
      ledger_(ledger),
      secrets_(std::move(secrets)) {}
Models::~Models() = default;

Result<provider::Route> Models::route(std::string_view reference) {
  auto ref = choice_.model;
  if (!reference.empty()) {
    TRY(ref, catalogue_.read_ref(reference));
  }
  auto found = stacks_.find(ref.text());
  if (found == stacks_.end()) {
    TRY(auto resolved, catalogue_.resolve(ref));
    auto stack = std::make_shared<Stack>();
    stack->secrets = secrets_;
    stack->vendor = provider::make_unlock(*resolved.spec, resolved.settings, ports_, *secrets_);
    stack->budgeted = provider::make_budget(*stack->vendor, ledger_, resolved.model);
    stack->retried = provider::make_retry(*stack->budgeted, {}, ports_.random);
    stack->whole = provider::make_resume(*stack->retried);
    stack->resolved = std::move(resolved);
    found = stacks_.emplace(ref.text(), std::move(stack)).first;
  }
  const auto& stack = found->second;
  return provider::Route{stack->whole.get(), stack->resolved.spec, stack->resolved.model, stack};
}

std::vector<provider::ModelInfo> Models::models() const {
  auto all = catalogue_.models();
  // The model in use is always listed, also when no row describes it.
  const auto& used = choice_.model;
  const bool listed = std::ranges::any_of(
      all, [&](const auto& m) { return m.provider == used.provider && m.id == used.model; });
  if (!listed) {
    if (const auto resolved = catalogue_.resolve(used)) all.insert(all.begin(), resolved->model);
  }
  return all;
}

void Models::choose(provider::Catalogue catalogue, provider::Choice choice) {
  catalogue_ = std::move(catalogue);
  choice_ = std::move(choice);
}

void Models::renew(provider::Catalogue catalogue, provider::Choice choice,
                   std::shared_ptr<config::SecretOpener> secrets) {
  choose(std::move(catalogue), std::move(choice));
  secrets_ = std::move(secrets);
  stacks_.clear();
}

Task<std::optional<provider::Probe>> probe_local(Loop& loop, const provider::Catalogue& catalogue,
                                                 provider::Ports ports,
                                                 std::shared_ptr<config::SecretOpener> secrets,
                                                 std::int64_t limit_ms) {
  for (const auto* row : catalogue.probes()) {
    auto resolved = catalogue.provider(row->id);
    if (!resolved) continue;
    // Most machines run no model server: find out without loading the HTTP client.
    const auto url = net::guard_url(resolved->settings.base_url,
                                    std::vector<std::string>{"127.0.0.1", "localhost"});
    if (!url || !co_await net::is_listening(
                    loop, url->host == "localhost" ? "127.0.0.1" : url->host, url->port, limit_ms))
      continue;
    resolved->settings.deadlines = {limit_ms, limit_ms, limit_ms, limit_ms};
    if (const auto opened = co_await provider::open_settings(resolved->settings, *secrets);
        !opened) {
      kLog.warn("a local model server is not asked", {{"cause", opened.error().detail}});
      continue;
    }
    auto models = co_await row->discover(resolved->settings, ports);
    if (!models) {
      kLog.debug("no local model server",
                 {{"provider", std::string(row->id)}, {"cause", models.error().detail}});
      continue;
    }
    if (!models->empty()) co_return provider::Probe{std::string(row->id), std::move(*models)};
  }
  co_return std::nullopt;
}

}  // namespace carapace::app
