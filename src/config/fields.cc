#include "config/fields.h"

#include <array>

namespace carapace::config {
namespace {

using enum FieldType;

constexpr auto kHot = Reload::hot;
constexpr auto kPart = Reload::subsystem;
constexpr auto kRestart = Reload::restart;
constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kDay = 86400;

constexpr auto kLevels = "trace|debug|info|warn|error|off";

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload
constexpr std::array kFields{
    FieldRow{"gateway.port", integer, "18789",
             "Port on which the gateway serves HTTP and WebSocket.", "", 1, 65535, false, kRestart},
    FieldRow{"gateway.bind", text, R"("loopback")",
             "Where the gateway listens: loopback, auto (the same), lan, or an address; "
             "everything but loopback needs a credential.",
             "", 0, 0, false, kRestart},
    FieldRow{"gateway.auth.mode", text, "",
             "How clients prove themselves; a password when one is set, else a token.",
             "token|password|none", 0, 0, false, kRestart},
    FieldRow{"gateway.auth.token", text, "",
             "The token that clients present; without one the gateway makes its own in "
             "gateway.token of the state folder.",
             "", 0, 0, true, kRestart},
    FieldRow{"gateway.auth.password", text, "",
             "The password that clients present when the mode is password.", "", 0, 0, true,
             kRestart},
    FieldRow{"gateway.http.endpoints.chatCompletions.enabled", boolean, "",
             "Serve POST /v1/chat/completions and GET /v1/models; on by itself for loopback only.",
             "", 0, 0, false, kHot},
    FieldRow{"gateway.controlUi.enabled", boolean, "true", "Serve the browser app.", "", 0, 0,
             false, kHot},
    FieldRow{"gateway.controlUi.basePath", text, R"("/")", "Path under which the browser app lies.",
             "", 0, 0, false, kRestart},
    FieldRow{"gateway.controlUi.allowedOrigins", text_list, "[]",
             "Further origins (scheme, host and port) from which browsers may connect.", "", 0, 0,
             false, kHot},

    FieldRow{"logging.level", text, R"("info")",
             "The least important lines that are logged at all.", kLevels, 0, 0, false, kHot},
    FieldRow{"logging.consoleLevel", text, "",
             "The least important lines that reach the console; all that are logged when not set.",
             kLevels, 0, 0, false, kHot},
    FieldRow{"logging.consoleStyle", text, R"("pretty")", "How lines look on the console.",
             "pretty|compact|json", 0, 0, false, kHot},
    FieldRow{"logging.levels", map, "",
             "Levels of single subsystems, for example {net: \"debug\"}.", "", 0, 0, false, kHot},
    FieldRow{"logging.file", text, "", "File that gets every line as JSON; it is rotated by size.",
             "", 0, 0, false, kHot},
    FieldRow{
        "logging.redactSensitive", text, R"("tools")",
        "Kept for files of other versions: secrets are removed from every line whatever this says.",
        "off|tools", 0, 0, false, kHot},

    FieldRow{"agents.defaults.model.primary", text, "",
             "Model of new sessions as provider/model; without it the gateway looks for a key or a "
             "local model by itself.",
             "", 0, 0, false, kHot},
    FieldRow{"agents.defaults.timeoutSeconds", integer, "600",
             "Seconds after which a run is ended.", "", 1, kDay, false, kHot},
    FieldRow{"agents.defaults.maxTurns", integer, "25",
             "How often one run may call the model before it is ended.", "", 1, 1000, false, kHot},
    FieldRow{"agents.defaults.contextTokens", integer, "",
             "Upper bound for the prompt in tokens; the window of the model when not set.", "",
             1024, 100'000'000, false, kHot},
    FieldRow{"agents.defaults.thinkingDefault", text, "",
             "How much a model that reasons may think; low for such models when not set.",
             "off|minimal|low|medium|high|xhigh", 0, 0, false, kHot},
    FieldRow{"agents.defaults.verboseDefault", text, R"("off")", "Are tool calls shown in chats?",
             "off|on|full", 0, 0, false, kHot},
    FieldRow{"agents.defaults.workspace", text, R"("~/carapace")",
             "Folder in which the agent works; no tool of this version uses it.", "", 0, 0, false,
             kHot},

    FieldRow{"models.providers.*.baseUrl", text, "", "Address of the provider's API.", "", 0, 0,
             false, kPart},
    FieldRow{"models.providers.*.apiKey", text, "",
             "Key of the provider; best a reference such as ${MY_KEY}.", "", 0, 0, true, kPart},
    FieldRow{"models.providers.*.api", text, "",
             "Wire format of the provider; that of the built-in provider of this name, else the "
             "generic one.",
             "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.apiVersion", text, "",
             "Version of the API, for wire formats that have several.", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.headers", map, "", "Further HTTP headers of every request.", "", 0,
             0, true, kPart},
    FieldRow{"models.providers.*.models", object_list, "[]",
             "Models of the provider that its built-in list lacks.", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.id", text, "",
             "Name of the model as the provider knows it.", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.name", text, "", "Name of the model as it is shown.", "",
             0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.contextWindow", integer, "200000",
             "Tokens that prompt and answer share.", "", 1024, 100'000'000, false, kPart},
    FieldRow{"models.providers.*.models.*.maxTokens", integer, "8192", "Most tokens of one answer.",
             "", 1, 100'000'000, false, kPart},
    FieldRow{"models.providers.*.models.*.reasoning", boolean, "false",
             "Can the model think before it answers?", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.input", text_list, R"(["text"])",
             "What the model takes: text, image.", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.compat.maxTokensField", text, "",
             "How the server spells the limit of an answer.", "max_tokens|max_completion_tokens", 0,
             0, false, kPart},
    FieldRow{"models.providers.*.models.*.compat.supportsDeveloperRole", boolean, "",
             "Does the server know the role developer?", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.compat.supportsReasoningEffort", boolean, "",
             "Does the server know reasoning_effort?", "", 0, 0, false, kPart},
    FieldRow{"models.providers.*.models.*.compat.supportsStore", boolean, "",
             "Kept for files of other versions: nothing is ever stored at the provider.", "", 0, 0,
             false, kPart},
    FieldRow{"models.providers.*.models.*.cost.input", number, "0",
             "US dollars per million prompt tokens.", "", 0, 1e6, false, kPart},
    FieldRow{"models.providers.*.models.*.cost.output", number, "0",
             "US dollars per million answer tokens.", "", 0, 1e6, false, kPart},
    FieldRow{"models.providers.*.models.*.cost.cacheRead", number, "0",
             "US dollars per million tokens read from a cache.", "", 0, 1e6, false, kPart},
    FieldRow{"models.providers.*.models.*.cost.cacheWrite", number, "0",
             "US dollars per million tokens written to a cache.", "", 0, 1e6, false, kPart},
    FieldRow{"models.providers.*.timeouts.connectSeconds", number, "10",
             "Seconds until the provider is reached; else as models.timeouts says.", "", 0.1, kDay,
             false, kPart},
    FieldRow{"models.providers.*.timeouts.firstByteSeconds", number, "60",
             "Seconds until its answer begins; else as models.timeouts says.", "", 0.1, kDay, false,
             kPart},
    FieldRow{"models.providers.*.timeouts.idleSeconds", number, "60",
             "Seconds of silence within its answer; else as models.timeouts says.", "", 0.1, kDay,
             false, kPart},
    FieldRow{"models.providers.*.timeouts.totalSeconds", number, "600",
             "Seconds for a whole answer; else as models.timeouts says.", "", 0.1, kDay, false,
             kPart},
    FieldRow{"models.timeouts.connectSeconds", number, "10",
             "Seconds until a provider is reached; 5 for local servers when not set.", "", 0.1,
             kDay, false, kPart},
    FieldRow{
        "models.timeouts.firstByteSeconds", number, "60",
        "Seconds until an answer begins; when not set, five times that for a model that thinks "
        "and 600 for local servers, which may load their model first.",
        "", 0.1, kDay, false, kPart},
    FieldRow{"models.timeouts.idleSeconds", number, "60",
             "Seconds of silence within an answer; when not set, five times that for a model that "
             "thinks and 120 for local servers.",
             "", 0.1, kDay, false, kPart},
    FieldRow{"models.timeouts.totalSeconds", number, "600",
             "Seconds for a whole answer; when not set, 1800 for local servers, and "
             "agents.defaults.timeoutSeconds where that is longer.",
             "", 0.1, kDay, false, kPart},
    FieldRow{"models.budget.dailyUsd", number, "",
             "Most US dollars that paid models may cost a person on one UTC day; no cap when not "
             "set.",
             "", 0, 1e9, false, kHot},

    FieldRow{"tools.web.fetch.enabled", boolean, "true", "May the agent read web pages?", "", 0, 0,
             false, kHot},
    FieldRow{"tools.web.fetch.allowPrivateHosts", text_list, "[]",
             "Hosts of the private network that the agent may read all the same.", "", 0, 0, false,
             kHot},
    FieldRow{"tools.web.fetch.maxBytes", integer, "5242880", "Most bytes of a page that are read.",
             "", 1024, 256 * kMiB, false, kHot},
    FieldRow{"tools.web.fetch.timeoutSeconds", integer, "30",
             "Seconds after which reading a page is given up.", "", 1, 600, false, kHot},

    FieldRow{"session.mainKey", text, R"("main")", "Name of the main session of an agent.", "main",
             0, 0, false, kRestart},
    FieldRow{"session.scope", text, R"("per-sender")",
             "Does every sender have a session, or do all share one?", "per-sender|global", 0, 0,
             false, kRestart},
};

}  // namespace

std::span<const FieldRow> builtin_fields() { return kFields; }

}  // namespace carapace::config
