#include "app/chat/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "app/chat/screen.h"
#include "app/client/session.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "async/coro.h"
#include "async/pool.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/json.h"
#include "base/text.h"
#include "config/text/near_name.h"
#include "dispatch/commands.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kCallMs = 15'000;
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{2'000};
constexpr std::chrono::seconds kUnattendedWait{15};

constexpr std::string_view kLeave = "/exit";

struct Command {
  std::string_view name;
  std::string_view usage;
  std::string_view what;
};
// What the terminal does by itself, and what it passes on to the gateway.
constexpr std::array kOwn{
    Command{"/new", "/new", "a fresh conversation; the old one stays in the list"},
    Command{"/stop", "/stop", "stop the answer (Ctrl-C does the same)"},
    Command{"/sessions", "/sessions [KEY]", "your conversations, or go to one"},
    Command{"/help", "/help", "this list"},
    Command{kLeave, "", ""},
    Command{"/quit", "", ""},
};

std::string help_text() {
  std::string out;
  const auto add = [&out](std::string_view usage, std::string_view what) {
    if (!usage.empty()) out += fmt::format("{:<30} {}\n", usage, what);
  };
  for (const auto& row : kOwn) add(row.usage, row.what);
  for (const auto& row : dispatch::command_names())
    if (std::ranges::find(kOwn, row.name, &Command::name) == kOwn.end()) add(row.usage, row.what);
  add(kLeave, "leave (also Ctrl-D)");
  return out + "Alt-Enter begins a new line; a line that begins with a space is never a command.";
}

// A word that looks like a command and is none: nullopt when the gateway should have it.
std::optional<std::string> unknown_command(std::string_view line) {
  const auto word = line.substr(0, line.find_first_of(" \t\n"));
  if (word.size() < 2 ||
      !std::ranges::all_of(word.substr(1), [](unsigned char c) { return std::isalpha(c) != 0; }))
    return std::nullopt;
  std::vector<std::string_view> known;
  for (const auto& row : kOwn) known.push_back(row.name);
  for (const auto& row : dispatch::command_names()) known.push_back(row.name);
  if (std::ranges::any_of(known, [&](auto name) { return iequals(name, word); }))
    return std::nullopt;
  const auto near = config::nearest(word, known);
  // A sentence that only begins so is a message.
  if (!near && word.size() != line.size()) return std::nullopt;
  return fmt::format("there is no command {}{}", word,
                     near ? fmt::format("; did you mean {}?", *near) : "; /help lists them");
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace

struct Conversation::Impl {
  Loop& loop;
  GatewayClient* client;
  std::unique_ptr<GatewayClient> renewed;  // what `client` is after the first loss
  Reconnect reconnect;
  Random& random;
  ChatOptions options;
  Screen screen;
  Pool input{"input", 1};
  LineReader reader;
  Signal changed;
  std::string prepared;  // the session that was told to show tools
  std::string closed;    // why the connection ended; empty while it lives
  bool give_up = false;  // Ctrl-C while there is no gateway
  bool leaving = false;
  std::deque<json::object> approvals;  // questions not answered yet
  std::string asked;                   // id of the question that is being asked
  TaskGroup background;

  Impl(Loop& on, GatewayClient& with, Reconnect again, Random& source, ChatOptions chosen)
      : loop(on),
        client(&with),
        reconnect(std::move(again)),
        random(source),
        options(std::move(chosen)),
        screen(options.look),
        reader("› ", options.history_file),
        background(on, nullptr) {}

  void listen();
  void event(const std::string& name, const json::object& payload);
  Task<bool> connected();
  Task<Result<json::value>> call(std::string method, json::object params);
  Task<void> say(std::string text);
  Task<void> follow();
  Task<void> settle(std::string run);
  Task<void> ask(json::object question);
  Task<void> answer_questions();
  Task<bool> command(std::string line);
  Task<void> show_sessions();
  Task<void> stop();
  Task<void> greet();
};

Conversation::Conversation(Loop& loop, GatewayClient& client, Reconnect reconnect, Random& random,
                           ChatOptions options)
    : impl_(
          std::make_unique<Impl>(loop, client, std::move(reconnect), random, std::move(options))) {}
Conversation::~Conversation() = default;

void Conversation::Impl::listen() {
  closed.clear();
  client->on_event(
      [this](const std::string& name, const json::object& payload) { event(name, payload); });
  client->on_closed([this](const std::string& why) {
    closed = why;
    approvals.clear();  // the gateway asks again, or has closed them
    if (!asked.empty()) reader.wake();
    changed.notify_all();
  });
}

void Conversation::Impl::event(const std::string& name, const json::object& payload) {
  if (name == "exec.approval.requested") approvals.push_back(payload);
  if (name == "exec.approval.resolved") {
    const auto id = string_or(payload, "id", "");
    std::erase_if(approvals, [&](const auto& one) { return string_or(one, "id", "") == id; });
    if (!id.empty() && id == asked) reader.wake();  // somebody answered elsewhere
  }
  screen.set_columns(terminal_columns());
  print(screen.event(name, payload));
  changed.notify_all();
}

// Waits for a gateway that went away, until it is back (true) or the person gives up.
Task<bool> Conversation::Impl::connected() {
  if (closed.empty()) co_return true;
  const bool attended = is_terminal(0);
  print_error(
      fmt::format("the connection to the gateway is lost ({}); waiting for it. If it does not "
                  "come back, start it with: carapace start{}",
                  closed, attended ? "  (Ctrl-C gives up)" : ""));
  const auto end = std::chrono::steady_clock::now() + kUnattendedWait;
  auto pause = kFirstPause;
  give_up = false;
  while (!give_up && !leaving && (attended || std::chrono::steady_clock::now() < end)) {
    auto again = co_await reconnect();
    if (again) {
      renewed = std::move(*again);
      client = renewed.get();
      listen();
      prepared.clear();
      print_error("the gateway is back");
      co_return true;
    }
    if (again.error().code != Errc::unavailable && again.error().code != Errc::timeout) {
      print_error(again.error().detail);
      co_return false;
    }
    co_await changed.wait_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  co_return false;
}

Task<Result<json::value>> Conversation::Impl::call(std::string method, json::object params) {
  return client->call(std::move(method), std::move(params), kCallMs);
}

Task<void> Conversation::Impl::stop() {
  const auto stopped = co_await call("chat.abort", {{"sessionKey", options.session}});
  if (!stopped && closed.empty()) print_error(stopped.error().detail);
}

void Conversation::interrupt() {
  impl_->give_up = true;
  impl_->changed.notify_all();
  if (!impl_->screen.ended() && impl_->closed.empty()) impl_->background.spawn(impl_->stop());
}

void Conversation::leave() {
  impl_->leaving = true;
  impl_->reader.wake();
  impl_->changed.notify_all();
}

// A turn that waits for a person's word: the question is asked between two pieces of its answer.
Task<void> Conversation::Impl::ask(json::object question) {
  const auto* request = find_object(question, "request");
  if (!request || string_or(*request, "sessionKey", "").empty()) co_return;
  asked = string_or(question, "id", "");
  print(fmt::format("\n? {}\n  {}\n  allow this once? [y/N] ",
                    strip_controls(string_or(*request, "reason", "A tool asks."), false),
                    strip_controls(string_or(*request, "command", ""), false)));
  const auto line = co_await offload(input, [reads = &reader] { return reads->answer(); });
  const auto id = std::exchange(asked, {});
  if (line.kind == Line::Kind::woken) {
    print_line(closed.empty() ? "(answered elsewhere)" : "");
    co_return;
  }
  const auto word = trim(line.text);
  const bool yes = line.kind == Line::Kind::text && (iequals(word, "y") || iequals(word, "yes"));
  if (line.kind == Line::Kind::interrupted) print_line("");
  const auto sent = co_await call("exec.approval.resolve",
                                  {{"id", id}, {"decision", yes ? "allow-once" : "deny"}});
  if (!sent) print_error(sent.error().detail);
  if (line.kind == Line::Kind::interrupted) co_await stop();
}

Task<void> Conversation::Impl::answer_questions() {
  while (!approvals.empty()) {
    auto question = std::move(approvals.front());
    approvals.pop_front();
    co_await ask(std::move(question));
  }
}

// Until the answer has ended or the connection has.
Task<void> Conversation::Impl::follow() {
  while (!screen.ended() && closed.empty() && !leaving) {
    co_await answer_questions();
    if (screen.ended() || !closed.empty()) break;
    co_await changed.wait_for(std::chrono::seconds(1));
  }
}

// The run ended while nobody listened: what it said stands in the transcript.
Task<void> Conversation::Impl::settle(std::string run) {
  const auto answer =
      co_await call("chat.history", {{"sessionKey", options.session}, {"limit", 20}});
  std::string whole;
  const auto* messages =
      answer && answer->is_object() ? find_array(answer->get_object(), "messages") : nullptr;
  if (messages && !messages->empty() && messages->back().is_object()) {
    const auto& last = messages->back().get_object();
    if (string_or(last, "role", "") == "assistant")
      if (const auto* content = find_array(last, "content"))
        for (const auto& block : *content)
          if (block.is_object()) whole += string_or(block.get_object(), "text", "");
  }
  if (screen.run() == run) print(screen.settle(whole, ""));
}

// The idempotency key makes it safe to send again after a lost connection: the same key is the same
// message, whether or not it had arrived.
Task<void> Conversation::Impl::say(std::string text) {
  const auto run = uuid_v4(random);
  screen.set_columns(terminal_columns());
  screen.begin(run);
  while (!screen.ended() && !leaving) {
    if (!co_await connected()) {
      print(screen.settle("", ""));
      print_error("not answered; the up arrow brings your message back");
      co_return;
    }
    if (prepared != options.session) {
      // Tool calls are shown in this terminal; a session that cannot be told so still answers.
      (void)co_await call("sessions.patch", {{"key", options.session}, {"verboseLevel", "on"}});
      prepared = options.session;
    }
    const auto sent = co_await call(
        "chat.send", {{"sessionKey", options.session}, {"message", text}, {"idempotencyKey", run}});
    if (!sent) {
      if (!closed.empty()) continue;
      print(screen.settle("", sent.error().detail));
      co_return;
    }
    const auto state = sent->is_object() ? string_or(sent->get_object(), "status", "") : "";
    if (state == "ok" || state == "error" || state == "aborted") {
      co_await settle(run);
      co_return;
    }
    co_await follow();
  }
}

Task<void> Conversation::Impl::show_sessions() {
  const auto answer =
      co_await call("sessions.list", {{"limit", 20}, {"includeDerivedTitles", true}});
  if (!answer) {
    print_error(answer.error().detail);
    co_return;
  }
  const auto* sessions =
      answer->is_object() ? find_array(answer->get_object(), "sessions") : nullptr;
  if (!sessions) co_return;
  if (sessions->empty()) print_line("No conversations yet.");
  for (const auto& item : *sessions) {
    if (!item.is_object()) continue;
    const auto& row = item.get_object();
    print_line(
        strip_controls(fmt::format("  {:<40} {}", string_or(row, "key", ""),
                                   string_or(row, "label", string_or(row, "derivedTitle", ""))),
                       false));
  }
}

// true: leave.
Task<bool> Conversation::Impl::command(std::string line) {
  const auto space = line.find_first_of(" \t\n");
  const auto verb = to_lower(line.substr(0, space));
  const auto rest =
      space == std::string::npos ? std::string() : std::string(trim(line.substr(space + 1)));
  if (const auto unknown = unknown_command(line)) {
    print_error(*unknown);
  } else if (verb == kLeave || verb == "/quit") {
    co_return true;
  } else if (verb == "/help") {
    print_line(help_text());
  } else if (verb == "/new") {
    options.session = "agent:main:chat-" + random_hex(random, 4);
    print_line("A fresh conversation.");
    if (!rest.empty()) co_await say(rest);
  } else if (verb == "/stop" || verb == "/sessions") {
    if (!co_await connected()) co_return false;
    if (verb == "/stop") {
      co_await stop();
    } else if (rest.empty()) {
      co_await show_sessions();
    } else {
      options.session = rest;
      print_line("Now in " + rest + ".");
    }
  } else {
    co_await say(std::move(line));  // the gateway has commands of its own
  }
  co_return false;
}

Task<void> Conversation::Impl::greet() {
  const auto* server = find_object(client->hello(), "server");
  print_line(fmt::format("Carapace {} – /help for commands, Ctrl-D to leave",
                         server ? string_or(*server, "version", "") : ""));
  const auto status = co_await call("status", {});
  const auto* model =
      status && status->is_object() ? find_object(status->get_object(), "model") : nullptr;
  if (model) print_line(model_in_words(*model));
}

Task<int> Conversation::run() {
  auto& self = *impl_;
  self.listen();
  co_await self.greet();
  int code = kExitOk;
  while (!self.leaving) {
    const auto line =
        co_await offload(self.input, [reader = &self.reader] { return reader->read(); });
    if (line.kind != Line::Kind::text) break;
    const std::string text(trim(line.text));
    if (text.empty()) continue;
    if (text.starts_with('/') && line.text.starts_with('/')) {
      if (co_await self.command(text)) break;
    } else {
      co_await self.say(text);
    }
    if (!self.closed.empty() && !is_terminal(0)) {
      code = kExitFailed;
      break;
    }
  }
  self.client->on_event(nullptr);
  self.client->on_closed(nullptr);
  self.background.cancel();
  co_await self.background.join();
  if (self.renewed) co_await self.renewed->close();
  co_return code;
}

}  // namespace carapace::app
