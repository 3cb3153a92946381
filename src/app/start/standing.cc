#include "app/start/standing.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "base/json.h"
#include "fs/atomic_write.h"
#include "fs/lock.h"
#include "fs/read_file.h"

namespace carapace::app {
namespace {

constexpr std::size_t kMaxBytes = 1UL << 20U;

std::string file_in(const std::string& state_dir) { return state_dir + "/gateway.json"; }

json::array list_of(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  if (const auto* list = find_array(object, key))
    for (const auto& item : *list)
      if (item.is_string()) texts.emplace_back(std::string_view(item.get_string()));
  return texts;
}

}  // namespace

Status write_standing(const std::string& state_dir, const Standing& standing) {
  return fs::atomic_write(file_in(state_dir),
                          dump_json(json::object{{"pid", standing.pid},
                                                 {"configFile", standing.config_file},
                                                 {"inForce", standing.in_force},
                                                 {"seen", standing.seen},
                                                 {"outcome", standing.outcome},
                                                 {"parts", list_of(standing.parts)},
                                                 {"waiting", list_of(standing.waiting)},
                                                 {"problems", list_of(standing.problems)}}));
}

// The lock of the state folder names its holder and goes with it, however that ended. A process of
// another user answers EPERM, which also means that it is there.
bool gateway_runs(const std::string& state_dir) {
  const auto lock = state_dir + "/gateway.lock";
  const auto pid = fs::lock_holder(lock);
  return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM) && fs::is_locked(lock);
}

std::optional<Standing> read_standing(const std::string& state_dir) {
  const auto text = fs::read_file(file_in(state_dir), {.max_bytes = kMaxBytes});
  const auto tree = text ? parse_json(*text) : fail(Errc::not_found, "");
  if (!tree || !tree->is_object()) return std::nullopt;
  const auto& object = tree->get_object();
  Standing standing;
  standing.pid = static_cast<pid_t>(find_int(object, "pid").value_or(0));
  // The file outlives a gateway that was killed, also when another one came after it.
  if (standing.pid <= 0 || standing.pid != fs::lock_holder(state_dir + "/gateway.lock") ||
      !gateway_runs(state_dir))
    return std::nullopt;
  standing.config_file = string_or(object, "configFile", "");
  standing.in_force = string_or(object, "inForce", "");
  standing.seen = string_or(object, "seen", "");
  standing.outcome = string_or(object, "outcome", "");
  standing.parts = texts_of(object, "parts");
  standing.waiting = texts_of(object, "waiting");
  standing.problems = texts_of(object, "problems");
  return standing;
}

std::optional<Standing> wait_for_standing(const std::string& state_dir, const std::string& hash,
                                          std::chrono::milliseconds limit,
                                          const std::function<void()>& pause) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (true) {
    auto standing = read_standing(state_dir);
    if (standing && (hash.empty() || standing->seen == hash)) return standing;
    if (!standing && !gateway_runs(state_dir)) return std::nullopt;
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    pause();
  }
}

}  // namespace carapace::app
