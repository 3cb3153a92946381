// Rows as JSON Schema (draft 07) and as hints for forms, for `config.schema`, editors and the
// browser app (protocol specification §2.8). Pure; any thread.
#pragma once

#include <string>

#include "config/schema.h"

namespace carapace::config {

// Says what `Schema::validate` says, with two exceptions: a null, which means "not set" to us, is
// of the wrong type there, and a key that no row knows is refused there while a file may keep it.
// Beside the standard words: `x-reload` (what a change takes: hot, subsystem, restart, none; or
// planned, for a key that changes nothing here yet), `x-part` (what starts anew for subsystem),
// `x-guarded` (nobody changes it over the network).
std::string json_schema(const Schema& schema);

// {path: {label, help, group, order, advanced?, sensitive?, placeholder?}}, as protocol 3 allows
// them; paths as in rows, and one entry for each section. Keys that change nothing here yet are
// advanced and say so.
std::string ui_hints(const Schema& schema);

}  // namespace carapace::config
