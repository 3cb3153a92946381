// What is wrong with a configuration, as lines and as JSON: each issue with its file, line and
// column. Inside app/verbs/ only. Pure but for printing.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "config/config.h"

namespace carapace::app {

// The value below a tree; nullptr when it is not there or null.
const json::value* value_at(const json::value& tree, const config::KeyPath& path);

// "/etc/c.json5:3:7: gateway.port: must be …"
std::string line_of(const config::Issue& issue, const config::Document& document);
// {severity, path, message, file, line, column}
json::object json_of(const config::Issue& issue, const config::Document& document);

// All of them to standard error, warnings named as such; nothing for a file without any.
void print_issues(const config::Inspection& found);

// How a file that does not parse is mended; nothing for any other.
void advise(const config::Inspection& found);

// The same document under another name, for a text that is checked before it gets there.
config::Inspection inspect_text(const std::string& text, const std::string& file,
                                const config::Schema& schema,
                                const config::Environment& environment);

}  // namespace carapace::app
