// Transcripts: the messages of a session in order. Repository over the engine; loop thread. Appends
// that belong to a run go through `Runs`; this class reads, and appends what no run made.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/error.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace carapace::store {

class Engine;

struct StoredMessage {
  std::int64_t seq = 0;  // 1, 2, 3 … within the session
  Message message;
};

class Transcripts {
 public:
  explicit Transcripts(Engine& engine) : engine_(engine) {}

  // The last `limit` messages (0: all), oldest first. Empty for an unknown session.
  Task<Result<std::vector<StoredMessage>>> tail(SessionId session, std::int64_t limit) const;
  // The last messages, oldest first, read from the end backwards in one pass: every message that
  // `more` is shown, up to and with the one for which it answers false. `more` is called on a
  // thread of the store.
  Task<Result<std::vector<StoredMessage>>> tail_while(
      SessionId session, std::move_only_function<bool(const Message&)> more) const;
  // The last messages as the JSON texts they are stored as: what `chat.history` sends, without a
  // round trip through values. Oldest first; stops before `max_bytes` in total.
  Task<Result<std::vector<std::string>>> tail_json(SessionId session, std::int64_t limit,
                                                   std::int64_t max_bytes) const;
  Task<Result<std::int64_t>> append(SessionId session, Message message);  // its seq

 private:
  Engine& engine_;
};

}  // namespace carapace::store
