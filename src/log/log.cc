#include "log/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <iterator>
#include <mutex>
#include <shared_mutex>

#include "base/clock.h"
#include "base/text.h"
#include "log/file_sink.h"
#include "log/line.h"

namespace carapace::log {
namespace {

constexpr std::size_t kMaxRing = 10000;
constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warn", "error", "off"};

// The lowest level anybody wants, so that a disabled line costs one load.
constinit std::atomic<Level> g_lowest{Level::info};
constinit std::atomic<bool> g_by_subsystem{false};

struct Levels {
  std::shared_mutex mutex;
  Level level = Level::info;
  std::map<std::string, Level, std::less<>> subsystems;
};

struct Sinks {
  std::mutex mutex;
  Settings settings;
  std::deque<Entry> ring;
  std::uint64_t next_seq = 1;
  FileSink file;
};

// Never destroyed: whoever logs while the process ends still finds them.
Levels& levels() {
  static auto& instance = *new Levels;
  return instance;
}
Sinks& sinks() {
  static auto& instance = *new Sinks;
  return instance;
}

// "gateway/ws" without a level of its own has that of "gateway".
Level level_of(std::string_view subsystem) {
  auto& table = levels();
  const std::shared_lock lock(table.mutex);
  for (;;) {
    if (const auto found = table.subsystems.find(subsystem); found != table.subsystems.end())
      return found->second;
    const auto slash = subsystem.rfind('/');
    if (slash == std::string_view::npos) return table.level;
    subsystem = subsystem.substr(0, slash);
  }
}

void set_levels(const Settings& settings) {
  auto& table = levels();
  const std::unique_lock lock(table.mutex);
  table.level = settings.level;
  table.subsystems = settings.subsystems;
  auto lowest = settings.level;
  for (const auto& [name, level] : settings.subsystems) lowest = std::min(lowest, level);
  g_by_subsystem.store(!settings.subsystems.empty(), std::memory_order_relaxed);
  g_lowest.store(lowest, std::memory_order_relaxed);
}

void write_console(const Settings& settings, const Line& line) {
  if (settings.console == Style::off || line.entry.level < settings.console_level) return;
  const auto text =
      settings.console == Style::json ? json_text(line) : plain_text(line, settings.colour);
  // One write, so that lines of several processes on one terminal do not mix; a closed one is no
  // reason to fail.
  [[maybe_unused]] const auto wrote = ::write(STDERR_FILENO, text.data(), text.size());
}

// The lock is held.
void emit(Sinks& all, Line line) {
  line.entry.seq = all.next_seq++;
  line.entry.at_ms = SystemClock().wall_ms();
  write_console(all.settings, line);
  if (!all.settings.file.empty()) all.file.write(json_text(line));
  if (all.settings.ring_entries == 0) return;
  while (all.ring.size() >= all.settings.ring_entries) all.ring.pop_front();
  all.ring.push_back(std::move(line.entry));
}

void emit_with_losses(Sinks& all, Line line) {
  const auto before = all.file.lost();
  emit(all, std::move(line));
  if (before > 0 && all.file.lost() == before) {
    all.file.forget_lost();
    emit(all, make_line(Level::warn, "log", "the log file could not be written for a while",
                        {{"lostLines", std::to_string(before)}}));
  }
}

}  // namespace

bool Log::enabled(Level level) const {
  if (level < g_lowest.load(std::memory_order_relaxed) || level >= Level::off) return false;
  return !g_by_subsystem.load(std::memory_order_relaxed) || level >= level_of(subsystem_);
}

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) const {
  if (!enabled(level)) return;
  try {
    auto line = make_line(level, subsystem_, message, fields);
    auto& all = sinks();
    const std::scoped_lock lock(all.mutex);
    emit_with_losses(all, std::move(line));
  } catch (...) {  // out of memory: a lost line is better than a lost process
  }
}

void configure(const Settings& settings) {
  set_levels(settings);
  auto& all = sinks();
  const std::scoped_lock lock(all.mutex);
  all.settings = settings;
  all.settings.ring_entries = std::min(settings.ring_entries, kMaxRing);
  while (all.ring.size() > all.settings.ring_entries) all.ring.pop_front();
  const auto cause = all.file.open(settings.file, settings.rotate_bytes, settings.keep_files);
  if (!cause.empty())
    emit(all, make_line(Level::error, "log", cause + ". Set logging.file to another path.", {}));
}

void reset_for_tests() {
  configure(Settings{});
  auto& all = sinks();
  const std::scoped_lock lock(all.mutex);
  all.ring.clear();
  all.next_seq = 1;
}

std::vector<Entry> recent(std::size_t limit) {
  auto& all = sinks();
  const std::scoped_lock lock(all.mutex);
  const auto count = std::min(limit, all.ring.size());
  return {std::prev(all.ring.end(), static_cast<std::ptrdiff_t>(count)), all.ring.end()};
}

Level level_from(std::string_view text, Level fallback) {
  const auto wanted = to_lower(trim(text));
  for (std::size_t i = 0; i < kLevels.size(); ++i)
    if (kLevels[i] == wanted) return static_cast<Level>(i);
  if (wanted == "warning") return Level::warn;
  if (wanted == "fatal") return Level::error;
  if (wanted == "silent") return Level::off;
  return fallback;
}

std::string_view to_text(Level level) { return kLevels.at(static_cast<std::size_t>(level)); }

}  // namespace carapace::log
