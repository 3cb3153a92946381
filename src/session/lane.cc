#include "session/lane.h"

#include <boost/system/system_error.hpp>
#include <deque>
#include <exception>
#include <unordered_map>
#include <utility>

#include "async/coro.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/error.h"

namespace carapace::session {
namespace {

struct Waiting {
  RunId run;
  Stop stop;
};

struct Lane {
  std::deque<Waiting> waiting;
  std::deque<Waiting> active;  // none or one
  bool draining = false;
};

}  // namespace

struct Lanes::Impl {
  TaskGroup& group;
  Turn turn;
  std::size_t per_lane;
  std::size_t at_once;
  std::size_t running = 0;
  bool held = false;
  Signal slot_free;
  std::unordered_map<SessionKey, Lane> lanes;

  Task<void> drain(SessionKey key);
};

Lanes::Lanes(TaskGroup& group, Turn turn, std::size_t per_lane, std::size_t at_once)
    : impl_(std::make_unique<Impl>(group, std::move(turn), per_lane, at_once)) {}
Lanes::~Lanes() = default;

Task<void> Lanes::Impl::drain(SessionKey key) {
  for (;;) {
    auto& lane = lanes[key];
    if (lane.waiting.empty() || held) break;
    // A run that was told to stop needs no slot: it only has to end visibly.
    if (running >= at_once && !lane.waiting.front().stop.requested()) {
      co_await slot_free.wait_for(std::chrono::hours(1));
      continue;
    }
    lane.active.push_back(std::move(lane.waiting.front()));
    lane.waiting.pop_front();
    ++running;
    std::exception_ptr thrown;
    try {
      co_await turn(lane.active.front().run, lane.active.front().stop);
    } catch (const boost::system::system_error& error) {
      if (error.code() == boost::system::errc::operation_canceled)
        throw;  // the group is being taken down
      thrown = std::current_exception();
    } catch (...) {
      thrown = std::current_exception();
    }
    --running;
    slot_free.notify_all();
    lanes[key].active.clear();
    if (thrown) {
      // Turns do not throw; should one, the next message of its session is heard all the same.
      if (!lanes[key].waiting.empty())
        group.spawn(drain(key));
      else
        lanes.erase(key);
      std::rethrow_exception(thrown);
    }
  }
  lanes.erase(key);
}

bool Lanes::idle(const SessionKey& key) const { return !impl_->lanes.contains(key); }

bool Lanes::has_room(const SessionKey& key, std::size_t coming) const {
  const auto found = impl_->lanes.find(key);
  const auto waiting = found == impl_->lanes.end() ? 0 : found->second.waiting.size();
  return waiting + coming < impl_->per_lane;
}

void Lanes::push(const SessionKey& key, RunId run) {
  if (impl_->held) return;
  auto& lane = impl_->lanes[key];
  lane.waiting.push_back({std::move(run), Stop()});
  if (!std::exchange(lane.draining, true)) impl_->group.spawn(impl_->drain(key));
}

std::vector<RunId> Lanes::stop(const SessionKey& key, const RunId& run, const std::string& reason) {
  std::vector<RunId> asked;
  const auto found = impl_->lanes.find(key);
  if (found == impl_->lanes.end()) return asked;
  std::vector<Waiting> chosen;
  for (const auto* queue : {&found->second.active, &found->second.waiting})
    for (const auto& item : *queue)
      if ((run.empty() || item.run == run) && !item.stop.requested()) chosen.push_back(item);
  for (const auto& item : chosen) {
    item.stop.request(reason);
    asked.push_back(item.run);
  }
  if (!asked.empty()) impl_->slot_free.notify_all();
  return asked;
}

void Lanes::hold() {
  impl_->held = true;
  impl_->slot_free.notify_all();
}

void Lanes::stop_all(const std::string& reason) {
  hold();
  std::vector<Stop> stops;
  for (auto& [key, lane] : impl_->lanes) {
    lane.waiting.clear();
    for (const auto& item : lane.active) stops.push_back(item.stop);
  }
  for (const auto& stop : stops) stop.request(reason);
  impl_->slot_free.notify_all();
}

std::size_t Lanes::running() const { return impl_->running; }

}  // namespace carapace::session
