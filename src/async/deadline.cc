#include "async/deadline.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "async/loop.h"

namespace carapace {

struct Deadline::Impl {
  boost::asio::steady_timer timer;
};

Deadline::Deadline(Loop& loop, Stop stop, std::chrono::milliseconds after, std::string reason)
    : impl_(std::make_unique<Impl>(boost::asio::steady_timer(loop.context(), after))) {
  impl_->timer.async_wait(
      [stop = std::move(stop), reason = std::move(reason)](boost::system::error_code error) {
        if (!error) stop.request(reason);
      });
}

// A timer that already fired but whose handler still waits cannot be recalled; asking a Stop that
// nobody holds any more is harmless.
Deadline::~Deadline() { impl_->timer.cancel(); }

}  // namespace carapace
