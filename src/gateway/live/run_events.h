// Run events as protocol events: `agent` and `chat` (protocol §3.1, §3.2). Text that arrives in one
// turn of the loop becomes one event; chat deltas come at most every 150 ms per run; every run ends
// in exactly one terminal event of each kind. Also lets one reader follow one run (HTTP). A reader
// of dispatch/fanout; owned by the gateway; loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "domain/run_event.h"

namespace carapace {
class Clock;
class Loop;
}  // namespace carapace

namespace carapace::gateway {

class Broadcast;

inline constexpr std::int64_t kChatDeltaMs = 150;

class RunEvents {
 public:
  using Follower = std::function<void(const RunEvent&)>;
  // Ends the following when it goes. Must go before the RunEvents.
  class Following {
   public:
    Following(RunEvents& events, RunId run, std::list<Follower>::iterator at)
        : events_(&events), run_(std::move(run)), at_(at) {}
    ~Following();
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;

   private:
    RunEvents* events_;
    RunId run_;
    std::list<Follower>::iterator at_;
  };

  RunEvents(Loop& loop, const Clock& clock, Broadcast& broadcast);
  ~RunEvents();
  RunEvents(const RunEvents&) = delete;
  RunEvents& operator=(const RunEvents&) = delete;

  void take(const RunEvent& event);
  // `follower` sees every event of the run as it comes, from now on. It must not
  // suspend, and not end a following.
  [[nodiscard]] std::unique_ptr<Following> follow(const RunId& run, Follower follower);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared only with a flush that the loop still holds
};

// A tool result as clients see it: {content:[…]}, long texts cut, image data replaced by its size.
std::string tool_result_json(const ToolResult& result);

}  // namespace carapace::gateway
