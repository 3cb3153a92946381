// Commands: what a person says to the house instead of the model: `/status`, `/model
// provider/name`, `/new` … Judged from the stored message, so that a restart judges the same;
// answered by the dispatcher in the message's place in its lane, without any provider. Loop thread;
// owned by the dispatcher. Not here: stop words, which the gateway takes before the door.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/turn.h"
#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "domain/inbound.h"
#include "domain/run_event.h"
#include "store/runs.h"

namespace carapace::dispatch {

struct CommandRow;

struct Command {
  const CommandRow* row = nullptr;  // of the table, which lives as long as the program
  std::string rest;                 // trimmed; for /new what is said in the fresh conversation
};

// nullopt: the message is for the model. So is every word that is no command, a command with more
// behind it than it takes, a message with pictures, and whatever was not said with the owner's
// integrity.
std::optional<Command> command_of(const Inbound& inbound);

// The commands as people are shown them.
struct CommandName {
  std::string_view name;  // with its slash
  std::string_view usage;
  std::string_view what;
};
std::vector<CommandName> command_names();

// The run that carries what stood behind `/new`; the same for every attempt at the same command.
RunId continuation_of(const RunId& command);

class Commands {
 public:
  // Both outlive this object: they are the turn's own.
  Commands(const agent::Ports& ports, const agent::Settings& settings)
      : ports_(ports), settings_(settings) {}

  struct Done {
    RunEnded ended;                     // to be published; the run is closed in the store
    std::optional<store::RunRow> next;  // accepted in the store, to be heard now
  };
  // `run` is accepted and not begun. Errors are the store's; the run is open then, and another
  // attempt, also one after a crash, finds what this one did and does it not again. A run that was
  // told to stop does nothing.
  Task<Result<Done>> execute(store::RunRow run, Command command, Stop stop);

 private:
  Task<Result<std::optional<store::RunRow>>> accept_rest(const store::RunRow& run, std::string rest,
                                                         std::string& text);

  const agent::Ports& ports_;
  const agent::Settings& settings_;
};

}  // namespace carapace::dispatch
