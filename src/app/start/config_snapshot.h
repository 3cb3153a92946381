// The configuration file as people far away see it: JSON texts without a secret in them, in the
// shapes of protocol 3 (§2.8). Pure, apart from what was read before; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/config.h"
#include "config/schema.h"
#include "config/write/redaction.h"

namespace carapace::app {

// Knows the secrets of this file, those that its variables stand for included.
config::Redaction redaction_of(const config::Inspection& found, const config::Schema& schema);

// {path, exists, raw, parsed, valid, config, hash, issues, warnings, legacyIssues}. `raw` is null
// when there is no file, or when it does not parse: then nobody knows where its secrets stand.
std::string snapshot_json(const config::Inspection& found, const config::Schema& schema,
                          std::string_view version);
// The configuration in force by this file, defaults included, references as written.
json::value shown_config(const config::Inspection& found, const config::Schema& schema);
// {key, value}; not_found names the nearest key.
Result<std::string> value_json(const config::Inspection& found, const config::Schema& schema,
                               std::string_view key);
// [{path, message}], secrets taken out.
std::string issues_json(std::span<const config::Issue> issues, const config::Redaction& redaction);

}  // namespace carapace::app
