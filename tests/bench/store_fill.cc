// Fills a store through its own repositories, so that the figures of docs/PERFORMANCE.md are taken
// beside what a person gathers over years. `store_fill FILE SESSIONS [NAME=MESSAGES …]` makes or
// opens the database FILE (no gateway may have it open), adds SESSIONS sessions of two messages
// each, and for every NAME a session agent:main:NAME with that many. tests/bench/run.py calls it.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "async/coro.h"
#include "async/loop.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "store/engine.h"
#include "store/sessions.h"
#include "store/transcripts.h"

namespace carapace::store {
namespace {

Message line(std::int64_t number, std::int64_t at_ms) {
  Message message;
  message.role = number % 2 == 0 ? Role::user : Role::assistant;
  message.principal = kOwner;
  message.at_ms = at_ms;
  message.label = {Integrity::owner, Confidentiality::personal};
  std::string words;
  while (words.size() < 200) words += fmt::format("what was said in line {} ", number);
  message.blocks.emplace_back(TextBlock{std::move(words)});
  if (message.role == Role::assistant) {
    auto& origin = message.origin.emplace();
    origin.api = "openai-completions";
    origin.provider = "bench";
    origin.model = "bench";
    origin.stop = StopReason::stop;
  }
  return message;
}

// What several tasks fill at once.
struct Filling {
  Sessions& sessions;
  Transcripts& transcripts;
  std::int64_t now_ms;
  Status failed;
};

Task<void> fill_one(Filling* filling, std::string name, std::int64_t messages) {
  const SessionKey key("agent:main:" + name);
  SessionPatch patch;
  patch.label = name;
  auto made = co_await filling->sessions.patch(key, kOwner, std::move(patch),
                                               SessionId("bench-" + name), filling->now_ms);
  if (!made) {
    filling->failed = std::unexpected(std::move(made).error());
    co_return;
  }
  // In order within the session; the writer makes one commit of what all sessions ask for.
  for (std::int64_t i = 0; i < messages; ++i) {
    auto added = co_await filling->transcripts.append(made->id, line(i, filling->now_ms));
    if (!added) filling->failed = std::unexpected(std::move(added).error());
  }
}

// A long transcript would wait for one commit per message, so its messages are sent off together.
Task<void> append_one(Filling* filling, SessionId session, std::int64_t number) {
  auto added =
      co_await filling->transcripts.append(std::move(session), line(number, filling->now_ms));
  if (!added) filling->failed = std::unexpected(std::move(added).error());
}

Task<void> join(TaskGroup* group) { co_await group->join(); }

Status fill(const std::string& path, std::int64_t count, int names, char** named) {
  TRY(auto engine, open_engine({.path = path, .program_version = "bench"}));
  Loop loop;
  Sessions sessions(*engine);
  Transcripts transcripts(*engine);
  Filling filling{sessions, transcripts, SystemClock().wall_ms(), {}};
  TaskGroup group(loop, [](const std::exception_ptr&) { std::abort(); });
  for (std::int64_t i = 0; i < count; ++i)
    group.spawn(fill_one(&filling, fmt::format("s{}", i), 2));
  loop.run_task(join(&group));
  for (int i = 0; i < names; ++i) {
    const std::string_view word = named[i];
    const auto cut = word.find('=');
    const std::string name(word.substr(0, cut));
    const auto messages = cut == std::string_view::npos ? 0 : std::atoll(named[i] + cut + 1);
    group.spawn(fill_one(&filling, name, 0));
    loop.run_task(join(&group));
    for (std::int64_t number = 0; number < messages; ++number)
      group.spawn(append_one(&filling, SessionId("bench-" + name), number));
    loop.run_task(join(&group));
  }
  return filling.failed;
}

}  // namespace
}  // namespace carapace::store

int main(int count, char** arguments) {
  if (count < 3) {
    std::fputs("usage: store_fill FILE SESSIONS [NAME=MESSAGES ...]\n", stderr);
    return 2;
  }
  const auto filled =
      carapace::store::fill(arguments[1], std::atoll(arguments[2]), count - 3, arguments + 3);
  if (filled) return 0;
  std::fprintf(stderr, "store_fill: %s\n", filled.error().detail.c_str());
  return 1;
}
