#include "app/reload/restart_note.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/json.h"
#include "fs/atomic_write.h"
#include "fs/read_file.h"

namespace carapace::app {
namespace {

constexpr std::size_t kMaxBytes = 64UL << 10U;

json::object payload_of(const RestartNote& note) {
  json::object payload{{"kind", note.kind}, {"status", note.status}, {"ts", note.at_ms}};
  if (!note.session_key.empty()) payload["sessionKey"] = note.session_key;
  payload["message"] = note.message.empty() ? json::value(nullptr) : json::value(note.message);
  payload["doctorHint"] = "Run: carapace doctor";
  payload["stats"] = json::object{{"mode", note.mode}, {"root", note.root}};
  return payload;
}

}  // namespace

std::string restart_note_path(const std::string& state_dir) {
  return state_dir + "/restart-sentinel.json";
}

std::string to_json(const RestartNote& note) { return dump_json(payload_of(note)); }

std::string to_text(const RestartNote& note) { return "GatewayRestart:\n" + to_json(note); }

Status leave_restart_note(const std::string& state_dir, const RestartNote& note) {
  return fs::atomic_write(restart_note_path(state_dir),
                          dump_json(json::object{{"version", 1}, {"payload", payload_of(note)}}));
}

std::optional<RestartNote> take_restart_note(const std::string& state_dir) {
  const auto path = restart_note_path(state_dir);
  const auto text = fs::read_file(path, {.max_bytes = kMaxBytes});
  // Whatever lies there is looked at once: a broken note must not come back at every start.
  if (text || text.error().code != Errc::not_found) std::remove(path.c_str());
  if (!text) return std::nullopt;
  const auto tree = parse_json(*text);
  const auto* payload =
      tree && tree->is_object() ? find_object(tree->get_object(), "payload") : nullptr;
  if (payload == nullptr) return std::nullopt;
  RestartNote note;
  note.kind = string_or(*payload, "kind", "restart");
  note.status = string_or(*payload, "status", "ok");
  note.at_ms = find_int(*payload, "ts").value_or(0);
  note.session_key = string_or(*payload, "sessionKey", "");
  note.message = string_or(*payload, "message", "");
  if (const auto* stats = find_object(*payload, "stats")) {
    note.mode = string_or(*stats, "mode", "");
    note.root = string_or(*stats, "root", "");
  }
  return note;
}

}  // namespace carapace::app
