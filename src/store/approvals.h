// Questions to a person that park a turn. Durable, so that the next start knows which ones a crash
// left open and closes them beside their turn, and so that who decided what stays on record. Loop
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/error.h"
#include "domain/ids.h"
#include "domain/session_key.h"

namespace carapace::store {

class Engine;

struct ApprovalRow {
  std::string id;
  RunId run;
  SessionKey key;
  PrincipalId principal;
  std::string tool;
  std::string request;  // JSON shown to people: {command, …}
  std::string
      arguments_hash;  // SHA-256 of the exact arguments: the answer is for these and no others
  std::int64_t created_ms = 0, expires_ms = 0;
  std::string decision;  // empty while open; allow-once | allow-always | deny | expired
  std::string resolved_by;
};

class Approvals {
 public:
  explicit Approvals(Engine& engine) : engine_(engine) {}

  Task<Status> open(ApprovalRow row);
  // not_found: no such open question. The answered row.
  Task<Result<ApprovalRow>> resolve(std::string id, std::string decision, std::string by,
                                    std::int64_t now_ms);
  Task<Result<std::vector<ApprovalRow>>> pending() const;

 private:
  Engine& engine_;
};

}  // namespace carapace::store
