// Sections that stand alone.
#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kRestart = planned(
    std::array{
        flag("diagnostics.enabled", "Are measurements taken?"),
        texts("diagnostics.flags", "Names of further measurements."),
        flag("diagnostics.otel.enabled", "Are measurements sent to a collector?"),
        text("diagnostics.otel.endpoint", "Address of the collector."),
        choice("diagnostics.otel.protocol", "http/protobuf|grpc", "How they are sent."),
        secret_map("diagnostics.otel.headers", "HTTP headers for the collector."),
        text("diagnostics.otel.serviceName", "Name under which they appear."),
        flag("diagnostics.otel.traces", "Are traces sent?"),
        flag("diagnostics.otel.metrics", "Are metrics sent?"),
        flag("diagnostics.otel.logs", "Are logs sent?"),
        number("diagnostics.otel.sampleRate", 0, 1, "Part of the traces that is sent."),
        whole("diagnostics.otel.flushIntervalMs", 0, kMost, "Milliseconds between two sendings."),
        flag("diagnostics.cacheTrace.enabled", "Is the use of prompt caches written down?"),
        text("diagnostics.cacheTrace.filePath",
             "File in which the use of prompt caches is written down."),
        flag("diagnostics.cacheTrace.includeMessages", "Are the messages written down there, too?"),
        flag("diagnostics.cacheTrace.includePrompt", "Is the prompt written down there, too?"),
        flag("diagnostics.cacheTrace.includeSystem",
             "Is the system prompt written down there, too?"),
        choice("update.channel", "stable|beta|dev", "Which versions are offered."),
        flag("update.checkOnStart", "Is a newer version looked for at start?"),
        flag("media.preserveFilenames", "Do files that are sent keep their names?"),
        flag("nodeHost.browserProxy.enabled", "May this node's browser be used from afar?"),
        texts("nodeHost.browserProxy.allowProfiles", "Browser profiles that may be used."),
        or_else(choice("commands.native", "auto", "Are commands announced to chat programs?",
                       R"("auto")"),
                FieldType::boolean),
        or_else(choice("commands.nativeSkills", "auto", "Are skills announced as commands?",
                       R"("auto")"),
                FieldType::boolean),
        flag("commands.text", "Do messages that begin with a slash count as commands?", "true"),
        flag("commands.bash", "May chats run shell commands?", "false"),
        whole("commands.bashForegroundMs", 0, 30000, "Milliseconds until one runs on its own.",
              "2000"),
        flag("commands.config", "May chats change the configuration? Never here.", "false"),
        flag("commands.debug", "May chats override settings in memory?", "false"),
        flag("commands.restart", "May chats restart the gateway?", "false"),
        flag("commands.useAccessGroups", "Do allow-lists of chats hold for commands?", "true"),
        flag("approvals.exec.enabled", "Are questions for approval sent to chats?", "false"),
        choice("approvals.exec.mode", "session|targets|both",
               "Which chats get questions for approval.", R"("session")"),
        texts("approvals.exec.agentFilter", "Agents whose questions are sent."),
        texts("approvals.exec.sessionFilter", "Sessions whose questions are sent."),
        objects("approvals.exec.targets", "Chats that get every question."),
        text("approvals.exec.targets.*.channel", "Channel of the chat."),
        text("approvals.exec.targets.*.to", "Address of the chat."),
        text("approvals.exec.targets.*.accountId", "Account that writes there."),
        or_else(text("approvals.exec.targets.*.threadId", "Thread of the chat."),
                FieldType::integer),
        choice("discovery.mode", "off|minimal|full|disabled|none|min|all",
               "How much of the gateway is announced in the local network.", R"("off")"),
        text("discovery.serviceName", "Name under which it is announced."),
        choice("discovery.mdns.mode", "off|minimal|full",
               "How much is announced in the local network, as clawdbot has it."),
        flag("discovery.wideArea.enabled", "Is it announced in the tailnet?"),
        flag("canvasHost.enabled", "Are canvas pages served?"),
        text("canvasHost.root", "Folder of canvas pages."),
        whole("canvasHost.port", 1, 65535, "Port of canvas pages."),
        flag("canvasHost.liveReload", "Do open pages follow changed files?"),
        flag("plugins.enabled", "Do plugins run?"),
        texts("plugins.allow", "Plugins that may run; all when not set."),
        texts("plugins.deny", "Plugins that may not run."),
        texts("plugins.load.paths", "Further files and folders of plugins."),
        text("plugins.slots.memory", "Plugin that keeps memories."),
        map("plugins.entries", "Plugins by name."),
        flag("plugins.entries.*.enabled", "Is the plugin on?"),
        map("plugins.entries.*.config", "What the plugin is told."),
        map("plugins.installs", "Where installed plugins came from."),
        of(FieldType::any, "plugins.installs.*", "Where this plugin came from."),
        of(FieldType::any, "plugins.sandbox", "Limits of plugins, as another version has them."),
        guarded(of(FieldType::any, "plugins.signature", "Who must have signed a plugin.")),
        choice("memory.backend", "builtin|qmd", "Who keeps memories."),
        choice("memory.citations", "auto|on|off", "Do answers name the memories that they use?"),
        of(FieldType::object, "memory.qmd", "Settings of that keeper of memories."),
        choice("autonomy.level", "read-only|supervised|full", "How free the agent is."),
        flag("cost.enabled", "Are costs limited?"),
        number("cost.daily_limit_usd", 0, 1e9, "US dollars a day."),
        number("cost.monthly_limit_usd", 0, 1e9, "US dollars a month."),
        number("cost.warn_at_percent", 0, 100, "Per cent of a limit at which people are warned."),
        flag("cost.allow_override", "May people go beyond a limit of costs?"),
        text("cost.enforcement", "What happens at a limit of costs."),
        flag("cost.track_per_agent", "Does every agent have its own limit?"),
        guarded(secret_map("credentials", "Reserved for stores of credentials.")),
        secret_map("secrets", "Reserved for secrets."),
    },
    Reload::restart);

constexpr auto kRead = planned(
    std::array{
        texts("logging.redactPatterns",
              "Further patterns of what is removed from lines, as other versions have them."),
        of(FieldType::color, "ui.seamColor", "Color of the apps' frame."),
        sized(text("ui.assistant.name", "What the assistant is called in the apps."), 0, 50),
        sized(text("ui.assistant.avatar",
                   "Picture of the assistant: an emoji, an address or a data URL."),
              0, 200),
        objects("bindings", "Which agent answers where; the first that fits counts."),
        required(text("bindings.*.agentId", "The agent that answers.")),
        text("bindings.*.comment", "A note about the binding."),
        required(of(FieldType::object, "bindings.*.match", "Which messages it is for.")),
        required(text("bindings.*.match.channel", "Channel.")),
        text("bindings.*.match.accountId", "Account of the channel; * for all."),
        choice("bindings.*.match.peer.kind", "dm|direct|group|channel", "Kind of chat."),
        text("bindings.*.match.peer.id", "Name of the chat."),
        text("bindings.*.match.guildId", "Guild (Discord)."),
        text("bindings.*.match.teamId", "Team (Slack, Teams)."),
        texts("bindings.*.match.roles", "Roles of the sender."),
        choice("broadcast.strategy", "parallel|sequential",
               "Do several agents answer at once or one after another?", R"("parallel")"),
        texts("broadcast.*", "Agents that all answer in this chat."),
        texts("audio.transcription.command", "Program that turns speech into text."),
        whole("audio.transcription.timeoutSeconds", 1, kMost,
              "Seconds after which that program is ended."),
        text("talk.voiceId", "Voice of talk mode."),
        map("talk.voiceAliases", "Short names of voices."),
        text("talk.voiceAliases.*", "The voice that the name means."),
        text("talk.modelId", "Speech model of talk mode.", R"("eleven_v3")"),
        text("talk.outputFormat", "Format of the sound."),
        secret("talk.apiKey", "Key of ElevenLabs for talk mode."),
        flag("talk.interruptOnSpeech", "Does it stop when somebody speaks?", "true"),
        texts("skills.allowBundled", "Built-in skills that may be used; all when not set."),
        texts("skills.load.extraDirs", "Further folders of skills."),
        flag("skills.load.watch", "Are changed skills read at once?"),
        whole("skills.load.watchDebounceMs", 0, kMost, "Milliseconds of quiet before that."),
        flag("skills.install.preferBrew", "Is brew preferred where it is there?"),
        choice("skills.install.nodeManager", "npm|pnpm|yarn|bun", "Who installs Node packages."),
        map("skills.entries", "Skills by name."),
        flag("skills.entries.*.enabled", "Is the skill on?"),
        secret("skills.entries.*.apiKey", "Key that the skill needs."),
        secret_map("skills.entries.*.env", "Variables of the skill."),
        map("skills.entries.*.config", "What the skill is told."),
    },
    Reload::none);

// Sections of older files, whose keys have moved since.
constexpr auto kFormer = planned(
    std::array{
        map("identity", "As agents.list.*.identity."),
        map("routing", "As bindings, agents and messages."),
        of(FieldType::any, "agent.*", "As agents.defaults."),
    },
    Reload::none);
// `agent` is read as `agents.defaults`, so they are known in both places.
constexpr std::array kFormerAgentPlaces{Place{"agent"}, Place{"agents.defaults"}};
constexpr std::array kFormerAgent{
    whole("max_tool_iterations", 1, kMost, "Rounds of tools in one run.", "10"),
    whole("max_history_messages", 1, kMost, "Messages that a run looks back.", "50"),
    whole("max_context_tokens", 1, kMost, "Tokens of a prompt.", "32000"),
    flag("parallel_tools", "May tools run side by side?", "false"),
    whole("max_tool_result_chars", 1, kMost, "Characters of a result.", "50000"),
    whole("keep_tool_context_turns", 0, kMost, "Turns that results are kept.", "2"),
};
constexpr auto& kFormerAgents = Graft<kFormerAgentPlaces, kFormerAgent>::kRows;
constexpr auto kFormerHeartbeat =
    planned(std::array{of(FieldType::any, "agent.heartbeat", "As agents.defaults.heartbeat.")},
            Reload::subsystem, "heartbeat");

constexpr auto kCron = planned(
    std::array{
        // Two sources disagree (one runs schedules unasked); like the other one we do not.
        filled(flag("cron.enabled", "Do schedules run?", "false")),
        text("cron.store", "File of the schedules of other versions."),
        filled(whole("cron.maxConcurrentRuns", 1, kMost, "Schedules that run side by side.", "2")),
        // Whoever knows such an address may often write there.
        secret("cron.webhook", "Address that is told of every run."),
        secret("cron.webhookToken", "Token that is shown to that address."),
        or_else(of(FieldType::duration, "cron.sessionRetention",
                   "How long sessions of schedules are kept; false for ever."),
                FieldType::boolean),
    },
    Reload::subsystem, "cron");

constexpr auto kBrowser = planned(
    std::array{
        flag("browser.enabled", "May the agent use a browser?"),
        flag("browser.evaluateEnabled", "May it run scripts in pages?"),
        text("browser.cdpUrl", "Address of a browser that runs already."),
        whole("browser.remoteCdpTimeoutMs", 0, kMost, "Milliseconds to reach it."),
        whole("browser.remoteCdpHandshakeTimeoutMs", 0, kMost, "Milliseconds to greet it."),
        text("browser.color", "Color of its frame."),
        text("browser.executablePath", "The browser program."),
        flag("browser.headless", "Does it run without a window?"),
        flag("browser.noSandbox", "Does it run without its own sandbox?"),
        flag("browser.attachOnly", "Is none ever started?"),
        text("browser.defaultProfile", "Profile that is used when none is named."),
        choice("browser.snapshotDefaults.mode", "efficient", "How pages are described."),
        text("browser.controlUrl", "Address of its control, as older files have it."),
        map("browser.profiles", "Browsers by name."),
        whole("browser.profiles.*.cdpPort", 1, 65535, "Port of the browser."),
        text("browser.profiles.*.cdpUrl", "Address of the browser."),
        choice("browser.profiles.*.driver", "clawd|extension", "How it is steered."),
        of(FieldType::color, "browser.profiles.*.color", "Color of its frame."),
    },
    Reload::subsystem, "browser");

constexpr auto kWeb = planned(
    std::array{
        flag("web.enabled", "Does WhatsApp Web connect?"),
        whole("web.heartbeatSeconds", 1, kMost, "Seconds between two signs of life."),
        number("web.reconnect.initialMs", kAboveZero, kMost,
               "First wait after a lost connection, in milliseconds."),
        number("web.reconnect.maxMs", kAboveZero, kMost, "Longest wait in milliseconds."),
        number("web.reconnect.factor", kAboveZero, kMost,
               "How many times longer each wait is than the one before."),
        number("web.reconnect.jitter", 0, 1, "How much chance is in it."),
        whole("web.reconnect.maxAttempts", 0, kMost, "Attempts until it is given up."),
    },
    Reload::subsystem, "whatsapp");

constexpr auto kFields =
    joined(kRestart, kRead, kFormer, kFormerAgents, kFormerHeartbeat, kCron, kBrowser, kWeb);

}  // namespace

std::span<const FieldRow> general_fields() { return kFields; }

}  // namespace carapace::ancestor
