// Sessions: a key, the transcript it points to now, and its settings. Repository over the engine;
// loop thread. Every read and change names the principal on whose behalf it happens: rows of others
// are invisible (not_found), unless the principal is empty, which means the gateway itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/error.h"
#include "domain/ids.h"
#include "domain/session_key.h"
#include "domain/usage.h"

namespace carapace::store {

class Engine;

struct SessionRow {
  SessionKey key;
  SessionId id;
  AgentId agent;
  PrincipalId principal;
  std::string channel;         // of its last message
  std::string sender;          // who wrote it, as the channel shows them; may be empty
  std::string label;           // unique per agent; empty: none
  std::string model_override;  // provider/model; empty: the default
  std::string thinking_level, verbose_level, reasoning_level, send_policy, response_usage;
  // Kept for what will read them: running programs, groups, subagents.
  std::string elevated_level, exec_host, exec_security, exec_ask, exec_node, group_activation;
  std::string spawned_by;                 // key of the session that made this one; set once
  std::string last_provider, last_model;  // asked last; no provider: nobody since the reset
  Usage last_usage;                       // of the last answer: prompt size is the context in use
  std::int64_t context_tokens = 0;
  std::int64_t created_ms = 0, updated_ms = 0;
  bool aborted_last_run = false;
  std::string title;  // first words of the first user message; empty: nothing said yet
};

struct SessionFilter {
  PrincipalId principal = {};  // empty: all
  std::optional<AgentId> agent = {};
  std::optional<std::string> label = {};       // exact
  std::optional<std::string> spawned_by = {};  // exact
  std::string search = {};  // case-insensitive substring of label, title, key, session id
  std::int64_t updated_since_ms = 0;
  bool include_global = false, include_unknown = false;
  std::int64_t limit = 0;  // 0: all
};

// Absent: leave; empty text: clear.
struct SessionPatch {
  std::optional<std::string> label = {}, model_override = {}, thinking_level = {},
                             verbose_level = {}, reasoning_level = {}, send_policy = {},
                             response_usage = {}, elevated_level = {}, exec_host = {},
                             exec_security = {}, exec_ask = {}, exec_node = {},
                             group_activation = {}, spawned_by = {};
};

class Sessions {
 public:
  explicit Sessions(Engine& engine) : engine_(engine) {}

  Task<Result<std::optional<SessionRow>>> find(SessionKey key, PrincipalId principal) const;
  Task<Result<std::vector<SessionRow>>> list(SessionFilter filter) const;  // newest first
  Task<Result<std::int64_t>> count() const;
  // Creates the session when it is absent. conflict: the label is in use, or it was spawned by
  // another session (detail says which).
  Task<Result<SessionRow>> patch(SessionKey key, PrincipalId principal, SessionPatch patch,
                                 SessionId fresh_id, std::int64_t now_ms);
  // Created when it is absent. New transcript under the old key; settings stay, but for those that
  // widen or narrow what programs may do. The old transcript stays in the store, listed in
  // `past_sessions`.
  Task<Result<SessionRow>> reset(SessionKey key, PrincipalId principal, SessionId fresh_id,
                                 std::int64_t now_ms, std::string reason);
  // Takes the key off the list; the transcript moves to `past_sessions` unless `erase`. False: it
  // was not there. conflict: a run of it is not closed yet. Erasing takes its inbox rows and
  // journals too; usage rows stay.
  Task<Result<bool>> remove(SessionKey key, PrincipalId principal, bool erase, std::int64_t now_ms);

 private:
  Engine& engine_;
};

}  // namespace carapace::store
