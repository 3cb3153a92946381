// One log line on its way to the sinks: made harmless once, then written in two forms. Inside log/
// only.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/log.h"

namespace carapace::log {

struct Line {
  Entry entry;
  std::vector<std::pair<std::string, std::string>>
      fields;  // the same as entry.fields, not yet text
};

// Well-formed UTF-8 on one line, without control and bidirectional characters, without secrets.
std::string harmless(std::string_view text);

// Redacts, strips and cuts to `kMaxLine` bytes (message and fields together).
Line make_line(Level level, std::string_view subsystem, std::string_view message,
               std::initializer_list<Field> fields);
inline constexpr std::size_t kMaxLine = 8192;

// Both end with a new line.
std::string plain_text(const Line& line, bool colour);
std::string json_text(const Line& line);

}  // namespace carapace::log
