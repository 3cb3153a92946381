// Approvals: the desk where a turn that needs a person's word waits. Implements the port that
// tool/policy declares; told by `exec.approval.resolve`. Questions are durable. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "store/approvals.h"
#include "tool/policy.h"

namespace carapace::dispatch {

class Desk final : public tool::ApprovalDesk {
 public:
  // A question that nobody answers within `patience_ms` counts as no.
  Desk(store::Approvals& approvals, const Clock& clock, Random& random,
       std::int64_t patience_ms = 600'000);
  ~Desk() override;

  Task<tool::Decision> ask(tool::Question question, Stop stop) override;

  // not_found when no such question is open; forbidden when it belongs to another principal.
  Task<Result<store::ApprovalRow>> resolve(std::string id, std::string decision, std::string by,
                                           PrincipalId principal);

  // At start: closes what the last stop left open. Its turns are gone, so no answer could reach
  // them.
  Task<Status> expire_left_over();

  // What clients are told: `exec.approval.requested` and `exec.approval.resolved`. Wired once.
  void on_requested(std::function<void(const store::ApprovalRow&)> reader);
  void on_resolved(std::function<void(const store::ApprovalRow&)> reader);
  std::vector<store::ApprovalRow> open_questions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::dispatch
