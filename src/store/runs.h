// Runs: the durable road of a message. Each verb is one transaction; a crash between two of them
// leaves rows that say which step was last. Repository over the engine; loop thread.
//
//   accept → inbox row + run (state accepted); only then is anyone told "accepted"
//   begin  → the inbox row becomes a transcript message; state running; the model may hear it
//   record → journal rows (tool intent before a tool runs, tool result, model answer)
//   append → messages of the running turn (assistant with tool calls, tool results)
//   finish → last message, usage, session counters, state; the run is closed
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/error.h"
#include "domain/inbound.h"
#include "domain/session_key.h"
#include "store/sessions.h"

namespace carapace::store {

enum class RunState : std::uint8_t { accepted, running, done, aborted, failed, interrupted };
std::string_view to_text(RunState state);

struct RunRow {
  RunId id;
  SessionKey key;
  SessionId session;
  std::string raw_key;  // as the starter sent it
  PrincipalId principal;
  RunState state = RunState::accepted;
  std::int64_t accepted_ms = 0, started_ms = 0, ended_ms = 0;
  std::string error;  // user sentence
  std::string stop_reason;
  Inbound inbound;
};

struct Accepted {
  bool fresh = false;  // false: this run id or dedupe id was accepted before; `run` is that run
  RunRow run;
  SessionRow session;
};

struct JournalRow {
  std::int64_t id = 0;
  RunId run = {};
  std::int64_t step = 0;  // 1, 2, 3 … within the run; 0 when it is written: the next one
  std::string kind = {};  // request, completion, tool_intent, tool_result, approval, finish
  std::string body = {};  // JSON text
  std::int64_t at_ms = 0;
};

struct Finish {
  RunId run = {};
  RunState state = RunState::done;
  std::vector<Message> messages =
      {};  // the last answer, or the visible sentence that says why there is none
  std::string error = {}, stop_reason = {};
  // Updates the session's model and counters; of a run that was not done only the model, and only
  // where there was none.
  std::optional<Origin> answered = {};
  std::int64_t context_tokens = 0;
  std::int64_t ended_ms = 0;
  std::vector<JournalRow> journal = {};  // rows that ride in the same commit
};

class Runs {
 public:
  explicit Runs(Engine& engine) : engine_(engine) {}

  // Durable when it returns. Creates the session when it is absent (with `fresh_session`).
  // `begin_now` does `begin` in the same transaction: for a lane that is idle. forbidden: the key,
  // or the run id, belongs to another principal. invalid_request: no run id. The images of
  // `run.inbound` go when the run is closed.
  Task<Result<Accepted>> accept(Inbound inbound, SessionKey key, SessionId fresh_session,
                                std::int64_t now_ms, bool begin_now);
  // Into the transcript that the key points to now; a run that began before is answered as it is.
  // Like the verbs below: not_found for an unknown run, conflict for one that is closed, and then
  // nothing changes.
  Task<Result<RunRow>> begin(RunId run, std::int64_t now_ms);
  // Messages and rows become this run's, whatever their own fields say.
  Task<Status> append(RunId run, std::vector<Message> messages, std::vector<JournalRow> journal);
  // A run that never began is moved to the transcript first, so that its words are seen exactly
  // once.
  Task<Status> finish(Finish finish);

  Task<Result<std::optional<RunRow>>> find(RunId run) const;
  Task<Result<std::vector<RunRow>>> unfinished() const;  // accepted and running, oldest first
  Task<Result<std::vector<JournalRow>>> journal(RunId run) const;

 private:
  Engine& engine_;
};

}  // namespace carapace::store
