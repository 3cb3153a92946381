// Structured logging: the one permitted global. A line has a level, a subsystem, a message and
// fields; it goes to the console sink, the file sink (JSON lines, rotated by size) and a bounded
// ring, each after redaction of secrets. Thread-safe; never throws; never blocks on more than one
// local write.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::log {

enum class Level : std::uint8_t { trace, debug, info, warn, error, off };

struct Field {
  std::string_view key;
  std::string value;
};

// A named source of lines; cheap, constexpr, usually a file-level constant: `constexpr Log
// kLog{"gateway"};`
class Log {
 public:
  constexpr explicit Log(std::string_view subsystem) : subsystem_(subsystem) {}
  bool enabled(Level level) const;
  void write(Level level, std::string_view message, std::initializer_list<Field> fields = {}) const;
  void debug(std::string_view m, std::initializer_list<Field> f = {}) const {
    write(Level::debug, m, f);
  }
  void info(std::string_view m, std::initializer_list<Field> f = {}) const {
    write(Level::info, m, f);
  }
  void warn(std::string_view m, std::initializer_list<Field> f = {}) const {
    write(Level::warn, m, f);
  }
  void error(std::string_view m, std::initializer_list<Field> f = {}) const {
    write(Level::error, m, f);
  }

 private:
  std::string_view subsystem_;
};

enum class Style : std::uint8_t { plain, json, off };

struct Settings {
  Level level = Level::info;
  std::map<std::string, Level, std::less<>> subsystems;  // overrides by subsystem name
  Style console = Style::plain;                          // to standard error
  Level console_level = Level::trace;                    // what is below stays off the console
  bool colour = false;
  std::string file;                      // empty: no file sink; created 0600
  std::int64_t rotate_bytes = 10 << 20;  // then file → file.1 → file.2 …
  int keep_files = 3;
  std::size_t ring_entries = 1000;
};

// Replaces all settings; may be called again (configuration reload).
void configure(const Settings& settings);
void reset_for_tests();

struct Entry {
  std::uint64_t seq = 0;
  std::int64_t at_ms = 0;
  Level level = Level::info;
  std::string subsystem;
  std::string message;  // redacted, controls stripped, at most 8 KiB with its fields
  std::string fields;   // JSON object text
};
std::vector<Entry> recent(std::size_t limit);  // newest last

Level level_from(std::string_view text, Level fallback);
std::string_view to_text(Level level);

}  // namespace carapace::log
