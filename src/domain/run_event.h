// What happens inside a run, in order. Made by the agent, numbered once by dispatch/fanout, read by
// gateway subscribers and live edits. Values; `seq` counts per run from 1.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "domain/ids.h"
#include "domain/message.h"

namespace carapace {

struct RunStarted {
  std::int64_t started_ms = 0;
};
struct RunText {
  std::string text;   // the whole text of the current assistant message so far
  std::string delta;  // what is new
};
struct RunThinking {
  std::string delta;
};
struct RunToolStarted {
  ToolCall call;
};
struct RunToolEnded {
  ToolCall call;
  ToolResult result;
};
struct RunEnded {
  enum class Outcome : std::uint8_t { done, aborted, failed, interrupted };
  Outcome outcome = Outcome::done;
  std::string text;         // the final text, possibly empty
  std::string error;        // user sentence when failed or interrupted
  std::string stop_reason;  // rpc, stop, timeout for aborted; else the model's
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  Usage usage;
  std::string provider = {};  // what answered; empty when nothing was asked
  std::string model = {};
};

struct RunEvent {
  RunId run;
  std::string session_key;  // as the starter sent it: clients compare it with their own
  PrincipalId principal;
  bool verbose_tools = false;  // may tool events be shown to clients of this run
  std::int64_t seq = 0;
  std::int64_t at_ms = 0;
  std::variant<RunStarted, RunText, RunThinking, RunToolStarted, RunToolEnded, RunEnded> what;
};

}  // namespace carapace
