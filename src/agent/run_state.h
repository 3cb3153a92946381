// What one run carries through its steps. Private to agent/; lives in TurnRunner::run's frame,
// which the steps await, so that they may take it by reference. Loop thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/stream.h"
#include "agent/turn.h"

namespace carapace::agent {

struct RunScope {
  const Ports& ports;
  const Settings& settings;     // as they were when the run began
  const tool::Registry& tools;  // the same
  store::RunRow run;
  store::SessionRow session = {};
  provider::Route route = {};
  Stop stop;
  tool::Flow flow = {};               // joined over what the model has read
  std::vector<Message> history = {};  // the whole context, oldest first; grows with the turn
  std::size_t older = 0;              // messages before the loaded ones
  std::int64_t step = 0;              // last journal step
  std::int64_t model_calls = 0;
  std::int64_t started_ms = 0;
  Usage usage = {};            // of the last answer
  std::string last_call = {};  // name and arguments, to see a model that repeats itself
  int repeats = 0;
  bool ended = false;           // the terminal event is out
  std::string begun_call = {};  // id of the last call whose intent was journaled
  std::vector<store::JournalRow> waiting_rows = {};  // ride with the next commit

  void publish(decltype(RunEvent::what) what) const {
    const bool verbose =
        session.verbose_level.empty() ? settings.verbose_default : session.verbose_level == "on";
    ports.publish(RunEvent{run.id, run.raw_key, run.principal, verbose, 0, ports.clock.wall_ms(),
                           std::move(what)});
  }
  store::JournalRow journal(std::string kind, std::string body) {
    return {0, run.id, ++step, std::move(kind), std::move(body), ports.clock.wall_ms()};
  }
  // The rows that wait, and this one after them.
  std::vector<store::JournalRow> rows_with(store::JournalRow row) {
    auto rows = std::exchange(waiting_rows, {});
    rows.push_back(std::move(row));
    return rows;
  }
  // A message of this run, labelled with what the context holds.
  Message message(Role role, std::vector<Block> blocks) const {
    return {role,   std::move(blocks), ports.clock.wall_ms(), flow.label, run.principal,
            run.id, std::nullopt};
  }
  void take(Message message) {
    flow.label = join(flow.label, message.label);
    history.push_back(std::move(message));
  }
};

}  // namespace carapace::agent
