#include "store/person_tables.h"

namespace carapace::store {
namespace {

// place, owner, through, holds, erase
constexpr PersonDataRow kRows[] = {
    {"meta", "-", "", "who wrote the file", "none"},
    {"people", "principal", "", "who was ever seen", "delete"},
    {"sessions", "principal", "", "keys, labels, titles and settings of conversations", "delete"},
    {"past_sessions", "principal", "", "conversations that were reset or removed", "delete"},
    {"messages", "principal", "", "what was said, by people, models and tools", "delete"},
    {"runs", "principal", "", "which message was answered when and how it ended", "delete"},
    {"inbox", "principal", "", "messages as they came in", "delete"},
    {"journal", "principal", "runs.id", "what a run asked, called and was told", "delete"},
    {"reservations", "principal", "", "money set aside for a call that runs", "delete"},
    {"usage", "principal", "", "tokens and money of every call", "delete"},
    {"caps", "principal", "", "what a person may spend and has spent in a day", "delete"},
    {"approvals", "principal", "", "questions to a person and their answers", "delete"},
    {"carapace.db", "-", "", "the store: the tables above", "none"},
    {"carapace.db-wal", "-", "", "the newest changes of the store", "none"},
    {"carapace.db-shm", "-", "", "the index of those changes", "none"},
    {"carapace.db.lock", "-", "", "the process that has the store open", "none"},
    {"carapace.db.v*.bak", "-", "", "the store as it was before an upgrade, with everybody's data",
     "expire"},
    {"carapace.json5", "-", "", "the configuration", "none"},
    {"gateway.token", "-", "", "the credential of the gateway's clients", "none"},
    {"gateway.lock", "-", "", "the process that runs the gateway", "none"},
    {"history", "-", "", "lines typed into the terminal chat", "delete"},
    {"logs/", "-", "", "log lines; words of people are redacted", "expire"},
    {"backups/", "-", "", "copies of the whole directory, with everybody's data", "expire"},
};

}  // namespace

std::span<const PersonDataRow> person_data_rows() { return kRows; }

}  // namespace carapace::store
