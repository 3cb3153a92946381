// Keys of clawdbot, moltbot, openclaw and the Rust Carapace that change nothing here yet: they are
// checked by type, shown, redacted and kept, so that a file of another version is read as it is and
// a mistake in it is found. Each is a `planned` row; the module that begins to use a key takes its
// row over, since of two rows with one path the first counts.
// Facts: agent specification §10, infrastructure specification B.1, B.14–B.18 and E.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::ancestor {

std::span<const FieldRow> agents_fields();
std::span<const FieldRow> channels_fields();
std::span<const FieldRow> single_channel_fields();
std::span<const FieldRow> gateway_fields();
std::span<const FieldRow> general_fields();
std::span<const FieldRow> hooks_fields();
std::span<const FieldRow> media_fields();
std::span<const FieldRow> messages_fields();
std::span<const FieldRow> models_fields();
std::span<const FieldRow> session_fields();
std::span<const FieldRow> tools_fields();
std::span<const FieldRow> renamed_fields();

}  // namespace carapace::ancestor
