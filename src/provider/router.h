// Which provider answers: the port between a turn and the stack of providers that app/ builds. Loop
// thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "provider/choice.h"
#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::provider {

// A provider ready to be called for one model, with everything that the turn must know of it.
struct Route {
  Provider* provider = nullptr;
  const Spec* spec = nullptr;
  ModelInfo model;
  // Keeps the provider, also when the router has built others since.
  std::shared_ptr<const void> hold = {};
};

class Router {
 public:
  virtual ~Router() = default;
  // `reference` is provider/model, or empty for the default. not_found names what is known.
  virtual Result<Route> route(std::string_view reference) = 0;
  virtual std::vector<ModelInfo> models() const = 0;  // `models.list`
  virtual const Choice& choice() const = 0;           // the default model and why
};

}  // namespace carapace::provider
