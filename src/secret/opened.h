// What has been opened once in this process: a secret that costs a program, a question to a keyring
// or a tenth of a second is fetched once, also when several want it at once. Failures are not kept.
// Any thread; `get` blocks while somebody fetches the same.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "secret/sealed.h"

namespace carapace::secret {

class Opened {
 public:
  Opened();
  ~Opened();
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  std::optional<Sealed> known(const std::string& reference) const;
  // Calls `fetch` unless it is known or on its way; whoever waits gets the same answer.
  Result<Sealed> get(const std::string& reference, const std::function<Result<Sealed>()>& fetch);
  void forget();  // everything; what is on its way is given to those who wait and not kept
  void forget(const std::string& reference);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::secret
