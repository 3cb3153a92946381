// Web hooks. One version keeps them under `gateway`; both places are known.
#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kThinking = "off|minimal|low|medium|high|xhigh";

constexpr std::array kPlaces{Place{"hooks", Reload::subsystem, "hooks"},
                             Place{"gateway.hooks", Reload::subsystem, "hooks"}};
constexpr std::array kShape{
    secret("token", "What callers have to present; needed once hooks are on."),
    text("defaultSessionKey", "Session of calls that name none."),
    flag("allowRequestSessionKey", "May callers choose the session?"),
    texts("allowedSessionKeyPrefixes", "How the sessions that they choose must begin."),
    texts("allowedAgentIds", "Agents that may be called."),
    texts("presets", "Built-in mappings, such as gmail."),
    text("transformsDir", "Folder of modules that rewrite calls."),
    objects("mappings", "What a call does; the first that fits counts."),
    text("mappings.*.id", "Name of the mapping."),
    text("mappings.*.match.path", "Path of the calls that it is for."),
    text("mappings.*.match.source", "Source that those calls name."),
    choice("mappings.*.action", "wake|agent", "Does the call wake the agent or give it work?",
           R"("agent")"),
    choice("mappings.*.wakeMode", "now|next-heartbeat", "When the agent wakes.", R"("now")"),
    text("mappings.*.name", "What the call is called in chats."),
    text("mappings.*.sessionKey", "Session in which the agent works."),
    text("mappings.*.messageTemplate", "What the agent is told, with {{fields}} of the call."),
    text("mappings.*.textTemplate", "What a wake says, with {{fields}} of the call."),
    flag("mappings.*.deliver", "Is the answer sent to a chat?", "true"),
    flag("mappings.*.allowUnsafeExternalContent", "Is what comes in taken as trusted?"),
    text("mappings.*.channel", "Channel that gets the answer; last is the one used last."),
    text("mappings.*.to", "Chat that gets the answer."),
    text("mappings.*.model", "Model of the run."),
    text("mappings.*.thinking", "How much the model thinks."),
    whole("mappings.*.timeoutSeconds", 1, kMost, "Seconds after which the run is ended."),
    text("mappings.*.transform.module", "Module that rewrites the call."),
    text("mappings.*.transform.export", "Function of that module."),
    text("mappings.*.agentId", "Agent that works."),
    choice("mappings.*.cleanup", "delete|keep", "Is the session kept afterwards?"),
    flag("internal.enabled", "Do hooks inside the gateway run?"),
    objects("internal.handlers", "Modules that are called at events."),
    text("internal.handlers.*.event", "The event."),
    text("internal.handlers.*.module", "The module that is called."),
    text("internal.handlers.*.export", "Function of that module."),
    map("internal.entries", "Hooks by name."),
    flag("internal.entries.*.enabled", "Is the hook on?"),
    secret_map("internal.entries.*.env", "Variables of the hook."),
    texts("internal.load.extraDirs", "Further folders of hooks."),
    map("internal.installs", "Where installed hooks came from."),
    of(FieldType::any, "internal.installs.*", "Where this hook came from."),
};

constexpr std::array kGmailPlaces{Place{"hooks.gmail", Reload::subsystem, "gmail|hooks"},
                                  Place{"gateway.hooks.gmail", Reload::subsystem, "gmail|hooks"}};
constexpr std::array kGmail{
    text("account", "Mail address that is watched."),
    text("label", "Label of the messages that count."),
    text("topic", "Topic of the notifications."),
    text("subscription", "Subscription to the topic."),
    secret("pushToken", "What notifications have to present."),
    text("hookUrl", "Address of the hook that is called."),
    flag("includeBody", "Is the message's text given to the agent?"),
    whole("maxBytes", 1, kMost, "Most bytes of the text.", "20000"),
    whole("renewEveryMinutes", 1, kMost, "Minutes after which the watch is renewed.", "720"),
    flag("allowUnsafeExternalContent", "Is mail taken as trusted?"),
    text("serve.bind", "Address on which notifications arrive.", R"("127.0.0.1")"),
    whole("serve.port", 1, 65535, "Port on which notifications arrive.", "8788"),
    text("serve.path", "Path on which notifications arrive."),
    choice("tailscale.mode", "off|serve|funnel", "Is that address offered to the outside?"),
    text("tailscale.path", "Path that is offered."),
    text("tailscale.target", "Where the offer leads to."),
    text("model", "Model of the runs."),
    choice("thinking", kThinking, "How much the model thinks."),
    choice("cleanup", "delete|keep", "Is the session kept afterwards?"),
};

constexpr auto kOwn = planned(
    std::array{
        filled(flag("hooks.enabled", "Do web hooks answer?", "false")),
        filled(text("hooks.path", "Path under which they lie.", R"("/hooks")")),
        filled(whole("hooks.maxBodyBytes", 1, kMost, "Most bytes of a call.", "262144")),
        flag("gateway.hooks.enabled", "Do web hooks answer?"),
        text("gateway.hooks.path", "Path under which they lie."),
        whole("gateway.hooks.maxBodyBytes", 1, kMost, "Most bytes of a call."),
    },
    Reload::subsystem, "hooks");

constexpr auto& kShared = Graft<kPlaces, kShape>::kRows;
constexpr auto& kMail = Graft<kGmailPlaces, kGmail>::kRows;
constexpr auto kFields = joined(kOwn, kShared, kMail);

}  // namespace

std::span<const FieldRow> hooks_fields() { return kFields; }

}  // namespace carapace::ancestor
