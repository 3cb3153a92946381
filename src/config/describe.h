// Rows as text for people: one line of help a key, and the example file. Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "base/field_row.h"

namespace carapace::config {

// "whole number from 1 to 65535; default 18789; needs a restart"
std::string facts(const FieldRow& row);
// "gateway.port: Port on which … (facts)"
std::string describe(const FieldRow& row);

// The whole config.example.json5: every key under its objects with description and default,
// commented out, so that the file as it is means "all defaults".
std::string render_example(std::span<const FieldRow> rows);

}  // namespace carapace::config
