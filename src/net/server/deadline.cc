#include "net/server/deadline.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <limits>
#include <vector>

#include "net/server/connection.h"

namespace carapace::net {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kGranularityMs = 20;

}  // namespace

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct DeadlineSweep::Impl : std::enable_shared_from_this<Impl> {
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;
  explicit Impl(asio::io_context& context) : timer(context) {}

  void arm(std::int64_t at_ms) {
    armed_ms = at_ms;
    timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::milliseconds(at_ms)));
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (self && !error) self->sweep();
    });
  }
  void sweep() {
    const auto now = steady_ms();
    armed_ms = kNever;
    std::vector<std::shared_ptr<Connection>> late;
    std::int64_t next = kNever;
    for (auto* connection : waiting) {
      const auto at = connection->deadline_slot.at_ms;
      if (at <= now)
        late.push_back(connection->shared_from_this());
      else
        next = std::min(next, at);
    }
    for (const auto& connection : late) remove(*connection);
    if (next != kNever) arm(std::max(next, now + kGranularityMs));
    for (const auto& connection : late) connection->on_deadline();
  }
  void remove(Connection& connection) {
    auto& slot = connection.deadline_slot;
    if (slot.index == DeadlineSlot::kNone) return;
    waiting[slot.index] = waiting.back();
    waiting[slot.index]->deadline_slot.index = slot.index;
    waiting.pop_back();
    slot.index = DeadlineSlot::kNone;
    // The timer stays armed: one stale wake-up costs less than a cancel at every request.
  }

  Timer timer;
  std::int64_t armed_ms = kNever;
  std::vector<Connection*> waiting;
};

DeadlineSweep::DeadlineSweep(asio::io_context& context) : impl_(std::make_shared<Impl>(context)) {}
DeadlineSweep::~DeadlineSweep() { impl_->timer.cancel(); }

void DeadlineSweep::set(Connection& connection, std::int64_t in_ms) {
  auto& slot = connection.deadline_slot;
  slot.at_ms = steady_ms() + in_ms;
  if (slot.index == DeadlineSlot::kNone) {
    slot.index = static_cast<std::uint32_t>(impl_->waiting.size());
    impl_->waiting.push_back(&connection);
  }
  if (slot.at_ms < impl_->armed_ms) impl_->arm(slot.at_ms);
}

void DeadlineSweep::clear(Connection& connection) { impl_->remove(connection); }

std::size_t DeadlineSweep::size() const { return impl_->waiting.size(); }

}  // namespace carapace::net
