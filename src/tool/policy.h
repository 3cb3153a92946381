// Judges a tool call before it runs: is the tool allowed here, and may what the context holds flow
// to where the tool can send (reliability specification, information-flow rules 1–4). A pure
// decision; the desk asks a person when it says so. Unknown tools are never reached: the registry
// answers first.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "async/stop.h"
#include "async/task.h"
#include "domain/label.h"
#include "tool/contract.h"

namespace carapace::tool {

enum class Verdict : std::uint8_t { allow, ask, deny };

struct Judgement {
  Verdict verdict = Verdict::allow;
  std::string reason;  // one sentence for the person who is asked, or for the model that is refused
};

// What the context of the run holds so far.
struct Flow {
  Label label;                               // joined over everything that the model has read
  std::set<std::string> owner_destinations;  // hosts that the owner named in own messages
  std::set<std::string> read_hosts;  // hosts that untrusted text came from: same-origin is no leak
};

// Does what the context holds bind a call to the destination it was judged for?
bool is_confined(const Flow& flow);

// The host (lower case, as the egress guard reads it) that the row's destination argument names;
// empty: none.
std::string destination_of(const Spec& tool, const ToolCall& call);

Judgement judge(const Spec& tool, const ToolCall& call, const Flow& flow);

// Host names of the http and https URLs in a text, as the egress guard reads them; what it refuses
// is left out.
std::set<std::string> hosts_in(std::string_view text);

struct Question {
  RunId run;
  SessionKey session;
  PrincipalId principal;
  std::string tool;
  std::string arguments;  // JSON text; the answer is for exactly these
  std::string reason;
};

enum class Decision : std::uint8_t { allow_once, deny, expired, stopped };

// The port through which a turn asks a person; dispatch/ implements it.
class ApprovalDesk {
 public:
  virtual ~ApprovalDesk() = default;
  virtual Task<Decision> ask(Question question, Stop stop) = 0;
};

}  // namespace carapace::tool
