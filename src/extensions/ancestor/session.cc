#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kPlain = planned(
    std::array{
        filled(choice("session.scope", "per-sender|global|per-channel-peer",
                      "Does every sender have a session, or do all share one?", R"("per-sender")")),
        filled(choice("session.dmScope", "main|per-peer|per-channel-peer|per-account-channel-peer",
                      "Which direct chats share a session.", R"("main")")),
        map("session.identityLinks", "Names of people and the senders that are them."),
        texts("session.identityLinks.*", "Senders (channel:id) that are this person."),
        texts("session.resetTriggers", "Messages that begin a session anew.",
              R"(["/new","/reset"])"),
        whole("session.idleMinutes", 1, kMost,
              "Minutes of silence after which a session begins anew."),
        map("session.resetByChannel", "When sessions of single channels begin anew."),
        text("session.store", "File of the sessions of other versions."),
        filled(whole("session.typingIntervalSeconds", 1, kMost,
                     "Seconds between two signs that the agent types.", "3")),
        filled(choice("session.typingMode", "never|instant|thinking|message",
                      "When chats see that the agent types.", R"("thinking")")),
        choice("session.sendPolicy.default", "allow|deny", "May the agent send unasked?",
               R"("allow")"),
        objects("session.sendPolicy.rules", "Exceptions; the first that fits counts."),
        choice("session.sendPolicy.rules.*.action", "allow|deny", "What the exception says."),
        text("session.sendPolicy.rules.*.match.channel", "Channel of the exception."),
        choice("session.sendPolicy.rules.*.match.chatType", "direct|group|channel|room",
               "Kind of chat of the exception."),
        text("session.sendPolicy.rules.*.match.keyPrefix", "How the keys of its sessions begin."),
        whole("session.agentToAgent.maxPingPongTurns", 0, 5,
              "Answers that two agents may exchange.", "5"),
        flag("sessions.retention.enabled", "Are old sessions removed?", "true"),
        whole("sessions.retention.days", 1, kMost, "Days after which a session is old.", "30"),
        number("sessions.retention.intervalHours", kAboveZero, kMost,
               "Hours between two looks for old sessions.", "6"),
        flag("sessions.integrity.enabled", "Are sessions checked for changes from outside?"),
        choice("sessions.integrity.action", "warn|reject", "What happens to a changed session."),
        choice("sessions.encryption.mode", "off|if_password|required",
               "Are sessions encrypted on the disk?"),
    },
    Reload::none);

constexpr std::array kResetPlaces{
    Place{"session.reset"},
    Place{.path = "session.resetByType.dm", .inherits = true},
    Place{.path = "session.resetByType.group", .inherits = true},
    Place{.path = "session.resetByType.thread", .inherits = true},
    Place{.path = "session.resetByChannel.*", .inherits = true},
};
constexpr std::array kReset{
    choice("mode", "daily|idle|manual", "What begins a session anew.", R"("daily")"),
    whole("atHour", 0, 23, "Hour of the day at which it begins anew when the mode is daily.", "4"),
    whole("idleMinutes", 1, kMost,
          "Minutes of silence after which it begins anew when the mode is idle."),
};
constexpr auto& kResets = Graft<kResetPlaces, kReset>::kRows;

constexpr auto kFields = joined(kPlain, kResets);

}  // namespace

std::span<const FieldRow> session_fields() { return kFields; }

}  // namespace carapace::ancestor
