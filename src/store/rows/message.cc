#include "store/rows/message.h"

#include <array>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "domain/message_json.h"
#include "log/log.h"
#include "store/rows/checksum.h"

namespace carapace::store {
namespace {

constexpr log::Log kLog{"store"};
constexpr std::string_view kDamaged = "[this message was damaged on the disk and cannot be shown]";

struct Fields {
  std::string session;
  std::int64_t seq = 0;
  std::string role, body, integrity, confidentiality, principal, run;
  std::int64_t at_ms = 0;

  std::int64_t checksum() const {
    return Checksum()
        .add(session)
        .add(seq)
        .add(role)
        .add(body)
        .add(integrity)
        .add(confidentiality)
        .add(principal)
        .add(run)
        .add(at_ms)
        .value();
  }
};

// Assistant for everything but a person's words: a tool result without its call would be refused by
// models.
Message placeholder(const Fields& fields) {
  Message message;
  message.role = fields.role == to_text(Role::user) ? Role::user : Role::assistant;
  message.blocks.emplace_back(TextBlock{std::string(kDamaged)});
  message.at_ms = fields.at_ms;
  message.label = {Integrity::untrusted, Confidentiality::personal};
  if (message.role == Role::assistant) message.origin.emplace().stop = StopReason::injected;
  return message;
}

// False: the row is not what was written.
bool read_fields(const Row& row, Fields& fields) {
  fields = {row.text(0), row.integer(1), row.text(2), row.text(3),   row.text(4),
            row.text(5), row.text(6),    row.text(7), row.integer(8)};
  if (fields.checksum() == row.integer(9)) return true;
  kLog.error("a message is damaged on the disk",
             {{"session", fields.session}, {"seq", fmt::to_string(fields.seq)}});
  return false;
}

Result<Message> parse_message(const Fields& fields) {
  std::array<unsigned char, 4096> room;
  json::monotonic_resource arena(room.data(), room.size());
  TRY(const auto parsed, parse_json(fields.body, {}, &arena));
  if (!parsed.is_object()) return fail(Errc::internal, "a stored message is no object");
  TRY(auto message, message_from_json(parsed.get_object()));
  message.label = {integrity_from(fields.integrity), confidentiality_from(fields.confidentiality)};
  message.principal = PrincipalId(fields.principal);
  message.run = RunId(fields.run);
  message.at_ms = fields.at_ms;
  return message;
}

Fields to_fields(const SessionId& session, std::int64_t seq, const Message& message) {
  auto body = dump_json(message_to_json(message));
  // What cannot be read back must not be written: models and tools may hand over broken UTF-8.
  if (!is_valid_utf8(body)) body = sanitize_utf8(body);
  return {session.value,
          seq,
          std::string(to_text(message.role)),
          std::move(body),
          std::string(to_text(message.label.integrity)),
          std::string(to_text(message.label.confidentiality)),
          message.principal.value,
          message.run.value,
          message.at_ms};
}

}  // namespace

Result<std::int64_t> append_messages(Statements& db, const SessionId& session,
                                     std::span<const Message> messages) {
  if (messages.empty()) return 0;
  std::int64_t seq = 0;
  TRY_STATUS(db.rows("SELECT max(seq) FROM messages WHERE session_id = ?1", {session.value},
                     [&](const Row& row) {
                       seq = row.integer(0);
                       return false;
                     }));
  for (const auto& message : messages) {
    const auto fields = to_fields(session, ++seq, message);
    TRY_STATUS(db.run(
        "INSERT INTO messages(session_id, seq, role, body, integrity, confidentiality, principal, "
        "run_id, at_ms, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        {fields.session, fields.seq, fields.role, fields.body, fields.integrity,
         fields.confidentiality, fields.principal, fields.run, fields.at_ms, fields.checksum()}));
  }
  return seq;
}

StoredMessage read_message(const Row& row) {
  Fields fields;
  if (read_fields(row, fields)) {
    if (auto message = parse_message(fields)) return {fields.seq, std::move(*message)};
    kLog.error("a stored message cannot be read",
               {{"session", fields.session}, {"seq", fmt::to_string(fields.seq)}});
  }
  return {fields.seq, placeholder(fields)};
}

std::string read_message_json(const Row& row) {
  Fields fields;
  if (read_fields(row, fields)) return std::move(fields.body);
  return dump_json(message_to_json(placeholder(fields)));
}

}  // namespace carapace::store
