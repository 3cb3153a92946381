// The contract of a tool. A failure that the model can mend is an outcome, not an error. The row is
// the whole truth: what the model is told, what the tool reads, where it can send. Loop thread
// only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/stop.h"
#include "async/task.h"
#include "base/clock.h"
#include "domain/label.h"
#include "domain/message.h"
#include "domain/session_key.h"

namespace carapace::store {
class Sessions;
class Transcripts;
}  // namespace carapace::store
namespace carapace::net {
class Client;
}
namespace carapace {
class Pool;
}

namespace carapace::tool {

struct Outcome {
  std::string text;  // what the model reads
  std::vector<ImageBlock> images;
  bool is_error = false;
  Label label{Integrity::owner, Confidentiality::open};  // of what was read; joined with the row's
};

struct Context {
  PrincipalId principal;
  SessionKey session;
  RunId run;
  AgentId agent;
  std::string model;  // provider/model of this run
  Stop stop;          // requested at the row's deadline, too
  // The context holds what must not leak and text that is not trusted: the call was judged for the
  // destination that it names, so a tool goes nowhere else (no redirect to another host).
  bool confined = false;
};

class Tool {
 public:
  virtual ~Tool() = default;
  virtual Task<Outcome> call(const ToolCall& call, const Context& context) = 0;
};

// What tools may hold. Handed in by app/ when it makes them.
struct Ports {
  store::Sessions& sessions;
  store::Transcripts& transcripts;
  net::Client& client;
  Pool& pool;  // for work that would keep the loop
  const Clock& clock;
  std::vector<std::string> private_hosts = {};  // `tools.web.fetch.allowPrivateHosts`
  std::size_t fetch_max_bytes = 5 << 20;        // `tools.web.fetch.maxBytes`, after decompression
  std::int64_t fetch_timeout_ms = 30'000;       // `tools.web.fetch.timeoutSeconds`
};

struct Spec {
  std::string_view name = {};
  std::string_view summary = {};      // one line for the system prompt
  std::string_view description = {};  // for the model
  std::string_view schema = {};       // JSON text, root type object
  bool reads_personal = false;        // what it returns is the person's own
  bool reads_untrusted = false;       // what it returns was written by strangers
  bool sends = false;                 // its arguments can carry data out of the house
  bool mutates = false;
  bool idempotent = false;  // may be repeated after a crash
  std::int64_t deadline_ms = 60'000;
  // The argument whose value names the destination (a URL), for flow rules; empty: none.
  std::string_view destination_argument = {};
  std::unique_ptr<Tool> (*make)(const Ports& ports) = nullptr;
};

}  // namespace carapace::tool
