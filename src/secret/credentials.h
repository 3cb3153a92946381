// The credentials of this installation: names, quotas, and the order of a change over whichever
// store holds them (secret/store/). A credential is looked for where the index says it lies and
// nowhere else: a store that is away is an error, never a reason to take another one. Blocks:
// commands, and through `offload` for the gateway. Any thread, one call at a time (calls exclude
// each other).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "secret/credential_index.h"
#include "secret/sealed.h"
#include "secret/store/contract.h"
#include "secret/store/rows.h"

namespace carapace::secret {

// `kind:agentId:id`, at most 64 characters of letters, digits and ._@-; the kind of a plugin's is
// `plugin:<id>`. KeyTooLong, or invalid_request with what is wrong.
Status check_account(std::string_view account);

inline constexpr std::size_t kMaxOfPlugin = 100;
inline constexpr std::size_t kPluginWritesPerMinute = 10;

struct CredentialSettings {
  StorePlace place;
  // CARAPACE_CREDENTIAL_STORE: id of a row, "none", or empty for the first one that answers; one
  // before it that does not answer and holds credentials already is an error.
  std::string choice;
  std::span<const StoreRow> rows = store_rows();
  std::function<void(std::chrono::milliseconds)> pause = {};  // between attempts; empty: waits
};

class Credentials {
 public:
  Credentials(CredentialSettings settings, const Clock& clock);
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // NotFound when there is none. A service of somebody else's is asked for in the chosen store.
  Result<Sealed> get(const std::string& service, const std::string& account);
  Result<Sealed> get(const std::string& account);
  // Reads the old value, writes, reads back; puts the old one back and says VerificationFailed when
  // something else was read. QuotaExceeded and RateLimitExceeded for plugins; StoreUnavailable with
  // what to do when no store can be used.
  Status set(const std::string& account, const Sealed& value);
  Status remove(const std::string& account);  // NotFound

  // A change in two steps, for credentials that somebody else has to accept first: the new value
  // lies beside the old one as `<account>:pending` until it takes its place or is dropped.
  Status set_pending(const std::string& account, const Sealed& value);
  Status commit(const std::string& account);
  Status discard(const std::string& account);

  Result<std::vector<CredentialEntry>> list();
  // Calls under way end soon, and later ones fail: for the end of the gateway. Any thread, also
  // while another one is in a call.
  void give_up();

  // The row that new credentials go to, and why this one, for people.
  struct Chosen {
    const StoreRow* row = nullptr;
    std::string reason;
  };
  Result<Chosen> chosen();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// For logs: the kind in the clear, the rest as a hash ("gateway:3f1a…").
std::string name_for_logs(std::string_view account);

}  // namespace carapace::secret
