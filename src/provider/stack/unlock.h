// The vendor's provider behind what it takes to have one: when its key or a header is a reference
// (config/secret_opener.h), it is built at the first call, once that has been opened. A failure is
// the answer of the call and is tried again at the next one. Nothing was asked of the vendor then,
// so it is never `cancelled` or `timeout`, which the budget takes for a call that may be billed.
// Loop thread only.
#pragma once

#include <memory>

#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "config/secret_opener.h"
#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::provider {

// Does anything of it have to be opened before it can be used?
bool has_references(const Settings& settings);

// Puts what the references of key and headers stand for in their place; nothing happens without
// them. unauthorized, with the key path and what to do: one of them cannot be opened, or `stop`.
Task<Status> open_settings(Settings& settings, config::SecretOpener& secrets, Stop stop = {});

// Without references this is `spec.make`. When the vendor answers `unauthorized`, the secret is
// looked for anew at the next call: it may have been changed where it lies. `spec` and `secrets`
// outlive it, and so do what `ports` refer to.
std::unique_ptr<Provider> make_unlock(const Spec& spec, Settings settings, const Ports& ports,
                                      config::SecretOpener& secrets);

}  // namespace carapace::provider
