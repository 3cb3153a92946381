#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

// Every channel and every account of one.
constexpr std::array kPlaces{
    Place{"channels.telegram", Reload::subsystem, "telegram"},
    Place{"channels.discord", Reload::subsystem, "discord"},
    Place{"channels.slack", Reload::subsystem, "slack"},
    Place{"channels.signal", Reload::subsystem, "signal"},
    Place{"channels.imessage", Reload::subsystem, "imessage"},
    Place{"channels.whatsapp", Reload::none, ""},
    Place{"channels.msteams", Reload::subsystem, "msteams"},
    Place{"channels.googlechat", Reload::subsystem, "googlechat"},
    Place{"channels.bluebubbles", Reload::subsystem, "bluebubbles"},
    Place{"channels.matrix", Reload::subsystem, "matrix"},
    Place{"channels.mattermost", Reload::subsystem, "mattermost"},
    Place{"channels.telegram.accounts.*", Reload::subsystem, "telegram"},
    Place{"channels.discord.accounts.*", Reload::subsystem, "discord"},
    Place{"channels.slack.accounts.*", Reload::subsystem, "slack"},
    Place{"channels.signal.accounts.*", Reload::subsystem, "signal"},
    Place{"channels.imessage.accounts.*", Reload::subsystem, "imessage"},
    Place{"channels.whatsapp.accounts.*", Reload::none, ""},
    Place{"channels.googlechat.accounts.*", Reload::subsystem, "googlechat"},
    Place{"channels.bluebubbles.accounts.*", Reload::subsystem, "bluebubbles"},
    Place{"channels.matrix.accounts.*", Reload::subsystem, "matrix"},
    Place{"channels.mattermost.accounts.*", Reload::subsystem, "mattermost"},
};
constexpr std::array kCommon{
    flag("enabled", "Is the channel or account on?"),
    text("name", "How the channel or account is shown."),
    of(FieldType::any, "capabilities", "What the channel can do beyond the usual."),
    choice("markdown.tables", "off|bullets|code", "How tables are written."),
    flag("configWrites", "May chats change the configuration? Never here."),
    choice("dmPolicy", "pairing|allowlist|open|disabled", "Who may write directly."),
    choice("groupPolicy", "open|disabled|allowlist", "Which groups it answers in."),
    of(FieldType::list, "allowFrom", "Senders that may write; * for everybody."),
    or_else(text("allowFrom.*", "A sender of the list, by name or number."), FieldType::number),
    of(FieldType::list, "groupAllowFrom", "Senders that may write in groups."),
    or_else(text("groupAllowFrom.*", "A sender of the list, by name or number."),
            FieldType::number),
    text("defaultTo", "Chat that is written to when none is named."),
    whole("historyLimit", 0, kMost, "Messages of a group that the agent is shown."),
    whole("dmHistoryLimit", 0, kMost, "Messages of a direct chat that it is shown."),
    map("dms", "Settings of single direct chats."),
    whole("dms.*.historyLimit", 0, kMost, "Messages of this chat that it is shown."),
    whole("textChunkLimit", 1, kMost, "Most characters of one message."),
    choice("chunkMode", "length|newline", "Where long answers are cut."),
    flag("blockStreaming", "Are answers sent in pieces while they are written?"),
    whole("blockStreamingCoalesce.minChars", 1, kMost, "Characters that are sent at least."),
    whole("blockStreamingCoalesce.maxChars", 1, kMost, "Characters that are sent at most."),
    whole("blockStreamingCoalesce.idleMs", 0, kMost, "Milliseconds to wait for more."),
    number("mediaMaxMb", kAboveZero, kMost, "Megabytes of a file."),
    choice("replyToMode", "off|first|all", "Which answers quote the message."),
    text("responsePrefix", "What every answer here begins with."),
    flag("requireMention", "Does it answer only when it is mentioned?"),
    flag("allowBots", "Does it answer other bots?"),
    or_else(choice("commands.native", "auto", "Are commands announced?"), FieldType::boolean),
    or_else(choice("commands.nativeSkills", "auto", "Are skills announced as commands?"),
            FieldType::boolean),
    flag("heartbeat.showOk", "Is an all-is-well shown?"),
    flag("heartbeat.showAlerts", "Are alerts shown?"),
    flag("heartbeat.useIndicator", "Is an all-is-well shown as a mark instead?"),
    choice("reactionNotifications", "off|own|all|allowlist", "Which reactions the agent sees."),
    of(FieldType::list, "reactionAllowlist", "Senders whose reactions it sees."),
    or_else(text("reactionAllowlist.*", "A sender of the list, by name or number."),
            FieldType::number),
    choice("reactionLevel", "off|ack|minimal|extensive", "How often it reacts itself."),
    map("actions", "What the agent's tools may do there, by name."),
    flag("actions.*", "May the agent's tools do this?"),
    choice("session.scope", "per-sender|global|per-channel-peer", "Who shares a session there."),
    of(FieldType::any, "session.reset", "When sessions begin anew there."),
    map("groups", "Settings of single groups; * for all."),
    flag("groups.*.enabled", "Does it answer in this group?"),
    flag("groups.*.allow", "May this group be used?"),
    flag("groups.*.requireMention", "Does it answer in this group only when it is mentioned?"),
    texts("groups.*.skills", "Skills that it may use there."),
    text("groups.*.systemPrompt", "What it is told besides."),
    of(FieldType::list, "groups.*.allowFrom", "Senders that may write in this group."),
    or_else(text("groups.*.allowFrom.*", "A sender of the list, by name or number."),
            FieldType::number),
    of(FieldType::list, "groups.*.users", "Senders that may write in this group."),
    or_else(text("groups.*.users.*", "A sender of the list, by name or number."),
            FieldType::number),
    texts("groups.*.tools.allow", "Tools that may be used there."),
    texts("groups.*.tools.alsoAllow", "Further tools there."),
    texts("groups.*.tools.deny", "Tools that may not be used there."),
    map("groups.*.toolsBySender", "What single senders may use there."),
    texts("groups.*.toolsBySender.*.allow", "Tools of this sender."),
    texts("groups.*.toolsBySender.*.alsoAllow", "Further tools of this sender."),
    texts("groups.*.toolsBySender.*.deny", "Tools that this sender lacks."),
};

constexpr std::array kAccountPlaces{
    Place{"channels.telegram", Reload::subsystem, "telegram"},
    Place{"channels.discord", Reload::subsystem, "discord"},
    Place{"channels.slack", Reload::subsystem, "slack"},
    Place{"channels.signal", Reload::subsystem, "signal"},
    Place{"channels.imessage", Reload::subsystem, "imessage"},
    Place{"channels.whatsapp", Reload::none, ""},
    Place{"channels.googlechat", Reload::subsystem, "googlechat"},
    Place{"channels.bluebubbles", Reload::subsystem, "bluebubbles"},
    Place{"channels.matrix", Reload::subsystem, "matrix"},
    Place{"channels.mattermost", Reload::subsystem, "mattermost"},
};
constexpr std::array kAccounts{
    map("accounts", "Several accounts by name; what they leave out is as above."),
    text("defaultAccount", "The account that is meant when none is named."),
};

// Channels that come as extensions: what they are told is their own business. Nothing is said about
// what lies below, so names decide what is secret there.
constexpr std::array kOthers{
    map("channels.line", "What the channel is told."),
    map("channels.nostr", "What the channel is told."),
    map("channels.tlon", "What the channel is told."),
    map("channels.zalo", "What the channel is told."),
    map("channels.zalouser", "What the channel is told."),
    map("channels.nextcloud-talk", "What the channel is told."),
    map("channels.feishu", "What the channel is told."),
    map("channels.irc", "What the channel is told."),
    map("channels.twitch", "What the channel is told."),
};

constexpr std::array kDefaults{
    choice("channels.defaults.groupPolicy", "open|disabled|allowlist",
           "Which groups channels answer in that do not say."),
    flag("channels.defaults.heartbeat.showOk", "Is an all-is-well shown?"),
    flag("channels.defaults.heartbeat.showAlerts", "Are alerts shown?"),
    flag("channels.defaults.heartbeat.useIndicator", "Is an all-is-well shown as a mark instead?"),
};

constexpr auto kRest = planned(joined(kOthers, kDefaults), Reload::subsystem, "channels");
constexpr auto& kEverywhere = Graft<kPlaces, kCommon>::kRows;
constexpr auto& kNamed = Graft<kAccountPlaces, kAccounts>::kRows;
constexpr auto kFields = joined(kRest, kEverywhere, kNamed);

}  // namespace

std::span<const FieldRow> channels_fields() { return kFields; }

}  // namespace carapace::ancestor
