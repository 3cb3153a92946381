#include "async/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <list>

#include "async/coro.h"
#include "async/loop.h"
#include "async/signal.h"
#include "base/error.h"

namespace carapace {

namespace asio = boost::asio;

struct TaskGroup::Impl {
  asio::io_context& context;
  std::function<void(std::exception_ptr)> on_failure;
  std::list<asio::cancellation_signal> running;
  Signal drained;
};

namespace {

bool is_cancellation(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& system) {
    return system.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

TaskGroup::TaskGroup(Loop& loop, std::function<void(std::exception_ptr)> on_failure)
    : impl_(std::make_shared<Impl>(loop.context(), std::move(on_failure))) {}

TaskGroup::~TaskGroup() {
  // A stopped loop never runs its tasks again and destroys their frames itself.
  CARAPACE_CHECK(impl_->running.empty() || impl_->context.stopped());
}

void TaskGroup::spawn(Task<void> task) {
  const auto entry = impl_->running.emplace(impl_->running.end());
  asio::co_spawn(impl_->context, std::move(task),
                 asio::bind_cancellation_slot(
                     entry->slot(), [impl = impl_, entry](const std::exception_ptr& error) {
                       if (error && !is_cancellation(error) && impl->on_failure)
                         impl->on_failure(error);
                       impl->running.erase(entry);
                       if (impl->running.empty()) impl->drained.notify_all();
                     }));
}

void TaskGroup::cancel() {
  // A cancelled task may end at once and leave the list, so the walk keeps the next one in hand.
  for (auto it = impl_->running.begin(); it != impl_->running.end();) {
    const auto current = it++;
    current->emit(asio::cancellation_type::terminal);
  }
}

Task<void> TaskGroup::join() {
  const auto impl = impl_;
  while (!impl->running.empty()) co_await impl->drained.wait();
}

std::size_t TaskGroup::size() const { return impl_->running.size(); }

}  // namespace carapace
