// Where run events leave the agent: each is numbered once per run and offered to every reader, in
// order. Readers are the gateway's event broadcast and a channel's live edit; they must not
// suspend. Loop thread.
#pragma once

#include <functional>
#include <list>
#include <unordered_map>

#include "domain/run_event.h"

namespace carapace::dispatch {

class Fanout {
 public:
  using Reader = std::function<void(const RunEvent&)>;

  // Stays for the life of the fan-out: readers are wired once, in app/.
  void add_reader(Reader reader);
  // Fills `seq`; the terminal event of a run (RunEnded) forgets its counter.
  void publish(RunEvent event);

 private:
  std::list<Reader> readers_;
  std::unordered_map<RunId, std::int64_t> next_seq_;
};

}  // namespace carapace::dispatch
