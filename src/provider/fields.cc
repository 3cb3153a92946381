#include "provider/fields.h"

#include <array>

#include "base/make_row.h"

namespace carapace::provider {
namespace {

using enum FieldType;
using make_row::guarded;

constexpr double kDay = 86400;

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload, part
constexpr std::array kFields{
    guarded(FieldRow{"models.providers.*.baseUrl", text, "", "Address of the provider's API.", "",
                     0, 0, false, Reload::subsystem, "models"}),
    FieldRow{"models.providers.*.apiKey", text, "",
             "Key of the provider; best a reference such as ${MY_KEY}.", "", 0, 0, true,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.api", text, "",
             "Wire format of the provider; that of the built-in provider of this name, else the "
             "generic one.",
             "", 0, 0, false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.apiVersion", text, "",
             "Version of the API, for wire formats that have several.", "", 0, 0, false,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.headers", map, "", "Further HTTP headers of every request.", "", 0,
             0, true, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models", object_list, "[]",
             "Models of the provider that its built-in list lacks.", "", 0, 0, false,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.id", text, "",
             "Name of the model as the provider knows it.", "", 0, 0, false, Reload::subsystem,
             "models"},
    FieldRow{"models.providers.*.models.*.name", text, "", "Name of the model as it is shown.", "",
             0, 0, false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.contextWindow", integer, "200000",
             "Tokens that prompt and answer share.", "", 1024, 100'000'000, false,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.maxTokens", integer, "8192", "Most tokens of one answer.",
             "", 1, 100'000'000, false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.reasoning", boolean, "false",
             "Can the model think before it answers?", "", 0, 0, false, Reload::subsystem,
             "models"},
    FieldRow{"models.providers.*.models.*.input", text_list, R"(["text"])",
             "What the model takes: text, image.", "", 0, 0, false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.compat.maxTokensField", text, "",
             "How the server spells the limit of an answer.", "max_tokens|max_completion_tokens", 0,
             0, false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.compat.supportsDeveloperRole", boolean, "",
             "Does the server know the role developer?", "", 0, 0, false, Reload::subsystem,
             "models"},
    FieldRow{"models.providers.*.models.*.compat.supportsReasoningEffort", boolean, "",
             "Does the server know reasoning_effort?", "", 0, 0, false, Reload::subsystem,
             "models"},
    FieldRow{"models.providers.*.models.*.compat.supportsStore", boolean, "",
             "Kept for files of other versions: nothing is ever stored at the provider.", "", 0, 0,
             false, Reload::none},
    FieldRow{"models.providers.*.models.*.cost.input", number, "0",
             "US dollars per million prompt tokens.", "", 0, 1e6, false, Reload::subsystem,
             "models"},
    FieldRow{"models.providers.*.models.*.cost.output", number, "0",
             "US dollars per million answer tokens.", "", 0, 1e6, false, Reload::subsystem,
             "models"},
    FieldRow{"models.providers.*.models.*.cost.cacheRead", number, "0",
             "US dollars per million tokens read from a cache.", "", 0, 1e6, false,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.models.*.cost.cacheWrite", number, "0",
             "US dollars per million tokens written to a cache.", "", 0, 1e6, false,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.timeouts.connectSeconds", number, "10",
             "Seconds until the provider is reached; else as models.timeouts says.", "", 0.1, kDay,
             false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.timeouts.firstByteSeconds", number, "60",
             "Seconds until its answer begins; else as models.timeouts says.", "", 0.1, kDay, false,
             Reload::subsystem, "models"},
    FieldRow{"models.providers.*.timeouts.idleSeconds", number, "60",
             "Seconds of silence within its answer; else as models.timeouts says.", "", 0.1, kDay,
             false, Reload::subsystem, "models"},
    FieldRow{"models.providers.*.timeouts.totalSeconds", number, "600",
             "Seconds for a whole answer; else as models.timeouts says.", "", 0.1, kDay, false,
             Reload::subsystem, "models"},
    FieldRow{"models.timeouts.connectSeconds", number, "10",
             "Seconds until a provider is reached; 5 for local servers when not set.", "", 0.1,
             kDay, false, Reload::subsystem, "models"},
    FieldRow{
        "models.timeouts.firstByteSeconds", number, "60",
        "Seconds until an answer begins; when not set, five times that for a model that thinks "
        "and 600 for local servers, which may load their model first.",
        "", 0.1, kDay, false, Reload::subsystem, "models"},
    FieldRow{"models.timeouts.idleSeconds", number, "60",
             "Seconds of silence within an answer; when not set, five times that for a model that "
             "thinks and 120 for local servers.",
             "", 0.1, kDay, false, Reload::subsystem, "models"},
    FieldRow{"models.timeouts.totalSeconds", number, "600",
             "Seconds for a whole answer; when not set, 1800 for local servers, and "
             "agents.defaults.timeoutSeconds where that is longer.",
             "", 0.1, kDay, false, Reload::subsystem, "models"},
};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::provider
