#include "log/line.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "log/redact.h"

namespace carapace::log {
namespace {

constexpr std::size_t kMaxMessage = 7168;  // leaves room for fields
constexpr std::size_t kMaxKey = 64;
constexpr std::size_t kMarkerRoom = 48;

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return strip_controls(text, false);
}

std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  const auto kept = truncate_utf8(text, limit > kMarkerRoom ? limit - kMarkerRoom : 0);
  return fmt::format("{}… [cut: {} more bytes]", kept, text.size() - kept.size());
}

std::string quoted(std::string_view text) { return json::serialize(json::string(text)); }

// `key=value`, with quotes where the value would be read wrongly without.
std::string plain_value(const std::string& value) {
  const bool simple = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
  return simple ? value : quoted(value);
}

std::string_view colour_of(Level level) {
  constexpr std::array<std::string_view, 6> kColours{"\x1b[2m",  "\x1b[2m",  "\x1b[32m",
                                                     "\x1b[33m", "\x1b[31m", ""};
  return kColours.at(static_cast<std::size_t>(level));
}

}  // namespace

std::string harmless(std::string_view text) {
  // Stripped first: a control character inside a key would hide it. New lines stay for the moment,
  // since some shapes end at one.
  const auto clean = redact(strip_controls(sanitize_utf8(text), true));
  auto flat = one_line(clean);
  return flat == clean ? flat : redact(flat);
}

Line make_line(Level level, std::string_view subsystem, std::string_view message,
               std::initializer_list<Field> fields) {
  Line line;
  line.entry.level = level;
  line.entry.subsystem = subsystem;
  line.entry.message = cut(harmless(message), kMaxMessage);
  std::string object = "{";
  for (const auto& field : fields) {
    auto key = std::string(truncate_utf8(harmless(field.key), kMaxKey));
    auto value = is_secret_name(field.key) && !field.value.empty() ? std::string("***")
                                                                   : harmless(field.value);
    const auto used = line.entry.message.size() + object.size();
    // Escapes make a text up to six times longer; a value that does not fit then goes as a whole.
    const auto room = kMaxLine - std::min(kMaxLine, used + key.size() + 2 * kMarkerRoom);
    value = cut(std::move(value), room);
    auto text = fmt::format("{}{}:{}", object.size() > 1 ? "," : "", quoted(key), quoted(value));
    if (used + text.size() + kMarkerRoom > kMaxLine) {
      object += object.size() > 1 ? R"(,"truncated":"true")" : R"("truncated":"true")";
      line.fields.emplace_back("truncated", "true");
      break;
    }
    object += text;
    line.fields.emplace_back(std::move(key), std::move(value));
  }
  line.entry.fields = object + "}";
  return line;
}

std::string plain_text(const Line& line, bool colour) {
  const auto& entry = line.entry;
  auto out =
      fmt::format("{} {}{:<5}{} {}: {}", iso8601(entry.at_ms), colour ? colour_of(entry.level) : "",
                  to_text(entry.level), colour ? "\x1b[0m" : "", entry.subsystem, entry.message);
  for (const auto& [key, value] : line.fields)
    out += fmt::format(" {}={}", key, plain_value(value));
  return out += '\n';
}

std::string json_text(const Line& line) {
  const auto& entry = line.entry;
  return fmt::format(R"({{"time":"{}","level":"{}","subsystem":{},"message":{},"fields":{}}})"
                     "\n",
                     iso8601(entry.at_ms), to_text(entry.level), quoted(entry.subsystem),
                     quoted(entry.message), entry.fields);
}

}  // namespace carapace::log
