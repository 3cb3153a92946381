// When a file that changes is looked at: as soon as nothing more seems to come. A file that another
// one replaced is whole, so it is looked at almost at once; one that somebody writes into is left
// alone for the whole debounce time; and after a look that did something the next one waits for
// that time, so that five writes within it are one reload. What a look finds broken may be half
// written: it counts only when it is still so a debounce time later. Pure; times are steady
// milliseconds.
#pragma once

#include <cstdint>
#include <optional>

#include "async/file_watch.h"

namespace carapace::app {

// Long enough for the second rename of an editor, short enough to feel like none.
inline constexpr std::int64_t kSettleMs = 20;
// A file that never rests is looked at all the same after so many debounce times.
inline constexpr std::int64_t kPatience = 20;

class Settling {
 public:
  void changed(FileWatch::Kind kind, std::int64_t now_ms) {
    if (!waits_) first_ms_ = now_ms;
    waits_ = true;
    kind_ = kind;
    last_ms_ = now_ms;
  }
  // What came so far is covered by the look that begins.
  void begin_look() { waits_ = false; }
  // It did something.
  void acted(std::int64_t now_ms) { acted_ms_ = now_ms; }
  // It found what may be half a file. True: look again when it is due, and say nothing yet.
  bool doubt(std::int64_t now_ms, std::int64_t debounce_ms) {
    if (now_ms - last_ms_ >= debounce_ms) return false;
    waits_ = true;
    kind_ = FileWatch::Kind::written;
    return true;
  }
  // nullopt: nothing waits.
  std::optional<std::int64_t> due(std::int64_t debounce_ms) const {
    if (!waits_) return std::nullopt;
    const auto quiet =
        kind_ == FileWatch::Kind::replaced && debounce_ms > kSettleMs ? kSettleMs : debounce_ms;
    auto due = last_ms_ + quiet;
    if (acted_ms_ && *acted_ms_ + debounce_ms > due) due = *acted_ms_ + debounce_ms;
    const auto latest = first_ms_ + kPatience * (debounce_ms > 0 ? debounce_ms : 1);
    return due < latest ? due : latest;
  }

 private:
  bool waits_ = false;
  FileWatch::Kind kind_ = FileWatch::Kind::written;
  std::int64_t first_ms_ = 0, last_ms_ = 0;
  std::optional<std::int64_t> acted_ms_;
};

}  // namespace carapace::app
