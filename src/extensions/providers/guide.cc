// The offline guide: answers questions about Carapace from its own documentation, with the passages
// it quotes, until a real model is configured. It is no language model and says so in every answer.
// It streams and calls read-only tools through the same path as any provider.
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "extensions/docs/pages.h"
#include "extensions/providers/builtin.h"

namespace carapace::providers {
namespace {

constexpr std::string_view kBanner = "*Offline guide – no model configured.*";
constexpr std::string_view kNextStep =
    "To talk with a real model, do one of these and restart the gateway:\n"
    "- set a key in the environment, for example `export ANTHROPIC_API_KEY=…` or `export "
    "OPENAI_API_KEY=…`\n"
    "- or put one into the configuration: `carapace config set models.providers.anthropic.apiKey "
    "-`\n"
    "- or run Ollama on this machine with a chat model: `ollama pull llama3.2`";
constexpr std::string_view kNoAnswer = "The documentation does not answer that question.";
constexpr std::size_t kPieceBytes = 48;  // of one streamed delta
constexpr std::size_t kQuoteBytes = 1'200;

bool any_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [text](std::string_view word) { return text.contains(word); });
}

bool has_tool(const provider::Request& request, std::string_view name) {
  return std::ranges::any_of(request.tools, [name](const auto& tool) { return tool.name == name; });
}

// Are these, besides words without meaning, all that was said?
bool says_only(std::string_view question, std::initializer_list<std::string_view> words) {
  return std::ranges::all_of(docs::meaning_words(question), [&](const std::string& said) {
    return std::ranges::find(words, said) != words.end();
  });
}

// Questions about this gateway's own state are for tools; how something is done with it ("how do I
// delete my conversations?") is for the documentation.
std::string tool_for(std::string_view question) {
  const auto text = " " + to_lower(question) + " ";
  if (any_of(text, {"my sessions", "my conversations", "my chats", "list sessions",
                    "list conversations", "list all sessions", "list all conversations"}) &&
      !any_of(text, {" how ", " where ", " can ", " who "}) &&
      says_only(question, {"sessions", "conversations", "chats", "list", "recent", "open"}))
    return "sessions_list";
  if (any_of(text, {"what time", "what date", "what day", "current date", "current time"}) &&
      says_only(question, {"time", "date", "day", "today", "current", "tell"}))
    return "session_status";
  if (any_of(text, {"session status", "which model am i"})) return "session_status";
  return {};
}

bool is_greeting(std::string_view question) {
  const auto text = collapse_space(to_lower(question));
  if (any_of(text, {"who are you", "what are you", "what can you do"}) || text == "help")
    return true;
  const auto words = split(text, ' ');
  return words.size() <= 3 &&
         any_of(" " + std::string(words.front()) + " ",
                {" hi ", " hi, ", " hi! ", " hello ", " hello! ", " hello, ", " hey ", " hey! "});
}

// Pages are wrapped for reading as files; a chat wraps by itself, so the lines of a paragraph
// become one.
std::string unwrapped(std::string_view text) {
  std::string out;
  bool in_code = false;
  bool open_paragraph = false;
  for (const auto line : split(text, '\n')) {
    const bool fence = line.starts_with("```");
    const bool words = !line.empty() && !in_code && !fence &&
                       std::string_view("|-*#>").find(line.front()) == std::string_view::npos;
    if (!out.empty()) out += words && open_paragraph ? ' ' : '\n';
    out += words && open_paragraph ? trim(line) : line;
    if (fence) in_code = !in_code;
    // A list item goes on in the lines below it; a table row does not.
    open_paragraph = !in_code && !fence && !line.empty() && line.front() != '|';
  }
  return out;
}

std::string quote(const store::Passage& passage) {
  const auto whole = unwrapped(passage.text);
  const auto text = truncate_utf8(whole, kQuoteBytes);
  return fmt::format("**{} – {}**\n\n{}{}\n", passage.page, passage.heading, text,
                     text.size() < whole.size() ? "\n…" : "");
}

std::string from_docs(docs::DocsSearch& search, std::string_view question) {
  if (is_greeting(question))
    return fmt::format(
        "Hello! I can answer questions about Carapace itself: setup, models, configuration, "
        "commands.\n\n{}",
        kNextStep);
  const auto hits = search.ask(question, 2);
  if (hits.empty()) return fmt::format("{}\n\n{}", kNoAnswer, kNextStep);
  std::string out = "From the documentation:\n\n";
  for (const auto& hit : hits) out += quote(hit.passage) + "\n";
  return out + std::string(kNextStep);
}

std::string sessions_text(const json::object& answer) {
  const auto* list = find_array(answer, "sessions");
  if (!list || list->empty()) return "You have no conversations yet.";
  std::string out = "Your conversations, newest first:\n";
  for (const auto& item : *list) {
    if (!item.is_object()) continue;
    const auto& row = item.get_object();
    const auto title = string_or(row, "title", "");
    out += fmt::format("- `{}` {}\n", string_or(row, "key", "?"),
                       title.empty() ? "(nothing said yet)" : title);
  }
  return out;
}

std::string from_tool(const ToolResult& result) {
  const auto parsed = parse_json(result.text);
  if (result.is_error || !parsed || !parsed->is_object())
    return "The tool answered: " + result.text;
  const auto& answer = parsed->get_object();
  if (result.tool == "sessions_list") return sessions_text(answer);
  return fmt::format("It is {} (UTC). This is the session `{}`, answered by {}.",
                     string_or(answer, "now", "?"), string_or(answer, "sessionKey", "?"),
                     string_or(answer, "model", "?"));
}

class Guide final : public provider::Provider {
 public:
  explicit Guide(Random& random) : random_(random) {}

  Task<Result<provider::Completion>> complete(const provider::Request& request,
                                              provider::EventSink& events,
                                              const provider::CallContext& context) override {
    provider::Completion completion;
    completion.model = request.model;
    if (request.messages.empty()) co_return fail(Errc::invalid_request, "there is no question");
    const auto& last = request.messages.back();
    std::string answer;
    const auto* result =
        last.blocks.empty() ? nullptr : std::get_if<ToolResult>(&last.blocks.front());
    if (result) {
      answer = from_tool(*result);
    } else {
      const auto question = text_of(last);
      const auto tool = tool_for(question);
      if (!tool.empty() && has_tool(request, tool)) {
        completion.blocks.emplace_back(
            ToolCall{ToolCallId("guide_" + random_hex(random_, 8)), tool, "{}"});
        completion.stop = StopReason::tool_use;
        co_return completion;
      }
      answer = from_docs(docs_, question);
    }
    answer = fmt::format("{}\n\n{}", kBanner, answer);
    for (std::string_view rest = answer; !rest.empty();) {
      if (context.stop.requested()) co_return fail(Errc::cancelled, context.stop.reason());
      const auto piece = truncate_utf8(rest, kPieceBytes);
      events.on_text(piece);
      rest.remove_prefix(piece.size());
      co_await yield_now();
    }
    completion.blocks.emplace_back(TextBlock{std::move(answer)});
    co_return completion;
  }

 private:
  Random& random_;
  docs::DocsSearch docs_;
};

constexpr std::array kModels{provider::ModelRow{.id = "docs",
                                                .name = "Offline guide",
                                                .context_window = 200'000,
                                                .max_output = 4'000,
                                                .price = {0, 0, 0, 0, true}}};

}  // namespace

extern const provider::Spec guide_spec;
constinit const provider::Spec guide_spec{
    .id = "guide",
    .label = "Offline guide (no model configured)",
    .api = "guide",
    .key_required = false,
    .offline = true,
    .models = kModels,
    .default_model = "docs",
    .make = +[](const provider::Settings&, const provider::Ports& ports)
        -> std::unique_ptr<provider::Provider> { return std::make_unique<Guide>(ports.random); },
};

}  // namespace carapace::providers
