#include "store/transcripts.h"

#include <algorithm>
#include <utility>

#include "store/engine.h"
#include "store/rows/message.h"

namespace carapace::store {
namespace {

// Newest first, because the end of the list is what is asked for; -1 is "no limit" for SQLite.
Status newest_first(Statements& db, const SessionId& session, std::int64_t limit,
                    const std::function<bool(const Row&)>& each) {
  static const auto kSql = fmt::format(
      "SELECT {} FROM messages WHERE session_id = ?1 ORDER BY seq DESC LIMIT ?2", kMessageColumns);
  return db.rows(kSql, {session.value, limit > 0 ? limit : -1}, each);
}

}  // namespace

Task<Result<std::vector<StoredMessage>>> Transcripts::tail(SessionId session,
                                                           std::int64_t limit) const {
  return query_for<std::vector<StoredMessage>>(
      engine_, [=](Statements& db) -> Result<std::vector<StoredMessage>> {
        std::vector<StoredMessage> messages;
        TRY_STATUS(newest_first(db, session, limit, [&](const Row& row) {
          messages.push_back(read_message(row));
          return true;
        }));
        std::ranges::reverse(messages);
        return messages;
      });
}

Task<Result<std::vector<StoredMessage>>> Transcripts::tail_while(
    SessionId session, std::move_only_function<bool(const Message&)> more) const {
  return query_for<std::vector<StoredMessage>>(
      engine_,
      [session = std::move(session),
       more = std::move(more)](Statements& db) mutable -> Result<std::vector<StoredMessage>> {
        std::vector<StoredMessage> messages;
        TRY_STATUS(newest_first(db, session, 0, [&](const Row& row) {
          messages.push_back(read_message(row));
          return more(messages.back().message);
        }));
        std::ranges::reverse(messages);
        return messages;
      });
}

Task<Result<std::vector<std::string>>> Transcripts::tail_json(SessionId session, std::int64_t limit,
                                                              std::int64_t max_bytes) const {
  return query_for<std::vector<std::string>>(
      engine_, [=](Statements& db) -> Result<std::vector<std::string>> {
        std::vector<std::string> texts;
        std::int64_t bytes = 0;
        TRY_STATUS(newest_first(db, session, limit, [&](const Row& row) {
          auto text = read_message_json(row);
          bytes += static_cast<std::int64_t>(text.size());
          if (bytes > max_bytes) return false;
          texts.push_back(std::move(text));
          return true;
        }));
        std::ranges::reverse(texts);
        return texts;
      });
}

Task<Result<std::int64_t>> Transcripts::append(SessionId session, Message message) {
  return transact_for<std::int64_t>(
      engine_, [session = std::move(session), message = std::move(message)](Statements& db) {
        return append_messages(db, session, {&message, 1});
      });
}

}  // namespace carapace::store
