#include "dispatch/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/prompt.h"
#include "async/coro.h"
#include "base/text.h"
#include "secret/hash.h"

namespace carapace::dispatch {

// What an answer is made from. By value: it lives in a coroutine's frame.
struct CommandScope {
  const agent::Ports* ports;
  const agent::Settings* settings;
  store::RunRow run;
  store::SessionRow session;
  std::string rest;
};

enum class Takes : std::uint8_t { nothing, a_word, a_message };

struct CommandRow {
  std::string_view name;
  Takes takes;
  std::string_view usage;
  std::string_view what;
  Task<Result<std::string>> (*answer)(CommandScope scope);
};

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::size_t kListedModels = 60;

// The model that the next message of the session would be sent to, in words for a person.
std::string model_line(const CommandScope& scope, const store::SessionRow& session) {
  const auto route = scope.ports->router.route(session.model_override);
  if (!route)
    return fmt::format("{} (not usable: {})", session.model_override, route.error().detail);
  const auto why = session.model_override.empty() ? scope.ports->router.choice().reason
                                                  : std::string("chosen for this conversation");
  return fmt::format("{}/{} ({})", route->model.provider, route->model.id, why);
}

std::string context_line(const CommandScope& scope) {
  const auto route = scope.ports->router.route(scope.session.model_override);
  const auto used = scope.session.last_usage.prompt();
  if (!route) return fmt::format("{} tokens", used);
  auto window = route->model.context_window;
  if (scope.settings->context_tokens > 0) window = std::min(window, scope.settings->context_tokens);
  return fmt::format("{} of {} tokens ({} %)", used, window, window > 0 ? used * 100 / window : 0);
}

std::string thinking_of(const CommandScope& scope) {
  if (!scope.session.thinking_level.empty()) return scope.session.thinking_level;
  const auto route = scope.ports->router.route(scope.session.model_override);
  const auto level = route ? agent::thinking_level(scope.settings->thinking_default, route->model)
                           : scope.settings->thinking_default;
  return level.empty() ? "off" : level;
}

Task<Result<store::SessionRow>> patch(const CommandScope& scope, store::SessionPatch change) {
  return scope.ports->sessions.patch(scope.run.key, scope.run.principal, std::move(change),
                                     scope.session.id, scope.ports->clock.wall_ms());
}

Task<Result<std::string>> help(CommandScope scope);

Task<Result<std::string>> status(CommandScope scope) {
  co_return fmt::format("Carapace {}\nModel: {}\nContext: {}\nSession: {}\nThinking: {}",
                        scope.settings->version, model_line(scope, scope.session),
                        context_line(scope), scope.run.key.value, thinking_of(scope));
}

Task<Result<std::string>> model(CommandScope scope) {
  if (scope.rest.empty()) {
    std::string text = fmt::format(
        "Current model: {}\n\nUse another one: /model provider/name; the usual one again: "
        "/model default\n",
        model_line(scope, scope.session));
    const auto all = scope.ports->router.models();
    for (std::size_t i = 0; i < std::min(all.size(), kListedModels); ++i)
      text += fmt::format("\n- {}/{}", all[i].provider, all[i].id);
    if (all.size() > kListedModels)
      text += fmt::format("\n… and {} more", all.size() - kListedModels);
    co_return text;
  }
  std::string chosen = iequals(scope.rest, "default") ? "" : scope.rest;
  if (const auto route = scope.ports->router.route(chosen); !route) {
    co_return fmt::format("Not changed: {}", route.error().detail);
  } else if (!chosen.empty()) {
    chosen = route->model.provider + "/" + route->model.id;
  }
  store::SessionPatch change;
  change.model_override = chosen;
  CO_TRY(const auto changed, co_await patch(scope, std::move(change)));
  co_return fmt::format("This conversation now uses {}.", model_line(scope, changed));
}

Task<Result<std::string>> think(CommandScope scope) {
  constexpr std::string_view kLevels = "off, minimal, low, medium, high, xhigh";
  const auto level = to_lower(scope.rest);
  if (level.empty())
    co_return fmt::format("Thinking: {}\nLevels: {}; default takes the configured one.",
                          thinking_of(scope), kLevels);
  // The prompt's own table knows the levels: what it does not know it reads as off.
  const bool known = level == "default" || level == "off" ||
                     agent::thinking_from(level) != provider::Thinking::off;
  if (!known)
    co_return fmt::format("Not changed: '{}' is no level. Levels: {}, default.",
                          ellipsize(level, 40), kLevels);
  store::SessionPatch change;
  change.thinking_level = level == "default" ? "" : level;
  CO_TRY(scope.session, co_await patch(scope, std::move(change)));
  co_return fmt::format("Thinking is {} now.", thinking_of(scope));
}

// An id of the usual shape that every attempt at the same command arrives at.
std::string derived_id(std::string_view purpose, const RunId& run) {
  auto hex = secret::sha256_hex(fmt::format("{} {}", purpose, run.value)).substr(0, 32);
  hex[12] = '4';
  hex[16] = 'a';
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

Task<Result<std::string>> fresh(CommandScope scope) {
  // The store leaves a session alone that has this id already, so a second attempt resets nothing.
  CO_TRY(const auto session,
         co_await scope.ports->sessions.reset(scope.run.key, scope.run.principal,
                                              SessionId(derived_id("transcript", scope.run.id)),
                                              scope.ports->clock.wall_ms(), "command"));
  co_return fmt::format("A fresh conversation with {}.", model_line(scope, session));
}

Task<Result<std::string>> whoami(CommandScope scope) {
  const auto& inbound = scope.run.inbound;
  co_return fmt::format("Person: {} ({})\nChannel: {}\nAccount: {}\nSent from: {}",
                        scope.run.principal.value, to_text(inbound.label.integrity),
                        inbound.channel, inbound.account,
                        inbound.peer.empty() ? "-" : inbound.peer);
}

Task<Result<std::string>> context(CommandScope scope) {
  CO_TRY(const auto last, co_await scope.ports->transcripts.tail(scope.session.id, 1));
  const auto count = last.empty() ? 0 : last.back().seq;
  co_return fmt::format(
      "Messages: {}\nContext after the last answer: {}\nCommands and their answers are kept, but "
      "not "
      "shown to the model.",
      count, context_line(scope));
}

constexpr std::array kRows{
    CommandRow{"/help", Takes::nothing, "/help", "this list", &help},
    CommandRow{"/status", Takes::nothing, "/status", "model, context and conversation", &status},
    CommandRow{"/model", Takes::a_word, "/model [provider/name|default]",
               "shows the models, or uses another one", &model},
    CommandRow{"/think", Takes::a_word, "/think [LEVEL]", "how hard the model thinks", &think},
    CommandRow{"/new", Takes::a_message, "/new [message]",
               "a fresh conversation; the old one is kept", &fresh},
    CommandRow{"/reset", Takes::a_message, "/reset [message]", "the same as /new", &fresh},
    CommandRow{"/context", Takes::nothing, "/context", "how much of the model's window is used",
               &context},
    CommandRow{"/whoami", Takes::nothing, "/whoami", "who you are to this gateway", &whoami},
};

Task<Result<std::string>> help(CommandScope) {
  std::string text = "Commands:";
  for (const auto& row : kRows) text += fmt::format("\n{} – {}", row.usage, row.what);
  co_return text + "\n/stop – stops the answer";
}

struct Parsed {
  const CommandRow* row = nullptr;  // null: no command
  std::string_view rest;
};

Parsed parse(std::string_view said) {
  const auto text = trim(said);
  const auto end = std::min(text.find_first_of(kWhiteSpace), text.size());
  const auto rest = trim(text.substr(end));
  for (const auto& row : kRows) {
    if (!iequals(text.substr(0, end), row.name)) continue;
    const bool fits =
        row.takes == Takes::a_message || rest.empty() ||
        (row.takes == Takes::a_word && rest.find_first_of(kWhiteSpace) == std::string_view::npos);
    return {fits ? &row : nullptr, rest};
  }
  return {};
}

}  // namespace

std::vector<CommandName> command_names() {
  std::vector<CommandName> names;
  for (const auto& row : kRows) names.push_back({row.name, row.usage, row.what});
  return names;
}

std::optional<Command> command_of(const Inbound& inbound) {
  if (inbound.label.integrity != Integrity::owner || !inbound.images.empty()) return std::nullopt;
  auto found = parse(inbound.text);
  if (!found.row) return std::nullopt;
  // "/new /new hello" resets once.
  while (found.row->takes == Takes::a_message) {
    const auto inner = parse(found.rest);
    if (!inner.row || inner.row->takes != Takes::a_message) break;
    found.rest = inner.rest;
  }
  return Command{found.row, std::string(found.rest)};
}

RunId continuation_of(const RunId& command) { return RunId(derived_id("continuation", command)); }

// nullopt when there is nothing to hear; should it be refused, `text` says so.
Task<Result<std::optional<store::RunRow>>> Commands::accept_rest(const store::RunRow& run,
                                                                 std::string rest,
                                                                 std::string& text) {
  Inbound inbound = run.inbound;
  inbound.text = std::move(rest);
  inbound.run = continuation_of(run.id);
  inbound.dedupe_id = inbound.run.value;
  inbound.principal = run.principal;
  // Its time is the command's: what was sent after the command stays behind it, also when it is
  // taken up later.
  auto accepted = co_await ports_.runs.accept(
      std::move(inbound), run.key, SessionId(uuid_v4(ports_.random)), run.accepted_ms, false);
  if (!accepted) {
    if (accepted.error().code == Errc::unavailable) co_return std::unexpected(accepted.error());
    text += fmt::format("\nWhat you wrote after it could not be sent: {}", accepted.error().detail);
    co_return std::optional<store::RunRow>();
  }
  if (accepted->run.state != store::RunState::accepted) co_return std::optional<store::RunRow>();
  co_return std::move(accepted->run);
}

Task<Result<Commands::Done>> Commands::execute(store::RunRow run, Command command, Stop stop) {
  const auto started = ports_.clock.wall_ms();
  const bool stopped = stop.requested();
  std::string text = "(stopped)";
  Done done;
  if (!stopped) {
    CO_TRY(auto session, co_await ports_.sessions.find(run.key, run.principal));
    if (!session) co_return fail(Errc::not_found, "the session {} is gone", run.key.value);
    CO_TRY(text, co_await command.row->answer(
                     {&ports_, &settings_, run, std::move(*session), command.rest}));
    if (command.row->takes == Takes::a_message && !command.rest.empty()) {
      CO_TRY(done.next, co_await accept_rest(run, command.rest, text));
    }
  }
  store::Finish finish;
  finish.run = run.id;
  finish.state = stopped ? store::RunState::aborted : store::RunState::done;
  finish.stop_reason = stopped ? stop.reason() : std::string(to_text(StopReason::injected));
  finish.ended_ms = ports_.clock.wall_ms();
  Message answer{Role::assistant,   {TextBlock{text}}, finish.ended_ms,
                 run.inbound.label, run.principal,     run.id,
                 Origin{}};
  answer.origin->stop = StopReason::injected;
  finish.messages.push_back(std::move(answer));
  done.ended = {stopped ? RunEnded::Outcome::aborted : RunEnded::Outcome::done,
                text,
                "",
                finish.stop_reason,
                started,
                finish.ended_ms,
                {}};
  // Nobody else closes this run: closed means that an earlier attempt got further than it was told.
  if (auto closed = co_await ports_.runs.finish(std::move(finish));
      !closed && closed.error().code != Errc::conflict)
    co_return std::unexpected(closed.error());
  co_return done;
}

}  // namespace carapace::dispatch
