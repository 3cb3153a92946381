// How sessions look to clients: the row of `sessions.list`, the entry that patch and reset answer
// with, the line of `status`. One place, so that a session looks the same everywhere. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/message.h"
#include "rpc/json_text.h"
#include "store/sessions.h"

namespace carapace::gateway {

// Members of a list row; the caller may add more.
rpc::ObjectText session_row(const store::SessionRow& row);
std::string session_entry(const store::SessionRow& row, bool after_reset);
std::string status_line(const store::SessionRow& row, const std::string& default_model,
                        std::int64_t context_window, std::int64_t now_ms);

// Label, else the first words, else the start of the id and the day. At most 60 characters.
std::string derived_title(const store::SessionRow& row);

// One message in a preview: text, `[image]`, or `call a, b +n` for an answer that only calls tools.
// Empty for nothing to show. At most `max_chars` characters.
std::string preview_text(const Message& message, std::size_t max_chars);
std::string_view preview_role(const Message& message);  // user, assistant; tool for a call too

}  // namespace carapace::gateway
