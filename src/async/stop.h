// Asking work to stop, with a reason. A Stop is a cheap handle: copies share one state. Whoever can
// end early (a transfer, a tool) registers a callback; loops ask `requested`. The callback goes
// when its Registration goes. Loop thread only.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace carapace {

class Stop {
  struct State {
    bool requested = false;
    std::string reason;
    std::list<std::function<void()>> callbacks;
  };

 public:
  class Registration {
   public:
    Registration() = default;
    Registration(std::shared_ptr<State> state, std::list<std::function<void()>>::iterator at)
        : state_(std::move(state)), at_(at) {}
    Registration(Registration&& other) noexcept
        : state_(std::exchange(other.state_, nullptr)), at_(other.at_) {}
    Registration& operator=(Registration&&) = delete;
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() {
      if (state_) state_->callbacks.erase(at_);
    }

   private:
    std::shared_ptr<State> state_;
    std::list<std::function<void()>>::iterator at_;
  };

  Stop() : state_(std::make_shared<State>()) {}

  bool requested() const { return state_->requested; }
  const std::string& reason() const { return state_->reason; }

  // First reason wins. Callbacks run now, each at most once; they must not destroy registrations of
  // others.
  void request(std::string reason) const {
    if (state_->requested) return;
    state_->requested = true;
    state_->reason = std::move(reason);
    const auto keep = state_;
    // A callback may let its own registration go, so it is taken out and the walk is one step
    // ahead.
    for (auto at = keep->callbacks.begin(); at != keep->callbacks.end();) {
      const auto callback = std::exchange(*at++, nullptr);
      if (callback) callback();
    }
  }
  // When stop was already requested the callback runs at once.
  [[nodiscard]] Registration on_stop(std::function<void()> callback) const {
    if (state_->requested) {
      callback();
      return {};
    }
    const auto at = state_->callbacks.insert(state_->callbacks.end(), std::move(callback));
    return {state_, at};
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace carapace
