// Rows as text for people: one line of help a key, the example file, the reference. Pure; any
// thread.
#pragma once

#include <string>

#include "base/field_row.h"
#include "config/schema.h"

namespace carapace::config {

// "whole number from 1 to 65535"
std::string kind_of(const FieldRow& row);
// "whole number from 1 to 65535; default 18789; needs a restart"
std::string facts(const FieldRow& row);
// "gateway.port: Port on which … (facts)"
std::string describe(const FieldRow& row);
// "botToken" → "Bot token"
std::string label_of(std::string_view key);

// Does the row stand for something that works here, under the name that it has here?
bool in_use(const FieldRow& row);

// The whole config.example.json5: every key in use under its objects with description and default,
// commented out, so that the file as it is means "all defaults".
std::string render_example(const Schema& schema);

// Markdown tables of the keys in use, a heading for each section.
std::string render_reference(const Schema& schema);
// The same of the keys that are kept for files of other versions. What all channels share stands
// there once, and accounts of a channel are not repeated.
std::string render_other_keys(const Schema& schema);

}  // namespace carapace::config
