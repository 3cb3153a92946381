#include "app/chat/conversation.h"

#include <fmt/format.h>

#include <cstdio>
#include <deque>
#include <optional>
#include <utility>

#include "app/chat/screen.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "async/coro.h"
#include "async/pool.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/json.h"
#include "base/text.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kCallMs = 15'000;
constexpr std::string_view kHelp =
    "/new             a fresh conversation\n"
    "/stop            stop the answer (Ctrl-C does the same)\n"
    "/model [ref]     show the models, or use provider/name here\n"
    "/think LEVEL     off, minimal, low, medium, high, xhigh\n"
    "/sessions [key]  your conversations, or go to one\n"
    "/status /context /whoami   answered by the gateway\n"
    "/help            this list\n"
    "/exit            leave (also Ctrl-D)";

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

struct Conversation::Impl {
  Loop& loop;
  GatewayClient& client;
  Random& random;
  ChatOptions options;
  Screen screen;
  Pool input{"input", 1};
  LineReader reader;
  Signal changed;
  std::string prepared;                // the session that was told to show tools
  std::string closed;                  // why the connection ended; empty while it lives
  std::deque<json::object> approvals;  // questions not answered yet
  TaskGroup background;

  Impl(Loop& on, GatewayClient& with, Random& source, ChatOptions chosen)
      : loop(on),
        client(with),
        random(source),
        options(std::move(chosen)),
        screen(options.colour),
        reader("› ", options.history_file),
        background(on, nullptr) {}

  void event(const std::string& name, const json::object& payload);
  Task<void> say(std::string text);
  Task<void> answer_questions();
  Task<bool> command(std::string line);
  Task<void> show_models();
  Task<void> show_sessions();
  Task<void> patch(json::object change, std::string done);
  Task<void> stop();
  void greet();
};

Conversation::Conversation(Loop& loop, GatewayClient& client, Random& random, ChatOptions options)
    : impl_(std::make_unique<Impl>(loop, client, random, std::move(options))) {}
Conversation::~Conversation() = default;

void Conversation::Impl::event(const std::string& name, const json::object& payload) {
  if (name == "exec.approval.requested") approvals.push_back(payload);
  print(screen.event(name, payload));
  changed.notify_all();
}

Task<void> Conversation::Impl::stop() {
  const auto stopped =
      co_await client.call("chat.abort", {{"sessionKey", options.session}}, kCallMs);
  if (!stopped) print_error(stopped.error().detail);
}

bool Conversation::interrupt() {
  if (impl_->screen.ended()) return false;
  impl_->background.spawn(impl_->stop());
  return true;
}

// A turn that waits for a person's word: the question is asked between two pieces of its answer.
Task<void> Conversation::Impl::answer_questions() {
  while (!approvals.empty()) {
    const auto question = std::move(approvals.front());
    approvals.pop_front();
    const auto* request = find_object(question, "request");
    if (!request || string_or(*request, "sessionKey", "").empty()) continue;
    print(fmt::format("\n? {}\n  {}\n  allow this once? [y/N] ",
                      strip_controls(string_or(*request, "reason", "A tool asks."), false),
                      strip_controls(string_or(*request, "command", ""), false)));
    const auto line = co_await offload(input, [reads = &reader] { return reads->read(); });
    const bool yes = line && (iequals(trim(*line), "y") || iequals(trim(*line), "yes"));
    const auto sent = co_await client.call(
        "exec.approval.resolve",
        {{"id", string_or(question, "id", "")}, {"decision", yes ? "allow-once" : "deny"}},
        kCallMs);
    if (!sent) print_error(sent.error().detail);
  }
}

Task<void> Conversation::Impl::say(std::string text) {
  const auto run = uuid_v4(random);
  if (prepared != options.session) {
    // Tool calls are shown in this terminal; a session that cannot be told so still answers.
    (void)co_await client.call("sessions.patch", {{"key", options.session}, {"verboseLevel", "on"}},
                               kCallMs);
    prepared = options.session;
  }
  screen.begin(run);
  const auto sent = co_await client.call(
      "chat.send", {{"sessionKey", options.session}, {"message", text}, {"idempotencyKey", run}},
      kCallMs);
  if (!sent) {
    screen.begin("");
    print_error("not sent: " + sent.error().detail);
    co_return;
  }
  while (!screen.ended() && closed.empty()) {
    co_await answer_questions();
    if (screen.ended() || !closed.empty()) break;
    co_await changed.wait_for(std::chrono::seconds(1));
  }
}

Task<void> Conversation::Impl::patch(json::object change, std::string done) {
  change["key"] = options.session;
  const auto patched = co_await client.call("sessions.patch", std::move(change), kCallMs);
  if (patched) {
    print_line(done);
  } else {
    print_error(patched.error().detail);
  }
}

Task<void> Conversation::Impl::show_models() {
  const auto answer = co_await client.call("models.list", {}, kCallMs);
  if (!answer) {
    print_error(answer.error().detail);
    co_return;
  }
  const auto* models = answer->is_object() ? find_array(answer->get_object(), "models") : nullptr;
  if (!models) co_return;
  for (const auto& item : *models)
    if (item.is_object())
      print_line(fmt::format("  {}/{}", string_or(item.get_object(), "provider", ""),
                             string_or(item.get_object(), "id", "")));
}

Task<void> Conversation::Impl::show_sessions() {
  const auto answer = co_await client.call(
      "sessions.list", {{"limit", 20}, {"includeDerivedTitles", true}}, kCallMs);
  if (!answer) {
    print_error(answer.error().detail);
    co_return;
  }
  const auto* sessions =
      answer->is_object() ? find_array(answer->get_object(), "sessions") : nullptr;
  if (!sessions) co_return;
  for (const auto& item : *sessions) {
    if (!item.is_object()) continue;
    const auto& row = item.get_object();
    print_line(fmt::format(
        "  {:<40} {}", string_or(row, "key", ""),
        strip_controls(string_or(row, "label", string_or(row, "derivedTitle", "")), false)));
  }
}

// true: leave.
Task<bool> Conversation::Impl::command(std::string line) {
  const auto space = line.find(' ');
  const auto verb = to_lower(line.substr(0, space));
  const auto rest =
      space == std::string::npos ? std::string() : std::string(trim(line.substr(space + 1)));
  if (verb == "/exit" || verb == "/quit") co_return true;
  if (verb == "/help") {
    print_line(kHelp);
  } else if (verb == "/new") {
    options.session = "agent:main:chat-" + random_hex(random, 4);
    print_line("A fresh conversation.");
  } else if (verb == "/stop") {
    co_await stop();
  } else if (verb == "/model" && rest.empty()) {
    co_await show_models();
  } else if (verb == "/model") {
    co_await patch({{"model", rest}}, "This conversation now uses " + rest + ".");
  } else if (verb == "/think") {
    co_await patch({{"thinkingLevel", rest}}, "Thinking: " + rest + ".");
  } else if (verb == "/sessions" && rest.empty()) {
    co_await show_sessions();
  } else if (verb == "/sessions") {
    options.session = rest;
    print_line("Now in " + rest + ".");
  } else {
    co_await say(std::move(line));  // the gateway has commands of its own
  }
  co_return false;
}

void Conversation::Impl::greet() {
  const auto* server = find_object(client.hello(), "server");
  print_line(fmt::format("Carapace {} – /help for commands, Ctrl-D to leave",
                         server ? string_or(*server, "version", "") : ""));
}

Task<int> Conversation::run() {
  auto& self = *impl_;
  self.client.on_event([impl = impl_.get()](const std::string& name, const json::object& payload) {
    impl->event(name, payload);
  });
  self.client.on_closed([impl = impl_.get()](const std::string& why) {
    impl->closed = why;
    impl->changed.notify_all();
  });
  self.greet();
  int code = kExitOk;
  for (;;) {
    auto line = co_await offload(self.input, [reader = &self.reader] { return reader->read(); });
    if (!line) break;
    if (!self.closed.empty()) {
      print_error(self.closed + ". Start it again with: carapace start");
      code = kExitFailed;
      break;
    }
    const std::string text(trim(*line));
    if (text.empty()) continue;
    if (text.starts_with('/')) {
      if (co_await self.command(text)) break;
    } else {
      co_await self.say(text);
    }
  }
  self.client.on_event(nullptr);
  self.client.on_closed(nullptr);
  self.background.cancel();
  co_await self.background.join();
  co_return code;
}

}  // namespace carapace::app
