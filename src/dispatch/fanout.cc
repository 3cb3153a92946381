#include "dispatch/fanout.h"

#include <utility>

namespace carapace::dispatch {

void Fanout::add_reader(Reader reader) { readers_.push_back(std::move(reader)); }

void Fanout::publish(RunEvent event) {
  event.seq = ++next_seq_[event.run];
  if (std::holds_alternative<RunEnded>(event.what)) next_seq_.erase(event.run);
  for (const auto& reader : readers_) reader(event);
}

}  // namespace carapace::dispatch
