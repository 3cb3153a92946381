// The stack of providers, built from the catalogue: for every model in use a vendor's provider
// behind the budget behind retry, so that every attempt is paid for. Owned by the house; loop
// thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/start/plan.h"
#include "async/loop.h"
#include "config/secret_opener.h"
#include "ledger/ledger.h"
#include "provider/catalogue.h"
#include "provider/router.h"

namespace carapace::app {

// From the rows and the plan's providers.
provider::Catalogue make_catalogue(const Plan& plan);

class Models final : public provider::Router {
 public:
  Models(provider::Catalogue catalogue, provider::Choice choice, provider::Ports ports,
         ledger::Ledger& ledger, std::shared_ptr<config::SecretOpener> secrets);
  ~Models() override;

  Result<provider::Route> route(std::string_view reference) override;
  std::vector<provider::ModelInfo> models() const override;
  const provider::Choice& choice() const override { return choice_; }

  // A better model was found after the start. Turns that run keep theirs.
  void choose(provider::Catalogue catalogue, provider::Choice choice);
  // Another configuration: every provider is built anew at its next use. Turns that run keep the
  // one that they call, with its opener, until they end.
  void renew(provider::Catalogue catalogue, provider::Choice choice,
             std::shared_ptr<config::SecretOpener> secrets);

 private:
  // From the inside out: the vendor's wire; no call without money; the same again when the world
  // failed; the rest of an answer that paused.
  struct Stack {
    std::shared_ptr<config::SecretOpener> secrets;
    provider::Resolved resolved;
    std::unique_ptr<provider::Provider> vendor;
    std::unique_ptr<provider::Provider> budgeted;
    std::unique_ptr<provider::Provider> retried;
    std::unique_ptr<provider::Provider> whole;
  };

  provider::Catalogue catalogue_;
  provider::Choice choice_;
  provider::Ports ports_;
  ledger::Ledger& ledger_;
  std::shared_ptr<config::SecretOpener> secrets_;
  std::map<std::string, std::shared_ptr<const Stack>, std::less<>> stacks_;  // by provider/model
};

// Asks the local servers that may be probed, for at most `limit_ms` in all. Absent: none answered
// with a model that can chat.
Task<std::optional<provider::Probe>> probe_local(Loop& loop, const provider::Catalogue& catalogue,
                                                 provider::Ports ports,
                                                 std::shared_ptr<config::SecretOpener> secrets,
                                                 std::int64_t limit_ms);

}  // namespace carapace::app
