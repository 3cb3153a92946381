#include "log/fields.h"

#include <array>

#include "base/make_row.h"

namespace carapace::log {
namespace {

using enum FieldType;

using make_row::filled;

// `fatal` and `silent` are what other versions call `error` and `off`.
constexpr auto kLevels = "trace|debug|info|warn|error|fatal|silent|off";

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload, part
constexpr std::array kFields{
    filled(FieldRow{"logging.level", text, R"("info")",
                    "The least important lines that are logged at all.", kLevels, 0, 0, false,
                    Reload::hot}),
    FieldRow{"logging.consoleLevel", text, "",
             "The least important lines that reach the console; all that are logged when not set.",
             kLevels, 0, 0, false, Reload::hot},
    filled(FieldRow{"logging.consoleStyle", text, R"("pretty")", "How lines look on the console.",
                    "pretty|compact|json", 0, 0, false, Reload::hot}),
    FieldRow{"logging.levels", map, "",
             "Levels of single subsystems, for example {net: \"debug\"}.", "", 0, 0, false,
             Reload::hot},
    FieldRow{"logging.file", text, "", "File that gets every line as JSON; it is rotated by size.",
             "", 0, 0, false, Reload::hot},
    filled(FieldRow{
        "logging.redactSensitive", text, R"("tools")",
        "Kept for files of other versions: secrets are removed from every line whatever this says.",
        "off|tools", 0, 0, false, Reload::none}),
};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::log
