// Looking for secrets on threads of its own while a coroutine of the loop waits: several that want
// one wait for one look, and with the last one who does not want it any more the look ends.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "secret/opened.h"
#include "secret/sealed.h"

namespace carapace::secret {

class Looks {
 public:
  // Blocks, on a thread of ours; should end soon once the token is requested.
  using Fetch =
      std::function<Result<Sealed>(const std::string& reference, const std::stop_token& ends)>;

  Looks(Opened& opened, Fetch fetch);  // `opened` keeps what was found, and outlives this
  ~Looks();                            // waits for what is under way
  Looks(const Looks&) = delete;
  Looks& operator=(const Looks&) = delete;

  // cancelled, at once: `stop`, or `give_up`. On the loop.
  Task<Result<Sealed>> open(std::string reference, Stop stop);
  // Everybody who waits is told, and nothing more is fetched. Any thread.
  void give_up();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::secret
