// One timer for all connections of a server. A connection has at most one deadline; the timer
// sleeps until the earliest and not at all when there is none, so an idle process is not woken.
// Loop thread only; owned by `ServerCore`. Granularity is about 20 ms: it bounds peers, it does not
// measure.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace carapace::net {

// What deadlines and waits of connections are measured with; never goes back.
std::int64_t steady_ms();

class Connection;

// The place of a connection in the sweep; a member of it.
struct DeadlineSlot {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::int64_t at_ms = 0;
  std::uint32_t index = kNone;
};

class DeadlineSweep {
 public:
  explicit DeadlineSweep(boost::asio::io_context& context);
  ~DeadlineSweep();
  DeadlineSweep(const DeadlineSweep&) = delete;
  DeadlineSweep& operator=(const DeadlineSweep&) = delete;

  // Calls `connection.on_deadline()` once, `in_ms` from now, unless cleared or set anew before.
  void set(Connection& connection, std::int64_t in_ms);
  void clear(Connection& connection);
  std::size_t size() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace carapace::net
