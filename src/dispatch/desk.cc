#include "dispatch/desk.h"

#include <chrono>
#include <map>
#include <utility>

#include "async/coro.h"
#include "async/signal.h"
#include "base/json.h"
#include "log/log.h"
#include "secret/hash.h"

namespace carapace::dispatch {
namespace {

constexpr log::Log kLog{"approvals"};

struct Open {
  store::ApprovalRow row;
  Signal answered;
};

tool::Decision decision_from(const std::string& text) {
  if (text == "allow-once" || text == "allow-always") return tool::Decision::allow_once;
  if (text == "deny") return tool::Decision::deny;
  return tool::Decision::expired;
}

}  // namespace

struct Desk::Impl {
  store::Approvals& approvals;
  const Clock& clock;
  Random& random;
  std::int64_t patience_ms;
  std::map<std::string, std::shared_ptr<Open>> open = {};
  std::function<void(const store::ApprovalRow&)> requested = {};
  std::function<void(const store::ApprovalRow&)> resolved = {};

  // Closes a question in the store and tells the clients; the first answer wins.
  Task<Result<store::ApprovalRow>> close(std::string id, std::string decision, std::string by) {
    auto row = co_await approvals.resolve(id, std::move(decision), std::move(by), clock.wall_ms());
    if (!row) co_return row;
    if (const auto found = open.find(id); found != open.end()) {
      const auto keep = found->second;
      open.erase(found);
      keep->row = *row;
      keep->answered.notify_all();
    }
    if (resolved) resolved(*row);
    co_return row;
  }
};

Desk::Desk(store::Approvals& approvals, const Clock& clock, Random& random,
           std::int64_t patience_ms)
    : impl_(std::make_unique<Impl>(approvals, clock, random, patience_ms)) {}
Desk::~Desk() = default;

Task<tool::Decision> Desk::ask(tool::Question question, Stop stop) {
  auto entry = std::make_shared<Open>();
  const auto now = impl_->clock.wall_ms();
  entry->row.id = uuid_v4(impl_->random);
  entry->row.run = question.run;
  entry->row.key = question.session;
  entry->row.principal = question.principal;
  entry->row.tool = question.tool;
  entry->row.arguments_hash = secret::sha256_hex(question.arguments);
  entry->row.created_ms = now;
  entry->row.expires_ms = now + impl_->patience_ms;
  entry->row.request = dump_json(json::object{{"command", question.tool + " " + question.arguments},
                                              {"tool", question.tool},
                                              {"arguments", question.arguments},
                                              {"reason", question.reason},
                                              {"sessionKey", question.session.value}});
  const std::string id = entry->row.id;
  impl_->open[id] = entry;
  if (const auto stored = co_await impl_->approvals.open(entry->row); !stored) {
    // A question that cannot be kept is not asked: fail closed.
    impl_->open.erase(id);
    kLog.error("an approval question could not be stored", {{"cause", stored.error().detail}});
    co_return tool::Decision::expired;
  }
  if (impl_->requested) impl_->requested(entry->row);
  const auto wake = stop.on_stop([entry] { entry->answered.notify_all(); });
  const auto steady_end = impl_->clock.steady_ms() + impl_->patience_ms;
  while (entry->row.decision.empty() && !stop.requested()) {
    const auto left = steady_end - impl_->clock.steady_ms();
    if (left <= 0) break;
    co_await entry->answered.wait_for(std::chrono::milliseconds(left));
  }
  if (entry->row.decision.empty()) {
    const auto closed = co_await impl_->close(id, "expired", "gateway");
    if (!closed) impl_->open.erase(id);
  }
  if (stop.requested()) co_return tool::Decision::stopped;
  co_return decision_from(entry->row.decision);
}

Task<Result<store::ApprovalRow>> Desk::resolve(std::string id, std::string decision, std::string by,
                                               PrincipalId principal) {
  const auto found = impl_->open.find(id);
  if (found == impl_->open.end()) co_return fail(Errc::not_found, "unknown approval id");
  if (found->second->row.principal != principal)
    co_return fail(Errc::forbidden, "this question is for another person");
  co_return co_await impl_->close(std::move(id), std::move(decision), std::move(by));
}

Task<Status> Desk::expire_left_over() {
  CO_TRY(const auto left, co_await impl_->approvals.pending());
  for (const auto& row : left) {
    if (impl_->open.contains(row.id)) continue;
    CO_TRY_STATUS(co_await impl_->close(row.id, "expired", "gateway"));
  }
  co_return Status{};
}

void Desk::on_requested(std::function<void(const store::ApprovalRow&)> reader) {
  impl_->requested = std::move(reader);
}
void Desk::on_resolved(std::function<void(const store::ApprovalRow&)> reader) {
  impl_->resolved = std::move(reader);
}

std::vector<store::ApprovalRow> Desk::open_questions() const {
  std::vector<store::ApprovalRow> rows;
  for (const auto& [id, entry] : impl_->open) rows.push_back(entry->row);
  return rows;
}

}  // namespace carapace::dispatch
