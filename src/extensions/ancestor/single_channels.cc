// What single channels have beyond the rest.
#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr FieldRow hidden(FieldRow row) {
  row.secret = true;
  return row;
}

constexpr std::array kTelegramPlaces{
    Place{"channels.telegram", Reload::subsystem, "telegram"},
    Place{"channels.telegram.accounts.*", Reload::subsystem, "telegram"},
};
constexpr std::array kTelegram{
    secret("botToken", "Token of the bot, from BotFather."),
    text("tokenFile", "File that holds the token."),
    objects("customCommands", "Commands that are announced besides."),
    text("customCommands.*.command", "Name of the command."),
    text("customCommands.*.description", "What the command does."),
    whole("draftChunk.minChars", 1, kMost, "Least characters of a draft."),
    whole("draftChunk.maxChars", 1, kMost, "Most characters of a draft."),
    choice("draftChunk.breakPreference", "paragraph|newline|sentence", "Where a draft ends best."),
    choice("streamMode", "off|partial|block", "Are drafts shown while it writes?"),
    whole("timeoutSeconds", 1, kMost, "Seconds for a request."),
    flag("network.autoSelectFamily", "Are IPv4 and IPv6 tried side by side?"),
    secret("proxy", "Proxy, which may hold a password."),
    text("webhookUrl", "Address that Telegram calls."),
    secret("webhookSecret", "What Telegram has to present."),
    text("webhookPath", "Path on which web hooks arrive."),
    flag("linkPreview", "Do links get a preview?"),
    map("groups.*.topics", "Settings of single topics."),
    flag("groups.*.topics.*.enabled", "Does it answer in this topic?"),
    flag("groups.*.topics.*.requireMention", "Does it answer there only when it is mentioned?"),
    texts("groups.*.topics.*.skills", "Skills that it may use there."),
    text("groups.*.topics.*.systemPrompt", "What it is told besides."),
    of(FieldType::list, "groups.*.topics.*.allowFrom", "Senders that may write there."),
    or_else(text("groups.*.topics.*.allowFrom.*", "A sender."), FieldType::number),
};

constexpr std::array kDiscordPlaces{
    Place{"channels.discord", Reload::subsystem, "discord"},
    Place{"channels.discord.accounts.*", Reload::subsystem, "discord"},
};
constexpr std::array kDiscord{
    secret("token", "Token of the bot."),
    secret("botToken", "Token of the bot, as another version calls it."),
    whole("maxLinesPerMessage", 1, kMost, "Most lines of one message."),
    flag("intents.presence", "Does it see who is there?"),
    flag("intents.guildMembers", "Does it see who is a member?"),
    flag("execApprovals.enabled", "Are questions for approval sent there?"),
    of(FieldType::list, "execApprovals.approvers", "People who may answer them."),
    or_else(text("execApprovals.approvers.*", "One of the list, by name or number."),
            FieldType::number),
    texts("execApprovals.agentFilter", "Agents whose questions are sent."),
    texts("execApprovals.sessionFilter", "Sessions whose questions are sent."),
    map("guilds", "Settings of single guilds; * for all."),
    text("guilds.*.slug", "Short name of the guild."),
    flag("guilds.*.requireMention", "Does it answer there only when it is mentioned?"),
    choice("guilds.*.reactionNotifications", "off|own|all|allowlist", "Which reactions it sees."),
    of(FieldType::list, "guilds.*.users", "Senders that may write there."),
    or_else(text("guilds.*.users.*", "One of the list, by name or number."), FieldType::number),
    of(FieldType::list, "guilds.*.roles", "Roles that may write there."),
    or_else(text("guilds.*.roles.*", "One of the list, by name or number."), FieldType::number),
    texts("guilds.*.tools.allow", "Tools that may be used there."),
    texts("guilds.*.tools.alsoAllow", "Further tools there."),
    texts("guilds.*.tools.deny", "Tools that may not be used there."),
    map("guilds.*.toolsBySender", "What single senders may use there."),
    texts("guilds.*.toolsBySender.*.allow", "Tools of this sender."),
    texts("guilds.*.toolsBySender.*.alsoAllow", "Further tools of this sender."),
    texts("guilds.*.toolsBySender.*.deny", "Tools that this sender lacks."),
    map("guilds.*.channels", "Settings of single channels."),
    flag("guilds.*.channels.*.allow", "May this channel be used?"),
    flag("guilds.*.channels.*.enabled", "Does it answer in this channel?"),
    flag("guilds.*.channels.*.requireMention", "Does it answer there only when it is mentioned?"),
    texts("guilds.*.channels.*.skills", "Skills that it may use there."),
    text("guilds.*.channels.*.systemPrompt", "What it is told besides."),
    flag("guilds.*.channels.*.autoThread", "Does each question open a thread?"),
    of(FieldType::list, "guilds.*.channels.*.users", "Senders that may write there."),
    or_else(text("guilds.*.channels.*.users.*", "One of the list, by name or number."),
            FieldType::number),
    of(FieldType::list, "guilds.*.channels.*.roles", "Roles that may write there."),
    or_else(text("guilds.*.channels.*.roles.*", "One of the list, by name or number."),
            FieldType::number),
    texts("guilds.*.channels.*.tools.allow", "Tools that may be used there."),
    texts("guilds.*.channels.*.tools.alsoAllow", "Further tools there."),
    texts("guilds.*.channels.*.tools.deny", "Tools that may not be used there."),
    map("guilds.*.channels.*.toolsBySender", "What single senders may use there."),
    texts("guilds.*.channels.*.toolsBySender.*.allow", "Tools of this sender."),
    texts("guilds.*.channels.*.toolsBySender.*.alsoAllow", "Further tools of this sender."),
    texts("guilds.*.channels.*.toolsBySender.*.deny", "Tools that this sender lacks."),
};

constexpr std::array kSlackPlaces{
    Place{"channels.slack", Reload::subsystem, "slack"},
    Place{"channels.slack.accounts.*", Reload::subsystem, "slack"},
};
constexpr std::array kSlack{
    choice("mode", "socket|http", "How messages come in."),
    secret("botToken", "Token of the bot (xoxb)."),
    secret("appToken", "Token of the app (xapp)."),
    secret("userToken", "Token of a user (xoxp)."),
    flag("userTokenReadOnly", "Is that token only for reading?"),
    secret("signingSecret", "Secret that signs what comes in."),
    text("webhookPath", "Path on which Slack calls."),
    choice("replyToModeByChatType.direct", "off|first|all", "Which direct answers quote."),
    choice("replyToModeByChatType.group", "off|first|all", "Which answers in groups quote."),
    choice("replyToModeByChatType.channel", "off|first|all", "Which answers in channels quote."),
    choice("thread.historyScope", "thread|channel", "What a thread remembers."),
    flag("thread.inheritParent", "Does a thread know what came before it?"),
    flag("slashCommand.enabled", "Is there a slash command?"),
    text("slashCommand.name", "Name of the command."),
    text("slashCommand.sessionPrefix", "How its sessions are called."),
    flag("slashCommand.ephemeral", "Does only the caller see the answer?"),
    map("channels", "Settings of single channels; * for all."),
    flag("channels.*.enabled", "Does it answer in this channel?"),
    flag("channels.*.allow", "May this channel be used?"),
    flag("channels.*.requireMention", "Does it answer there only when it is mentioned?"),
    flag("channels.*.allowBots", "Does it answer other bots there?"),
    texts("channels.*.skills", "Skills that it may use there."),
    text("channels.*.systemPrompt", "What it is told besides."),
    of(FieldType::list, "channels.*.users", "Senders that may write there."),
    or_else(text("channels.*.users.*", "One of the list, by name or number."), FieldType::number),
    texts("channels.*.tools.allow", "Tools that may be used there."),
    texts("channels.*.tools.alsoAllow", "Further tools there."),
    texts("channels.*.tools.deny", "Tools that may not be used there."),
    map("channels.*.toolsBySender", "What single senders may use there."),
    texts("channels.*.toolsBySender.*.allow", "Tools of this sender."),
    texts("channels.*.toolsBySender.*.alsoAllow", "Further tools of this sender."),
    texts("channels.*.toolsBySender.*.deny", "Tools that this sender lacks."),
};

constexpr std::array kSignalPlaces{
    Place{"channels.signal", Reload::subsystem, "signal"},
    Place{"channels.signal.accounts.*", Reload::subsystem, "signal"},
};
constexpr std::array kSignal{
    text("account", "Telephone number of the account."),
    text("httpUrl", "Address of signal-cli."),
    text("httpHost", "Host of signal-cli."),
    whole("httpPort", 1, 65535, "Port of signal-cli."),
    text("cliPath", "The signal-cli program."),
    flag("autoStart", "Is it started when it is needed?"),
    whole("startupTimeoutMs", 1000, 120000, "Milliseconds for its start."),
    choice("receiveMode", "on-start|manual", "When it begins to receive."),
    flag("ignoreAttachments", "Are files left alone?"),
    flag("ignoreStories", "Are stories left alone?"),
    flag("sendReadReceipts", "Does the sender see that it was read?"),
};

constexpr std::array kImessagePlaces{
    Place{"channels.imessage", Reload::subsystem, "imessage"},
    Place{"channels.imessage.accounts.*", Reload::subsystem, "imessage"},
};
constexpr std::array kImessage{
    text("cliPath", "The imsg program."),
    text("dbPath", "File of the messages."),
    text("remoteHost", "Machine on which they lie."),
    choice("service", "imessage|sms|auto", "How it sends."),
    text("region", "Region of telephone numbers."),
    flag("includeAttachments", "Are files given to the agent?"),
};

constexpr std::array kWhatsappPlaces{
    Place{"channels.whatsapp", Reload::none, ""},
    Place{"channels.whatsapp.accounts.*", Reload::none, ""},
};
constexpr std::array kWhatsapp{
    text("authDir", "Folder of the login."),
    flag("sendReadReceipts", "Does the sender see that it was read?"),
    text("messagePrefix", "What every message to the agent begins with."),
    flag("selfChatMode", "Is the number the user's own?"),
    whole("disappearingMessagesSeconds", 0, kMost, "Seconds until messages vanish."),
    whole("debounceMs", 0, kMost, "Milliseconds in which quick messages become one."),
    text("ackReaction.emoji", "Emoji that says that a message was seen."),
    flag("ackReaction.direct", "Is a message in a direct chat marked as seen?"),
    choice("ackReaction.group", "always|mentions|never",
           "Which messages in groups are marked as seen."),
};

constexpr std::array kMsteamsPlaces{
    Place{"channels.msteams", Reload::subsystem, "msteams"},
};
constexpr std::array kMsteams{
    text("appId", "Name of the app."),
    secret("appPassword", "Password of the app."),
    text("tenantId", "Name of the tenant."),
    whole("webhook.port", 1, 65535, "Port on which Teams calls."),
    text("webhook.path", "Path on which Teams calls."),
    texts("mediaAllowHosts", "Hosts of which files are fetched."),
    texts("mediaAuthAllowHosts", "Hosts that are shown the token."),
    choice("replyStyle", "thread|top-level", "Does it answer in threads?"),
    text("sharePointSiteId", "Site that holds files that are sent."),
    map("teams", "Settings of single teams."),
    flag("teams.*.requireMention", "Does it answer there only when it is mentioned?"),
    choice("teams.*.replyStyle", "thread|top-level", "Does it answer in threads?"),
    texts("teams.*.tools.allow", "Tools that may be used there."),
    texts("teams.*.tools.alsoAllow", "Further tools there."),
    texts("teams.*.tools.deny", "Tools that may not be used there."),
    map("teams.*.toolsBySender", "What single senders may use there."),
    texts("teams.*.toolsBySender.*.allow", "Tools of this sender."),
    texts("teams.*.toolsBySender.*.alsoAllow", "Further tools of this sender."),
    texts("teams.*.toolsBySender.*.deny", "Tools that this sender lacks."),
    map("teams.*.channels", "Settings of single channels."),
    flag("teams.*.channels.*.requireMention", "Does it answer there only when it is mentioned?"),
    choice("teams.*.channels.*.replyStyle", "thread|top-level", "Does it answer in threads?"),
    texts("teams.*.channels.*.tools.allow", "Tools that may be used there."),
    texts("teams.*.channels.*.tools.alsoAllow", "Further tools there."),
    texts("teams.*.channels.*.tools.deny", "Tools that may not be used there."),
    map("teams.*.channels.*.toolsBySender", "What single senders may use there."),
    texts("teams.*.channels.*.toolsBySender.*.allow", "Tools of this sender."),
    texts("teams.*.channels.*.toolsBySender.*.alsoAllow", "Further tools of this sender."),
    texts("teams.*.channels.*.toolsBySender.*.deny", "Tools that this sender lacks."),
};

constexpr std::array kGooglechatPlaces{
    Place{"channels.googlechat", Reload::subsystem, "googlechat"},
    Place{"channels.googlechat.accounts.*", Reload::subsystem, "googlechat"},
};
constexpr std::array kGooglechat{
    hidden(or_else(of(FieldType::object, "serviceAccount", "Key of the service account."),
                   FieldType::text)),
    text("serviceAccountFile", "File of the service account."),
    choice("audienceType", "app-url|project-number", "What its tokens are for."),
    text("audience", "The audience itself: an address or a project number."),
    text("webhookPath", "Path on which Google calls."),
    text("webhookUrl", "Address that Google calls."),
    text("botUser", "Name of the bot's user."),
    choice("typingIndicator", "none|message|reaction", "How it shows that it types."),
};

constexpr std::array kBluebubblesPlaces{
    Place{"channels.bluebubbles", Reload::subsystem, "bluebubbles"},
    Place{"channels.bluebubbles.accounts.*", Reload::subsystem, "bluebubbles"},
};
constexpr std::array kBluebubbles{
    text("serverUrl", "Address of the server."),
    secret("password", "Password of the server."),
    text("webhookPath", "Path on which web hooks arrive."),
    flag("sendReadReceipts", "Does the sender see that it was read?"),
};

constexpr std::array kMatrixPlaces{
    Place{"channels.matrix", Reload::subsystem, "matrix"},
    Place{"channels.matrix.accounts.*", Reload::subsystem, "matrix"},
};
constexpr std::array kMatrix{
    guarded(text("homeserver", "Address of the home server.")),
    guarded(text("userId", "Name of the account.")),
    secret("accessToken", "Token of the account."),
    secret("password", "Password of the account."),
    secret("storePassphrase", "Opens the store of keys."),
    text("deviceName", "How the device is shown."),
    guarded(text("deviceId", "Name of the device.")),
    whole("initialSyncLimit", 0, kMost, "Messages that are read at the first start."),
    flag("encryption", "Does it read encrypted rooms?"),
    choice("autoJoin", "always|allowlist|off", "Which invitations it takes."),
    texts("autoJoinAllowlist", "Rooms whose invitations it takes."),
    flag("allowlistOnly", "Do allow-lists hold everywhere?"),
    choice("threadReplies", "off|inbound|always", "Does it answer in threads?"),
    map("rooms", "Settings of single rooms, as older files have them."),
    of(FieldType::any, "rooms.*", "Settings of this room."),
    flag("groups.*.autoReply", "Does it answer without a mention?"),
};

constexpr std::array kMattermostPlaces{
    Place{"channels.mattermost", Reload::subsystem, "mattermost"},
    Place{"channels.mattermost.accounts.*", Reload::subsystem, "mattermost"},
};
constexpr std::array kMattermost{
    secret("botToken", "Token of the bot."),
    text("baseUrl", "Address of the server."),
    choice("chatmode", "oncall|onmessage|onchar", "When it answers in channels."),
    texts("oncharPrefixes", "What such messages begin with."),
};

constexpr std::array kDirectPlaces{
    Place{"channels.discord", Reload::subsystem, "discord"},
    Place{"channels.discord.accounts.*", Reload::subsystem, "discord"},
    Place{"channels.slack", Reload::subsystem, "slack"},
    Place{"channels.slack.accounts.*", Reload::subsystem, "slack"},
    Place{"channels.googlechat", Reload::subsystem, "googlechat"},
    Place{"channels.googlechat.accounts.*", Reload::subsystem, "googlechat"},
    Place{"channels.matrix", Reload::subsystem, "matrix"},
    Place{"channels.matrix.accounts.*", Reload::subsystem, "matrix"},
};
constexpr std::array kDirect{
    flag("dm.enabled", "Does it answer direct messages?"),
    choice("dm.policy", "pairing|allowlist|open|disabled", "Who may write directly."),
    of(FieldType::list, "dm.allowFrom", "Senders that may write directly."),
    or_else(text("dm.allowFrom.*", "One of the list, by name or number."), FieldType::number),
    flag("dm.groupEnabled", "Does it answer in group messages?"),
    of(FieldType::list, "dm.groupChannels", "Group messages in which it answers."),
    or_else(text("dm.groupChannels.*", "One of the list, by name or number."), FieldType::number),
    choice("dm.replyToMode", "off|first|all", "Which of those answers quote."),
};

constexpr std::array kRetryPlaces{
    Place{"channels.telegram", Reload::subsystem, "telegram"},
    Place{"channels.telegram.accounts.*", Reload::subsystem, "telegram"},
    Place{"channels.discord", Reload::subsystem, "discord"},
    Place{"channels.discord.accounts.*", Reload::subsystem, "discord"},
};
constexpr std::array kRetry{
    whole("retry.attempts", 1, kMost, "How often a request is tried."),
    whole("retry.minDelayMs", 0, kMost, "First wait in milliseconds."),
    whole("retry.maxDelayMs", 0, kMost, "Longest wait in milliseconds."),
    number("retry.jitter", 0, 1, "How much chance is in the wait, from 0 to 1."),
};

constexpr auto& kTelegramRows = Graft<kTelegramPlaces, kTelegram>::kRows;
constexpr auto& kDiscordRows = Graft<kDiscordPlaces, kDiscord>::kRows;
constexpr auto& kSlackRows = Graft<kSlackPlaces, kSlack>::kRows;
constexpr auto& kSignalRows = Graft<kSignalPlaces, kSignal>::kRows;
constexpr auto& kImessageRows = Graft<kImessagePlaces, kImessage>::kRows;
constexpr auto& kWhatsappRows = Graft<kWhatsappPlaces, kWhatsapp>::kRows;
constexpr auto& kMsteamsRows = Graft<kMsteamsPlaces, kMsteams>::kRows;
constexpr auto& kGooglechatRows = Graft<kGooglechatPlaces, kGooglechat>::kRows;
constexpr auto& kBluebubblesRows = Graft<kBluebubblesPlaces, kBluebubbles>::kRows;
constexpr auto& kMatrixRows = Graft<kMatrixPlaces, kMatrix>::kRows;
constexpr auto& kMattermostRows = Graft<kMattermostPlaces, kMattermost>::kRows;
constexpr auto& kDirectRows = Graft<kDirectPlaces, kDirect>::kRows;
constexpr auto& kRetryRows = Graft<kRetryPlaces, kRetry>::kRows;
constexpr auto kFields = joined(kTelegramRows, kDiscordRows, kSlackRows, kSignalRows, kImessageRows,
                                kWhatsappRows, kMsteamsRows, kGooglechatRows, kBluebubblesRows,
                                kMatrixRows, kMattermostRows, kDirectRows, kRetryRows);

}  // namespace

std::span<const FieldRow> single_channel_fields() { return kFields; }

}  // namespace carapace::ancestor
