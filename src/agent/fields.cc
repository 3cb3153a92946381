#include "agent/fields.h"

#include <array>

#include "base/make_row.h"

namespace carapace::agent {
namespace {

using enum FieldType;

using make_row::filled;

constexpr double kDay = 86400;

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload, part
constexpr std::array kFields{
    FieldRow{"agents.defaults.model.primary", text, "",
             "Model of new sessions as provider/model; without it the gateway looks for a key or a "
             "local model by itself.",
             "", 0, 0, false, Reload::hot},
    filled(FieldRow{"agents.defaults.timeoutSeconds", integer, "600",
                    "Seconds after which a run is ended.", "", 1, kDay, false, Reload::hot}),
    FieldRow{"agents.defaults.maxTurns", integer, "25",
             "How often one run may call the model before it is ended.", "", 1, 1000, false,
             Reload::hot},
    FieldRow{"agents.defaults.contextTokens", integer, "",
             "Upper bound for the prompt in tokens; the window of the model when not set.", "",
             1024, 100'000'000, false, Reload::hot},
    FieldRow{"agents.defaults.thinkingDefault", text, "",
             "How much a model that reasons may think; low for such models when not set.",
             "off|minimal|low|medium|high|xhigh", 0, 0, false, Reload::hot},
    filled(FieldRow{"agents.defaults.verboseDefault", text, R"("off")",
                    "Are tool calls shown in chats?", "off|on|full", 0, 0, false, Reload::hot}),
};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::agent
