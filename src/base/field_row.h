// One configuration key as constant data. A module keeps the rows of its keys in its own
// `fields.cc` beside what they configure; `app/start/fields.cc` puts the tables together.
// Validation, defaults, redaction, JSON Schema, help, reload plans and completion are derived from
// rows; no key stands in a second list. Value.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace carapace {

enum class FieldType : std::uint8_t {
  boolean,
  integer,
  number,
  text,
  duration,   // text such as "30m" or "1h30m"; a bare number counts in the unit of the row's text
  text_list,  // short texts or numbers, since people write ids without quotes
  list,       // of anything; a row `<path>.*` says more about the items
  object,
  object_list,
  map,    // names chosen by the user; a row `<path>.*` says more about the values
  color,  // text such as "#1a2b3c"
  any
};

// What a change of the key takes while a gateway runs.
enum class Reload : std::uint8_t {
  hot,        // applies at once
  subsystem,  // `part` starts anew
  restart,    // the gateway starts anew
  none        // nothing: it is read whenever it is needed, or nobody reads it
};

struct FieldRow {
  std::string_view path = {};  // dotted; `*` stands for any key of a map or any index of a list
  FieldType type = FieldType::text;
  std::string_view fallback = {};     // default as JSON text; empty: none
  std::string_view description = {};  // one sentence, ends with a full stop or a question mark
  std::string_view one_of = {};       // allowed texts separated by '|'; empty: any
  double min = 0;  // of a number; the least characters of a text, the fewest items of a list
  double max = 0;  // min == max: unbounded
  bool secret = false;
  Reload reload = Reload::restart;
  std::string_view part = {};  // for Reload::subsystem: what starts anew, as people call it
  // A key of other versions that is checked, shown and kept, but changes nothing here yet.
  bool planned = false;
  // A second type that files may use for the same key (a choice or true, one text or a list).
  // `one_of` speaks of its texts.
  std::optional<FieldType> also = std::nullopt;
  // The key that says the same today, for a name of other versions that is still accepted.
  std::string_view same_as = {};
  // The default is written out where the configuration is shown as a whole (`config.get`), as other
  // versions do with a few keys of each section.
  bool filled_in = false;
  // Any other value is kept in the file with a warning, and the default counts.
  bool fixed = false;
  // Nobody changes the value over the network; only the owner at his machine does. Secrets are
  // guarded without saying so, and so is everything below a guarded key.
  bool guarded = false;
  // An object without it means nothing. A file is read all the same; no change leaves it out.
  bool required = false;
};

}  // namespace carapace
