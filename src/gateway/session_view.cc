#include "gateway/session_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/time_text.h"
#include "domain/model_ref.h"

namespace carapace::gateway {
namespace {

using rpc::ObjectText;

constexpr std::size_t kTitleCharacters = 60;
constexpr std::size_t kNamedTools = 2;

// Has a model been asked in this transcript?
bool was_asked(const store::SessionRow& row) { return !row.last_provider.empty(); }

// A reset forgets who was asked, but not with which model.
bool was_reset(const store::SessionRow& row) {
  return row.last_provider.empty() && !row.last_model.empty();
}

void add_settings(ObjectText& out, const store::SessionRow& row) {
  out.text_unless_empty("thinkingLevel", row.thinking_level)
      .text_unless_empty("verboseLevel", row.verbose_level)
      .text_unless_empty("reasoningLevel", row.reasoning_level)
      .text_unless_empty("elevatedLevel", row.elevated_level)
      .text_unless_empty("sendPolicy", row.send_policy)
      .text_unless_empty("responseUsage", row.response_usage);
}

void add_use(ObjectText& out, const store::SessionRow& row) {
  if (row.last_usage == Usage{} && !was_reset(row)) return;
  out.number("inputTokens", row.last_usage.prompt()).number("outputTokens", row.last_usage.output);
}

// What the last run left behind; nothing of a session that had none.
void add_last_run(ObjectText& out, const store::SessionRow& row) {
  if (was_asked(row) || was_reset(row)) out.boolean("systemSent", was_asked(row));
  if (!row.channel.empty() || was_reset(row)) out.boolean("abortedLastRun", row.aborted_last_run);
}

void add_model(ObjectText& out, const store::SessionRow& row, bool chosen_first) {
  // A list shows who will answer next: a model that was chosen but has not spoken yet counts there.
  const auto chosen = chosen_first ? parse_model_ref(row.model_override) : std::nullopt;
  out.text_unless_empty("modelProvider", chosen ? chosen->provider : row.last_provider)
      .text_unless_empty("model", chosen ? chosen->model : row.last_model);
  if (row.context_tokens > 0) out.number("contextTokens", row.context_tokens);
}

// Where the conversation happens, as clients of the ancestor read it.
void add_place(ObjectText& out, const store::SessionRow& row, bool in_list) {
  if (row.channel.empty()) return;
  const std::string_view chat = session_kind(row.key) == "group" ? "group" : "direct";
  if (!was_reset(row)) out.text("chatType", chat);
  out.raw("origin", ObjectText()
                        .text_unless_empty("label", row.sender)
                        .text("provider", row.channel)
                        .text("surface", row.channel)
                        .text("chatType", chat)
                        .take());
  if (in_list || !was_reset(row))
    out.raw("deliveryContext", ObjectText().text("channel", row.channel).take());
  out.text("lastChannel", row.channel);
}

// What is unusual about a session, in short words.
std::string flags_of(const store::SessionRow& row) {
  rpc::ArrayText out;
  const std::pair<std::string_view, const std::string&> levels[] = {
      {"think:", row.thinking_level},
      {"verbose:", row.verbose_level},
      {"reasoning:", row.reasoning_level},
      {"elevated:", row.elevated_level}};
  for (const auto& [name, level] : levels)
    if (!level.empty()) out.text(std::string(name) + level);
  if (was_asked(row)) out.text("system");
  if (row.aborted_last_run) out.text("aborted");
  return out.text("id:" + row.id.value).take();
}

// The first `count` characters with "..." inside the limit, as the ancestor cuts previews.
std::string cut(std::string text, std::size_t count) {
  std::size_t characters = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U) continue;
    if (characters == count - 3) end = i;
    if (++characters > count) {
      text.resize(end);
      return text + "...";
    }
  }
  return text;
}

}  // namespace

rpc::ObjectText session_row(const store::SessionRow& row) {
  ObjectText out;
  out.text("key", row.key.value)
      .text("kind", session_kind(row.key))
      .text_unless_empty("label", row.label)
      .text_unless_empty("displayName", row.label.empty() ? row.sender : row.label);
  add_place(out, row, true);
  out.number("updatedAt", row.updated_ms).text("sessionId", row.id.value);
  add_last_run(out, row);
  add_settings(out, row);
  add_use(out, row);
  out.number("totalTokens", row.last_usage.prompt());
  add_model(out, row, true);
  return out;
}

std::string session_entry(const store::SessionRow& row, bool after_reset) {
  ObjectText out;
  out.text("sessionId", row.id.value).number("updatedAt", row.updated_ms);
  if (after_reset)
    out.boolean("systemSent", false).boolean("abortedLastRun", false);
  else
    add_last_run(out, row);
  out.text_unless_empty("label", row.label).text_unless_empty("spawnedBy", row.spawned_by);
  add_settings(out, row);
  out.text_unless_empty("groupActivation", row.group_activation)
      .text_unless_empty("execHost", row.exec_host)
      .text_unless_empty("execSecurity", row.exec_security)
      .text_unless_empty("execAsk", row.exec_ask)
      .text_unless_empty("execNode", row.exec_node);
  if (const auto model = parse_model_ref(row.model_override))
    out.text("providerOverride", model->provider).text("modelOverride", model->model);
  add_place(out, row, false);
  add_model(out, row, false);
  if (after_reset)
    out.number("inputTokens", 0).number("outputTokens", 0);
  else
    add_use(out, row);
  if (after_reset || was_asked(row) || was_reset(row))
    out.number("totalTokens", row.last_usage.prompt());
  return out.take();
}

std::string status_line(const store::SessionRow& row, const std::string& default_model,
                        std::int64_t context_window, std::int64_t now_ms) {
  const auto window = row.context_tokens > 0 ? row.context_tokens : context_window;
  const auto used = row.last_usage.prompt();
  ObjectText out;
  out.text("agentId", row.agent.value)
      .text("key", row.key.value)
      .text("kind", session_kind(row.key))
      .text("sessionId", row.id.value)
      .number("updatedAt", row.updated_ms)
      .number("age", now_ms - row.updated_ms)
      .text_unless_empty("thinkingLevel", row.thinking_level)
      .text_unless_empty("verboseLevel", row.verbose_level)
      .text_unless_empty("reasoningLevel", row.reasoning_level)
      .text_unless_empty("elevatedLevel", row.elevated_level);
  add_last_run(out, row);
  if (was_asked(row)) out.number("inputTokens", used).number("outputTokens", row.last_usage.output);
  out.number("totalTokens", used)
      .number("remainingTokens", std::max<std::int64_t>(0, window - used));
  if (window > 0)
    out.number("percentUsed", std::min<std::int64_t>(999, (used * 100 + window / 2) / window));
  else
    out.raw("percentUsed", "null");
  return out.text("model", row.last_model.empty() ? default_model : row.last_model)
      .number("contextTokens", window)
      .raw("flags", flags_of(row))
      .take();
}

std::string derived_title(const store::SessionRow& row) {
  const auto words = collapse_space(row.title);
  if (!words.empty()) return ellipsize(words, kTitleCharacters);
  return fmt::format("{} ({})", row.id.value.substr(0, 8), utc_day(row.updated_ms));
}

std::string preview_text(const Message& message, std::size_t max_chars) {
  auto text = text_of(message);
  for (const auto& block : message.blocks)
    if (const auto* result = std::get_if<ToolResult>(&block))
      text += (text.empty() ? "" : "\n") + result->text;
  if (const auto shown = trim(text); !shown.empty()) return cut(std::string(shown), max_chars);
  const auto calls = tool_calls_of(message);
  if (!calls.empty()) {
    std::string names;
    for (std::size_t i = 0; i < std::min(calls.size(), kNamedTools); ++i)
      names += (i ? ", " : "") + calls[i]->name;
    if (calls.size() > kNamedTools) names += fmt::format(" +{}", calls.size() - kNamedTools);
    return cut("call " + names, max_chars);
  }
  for (const auto& block : message.blocks)
    if (std::holds_alternative<ImageBlock>(block)) return "[image]";
  return {};
}

std::string_view preview_role(const Message& message) {
  if (!tool_calls_of(message).empty()) return "tool";
  switch (message.role) {
    case Role::user: return "user";
    case Role::assistant: return "assistant";
    case Role::tool: return "tool";
  }
  return "other";
}

}  // namespace carapace::gateway
