#include "provider/hygiene.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <ranges>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace carapace::provider {
namespace {

constexpr std::string_view kNoResult = "no result was recorded for this call";
constexpr std::string_view kNoOutput = "(no output)";
constexpr std::string_view kOpening = "(the conversation begins here)";
constexpr std::string_view kGoOn = "Continue.";
constexpr std::string_view kNoted = "Noted.";
constexpr std::string_view kImagesFollow = "Images returned by the tools above:";

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_blank(std::string_view text) { return trim(text).empty(); }

// Invalid UTF-8 (also encoded surrogates) and NUL go: providers refuse the whole request for one of
// them.
void clean(std::string& text) {
  if (!is_valid_utf8(text)) text = replace_all(sanitize_utf8(text), "\xEF\xBF\xBD", "");
  std::erase(text, '\0');
}

std::string clean_name(std::string name) {
  for (char& c : name)
    if (!is_word(c)) c = '_';
  if (name.size() > 64) name.resize(64);
  return name.empty() ? "unknown" : name;
}

// FNV-1a: ids must come out the same on every call, or prompt caches never hit.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

std::string base36(std::uint64_t value, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string out;
  for (std::size_t i = 0; i < digits; ++i, value /= 36) out += kDigits[value % 36];
  return out;
}

// Hands out ids that the wire accepts, each once in the whole history.
class Ids {
 public:
  explicit Ids(IdRule rule) : rule_(rule) {}

  std::string fresh(const std::string& id) {
    for (int attempt = 0;; ++attempt) {
      auto candidate = form(id, attempt);
      if (used_.insert(candidate).second) return candidate;
    }
  }

 private:
  std::string form(const std::string& id, int attempt) const {
    const auto digest = [&](std::size_t digits) {
      return base36(stable_hash(fmt::format("{}#{}", id, attempt)), digits);
    };
    if (rule_ == IdRule::alnum9) {
      const bool fits = id.size() == 9 && std::ranges::all_of(id, is_alnum);
      return fits && attempt == 0 ? id : digest(9);
    }
    if (id.empty()) return "call_" + digest(9);
    std::string base = id;
    if (rule_ == IdRule::word64) {
      for (char& c : base)
        if (!is_word(c)) c = '_';
      if (base.size() > 64) base = base.substr(0, 54) + "_" + base36(stable_hash(id), 9);
    }
    if (attempt == 0) return base;
    return base.substr(0, std::min<std::size_t>(base.size(), 54)) + "_" + digest(9);
  }

  IdRule rule_;
  std::set<std::string> used_;
};

// What may stand in a message of each role; the rest was put there by mistake.
bool belongs(Role role, const Block& block) {
  switch (role) {
    case Role::user:
      return std::holds_alternative<TextBlock>(block) || std::holds_alternative<ImageBlock>(block);
    case Role::assistant:
      return std::holds_alternative<TextBlock>(block) ||
             std::holds_alternative<ThinkingBlock>(block) ||
             std::holds_alternative<ToolCall>(block);
    case Role::tool: return std::holds_alternative<ToolResult>(block);
  }
  return false;
}

struct Cleaner {
  void operator()(TextBlock& block) const { clean(block.text); }
  void operator()(ThinkingBlock& block) const {
    // Signed words are replayed byte for byte; changed ones would be refused, so they lose the
    // signature.
    auto before = block.text;
    clean(block.text);
    if (before != block.text || !is_valid_utf8(block.signature)) block.signature.clear();
  }
  void operator()(ImageBlock&) const {}
  void operator()(ToolCall& call) const {
    clean(call.id.value);
    call.name = clean_name(std::move(call.name));
    clean(call.arguments);
  }
  void operator()(ToolResult& result) const {
    clean(result.call.value);
    clean(result.text);
    result.tool = clean_name(std::move(result.tool));
  }
};

bool keeps(const ThinkingBlock& block, const Message& message, ThinkingReplay rule,
           std::string_view provider_id, std::string_view model) {
  if (rule == ThinkingReplay::none || !message.origin) return false;
  if (message.origin->provider != provider_id || !same_model(message.origin->model, model))
    return false;
  if (block.redacted) return !block.text.empty() || !block.signature.empty();
  return rule == ThinkingReplay::any ? !is_blank(block.text) || !block.signature.empty()
                                     : !block.signature.empty();
}

void clean_message(Message& message, const Hygiene& rules, std::string_view provider_id,
                   std::string_view model) {
  std::erase_if(message.blocks, [&](const Block& block) { return !belongs(message.role, block); });
  for (auto& block : message.blocks) std::visit(Cleaner{}, block);
  std::erase_if(message.blocks, [&](const Block& block) {
    if (const auto* thinking = std::get_if<ThinkingBlock>(&block))
      return !keeps(*thinking, message, rules.thinking, provider_id, model);
    const auto* text = std::get_if<TextBlock>(&block);
    return text && rules.drop_empty && is_blank(text->text);
  });
  // A turn that ends in thinking was cut off before it said anything.
  while (!message.blocks.empty() && std::holds_alternative<ThinkingBlock>(message.blocks.back()))
    message.blocks.pop_back();
}

// Finds the result that belongs to a call when ids repeat over turns: the first unused one behind
// the call and before the next message that uses the same id for another call.
class Results {
 public:
  explicit Results(std::vector<Message>& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      for (auto& block : messages[i].blocks) {
        if (auto* result = std::get_if<ToolResult>(&block))
          found_[result->call.value].push_back({i, result});
        if (const auto* call = std::get_if<ToolCall>(&block)) callers_[call->id.value].insert(i);
      }
    }
  }

  ToolResult* take(const std::string& id, std::size_t caller) {
    auto& waiting = found_[id];
    while (!waiting.empty() && waiting.front().at <= caller) waiting.pop_front();
    if (waiting.empty()) return nullptr;
    const auto& callers = callers_[id];
    const auto next = callers.upper_bound(caller);
    if (next != callers.end() && waiting.front().at > *next) return nullptr;
    auto* result = waiting.front().result;
    waiting.pop_front();
    return result;
  }

 private:
  struct Found {
    std::size_t at;
    ToolResult* result;
  };
  std::unordered_map<std::string, std::deque<Found>> found_;
  std::unordered_map<std::string, std::set<std::size_t>> callers_;
};

Message derived(const Message& from, Role role, std::vector<Block> blocks) {
  return Message{role,           std::move(blocks), from.at_ms,  from.label,
                 from.principal, from.run,          std::nullopt};
}

std::vector<Message> pair_tools(std::vector<Message> messages, const Hygiene& rules) {
  Results results(messages);
  Ids ids(rules.ids);
  std::vector<Message> out;
  out.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role == Role::tool) continue;  // stands behind its call, or was an orphan
    std::vector<Message> answers;
    for (auto& block : messages[i].blocks) {
      auto* call = std::get_if<ToolCall>(&block);
      if (!call) continue;
      auto* found = results.take(call->id.value, i);
      ToolResult result =
          found ? std::move(*found) : ToolResult{{}, "", std::string(kNoResult), {}, true};
      call->id.value = ids.fresh(call->id.value);
      result.call = call->id;
      result.tool = call->name;
      if (result.text.empty() && result.images.empty()) result.text = kNoOutput;
      answers.push_back(derived(messages[i], Role::tool, {std::move(result)}));
    }
    out.push_back(std::move(messages[i]));
    std::ranges::move(answers, std::back_inserter(out));
  }
  return out;
}

std::vector<Message> move_images(std::vector<Message> messages) {
  std::vector<Message> out;
  std::vector<Block> images;
  const auto flush = [&] {
    if (images.empty()) return;
    images.insert(images.begin(), TextBlock{std::string(kImagesFollow)});
    const auto last = out.back();
    out.push_back(derived(last, Role::user, std::exchange(images, {})));
  };
  for (auto& message : messages) {
    if (message.role != Role::tool) flush();
    for (auto& block : message.blocks) {
      auto* result = std::get_if<ToolResult>(&block);
      if (!result) continue;
      std::ranges::move(result->images, std::back_inserter(images));
      result->images.clear();
      if (result->text.empty()) result->text = "(the result is an image, see below)";
    }
    out.push_back(std::move(message));
  }
  flush();
  return out;
}

std::vector<Message> merge_roles(std::vector<Message> messages) {
  std::vector<Message> out;
  for (auto& message : messages) {
    const bool joins =
        !out.empty() && out.back().role == message.role && message.role != Role::tool;
    if (!joins) {
      out.push_back(std::move(message));
      continue;
    }
    out.back().label = join(out.back().label, message.label);
    std::ranges::move(message.blocks, std::back_inserter(out.back().blocks));
  }
  return out;
}

Message line(Role role, std::string_view text) {
  Message message;
  message.role = role;
  message.blocks.emplace_back(TextBlock{std::string(text)});
  return message;
}

void mend_edges(std::vector<Message>& messages, const Hygiene& rules) {
  if (messages.empty()) messages.push_back(line(Role::user, kGoOn));
  if (rules.user_first && messages.front().role != Role::user)
    messages.insert(messages.begin(), line(Role::user, kOpening));
  if (rules.user_last && messages.back().role == Role::assistant)
    messages.push_back(line(Role::user, kGoOn));
  if (messages.back().role == Role::assistant && !messages.back().blocks.empty()) {
    if (auto* text = std::get_if<TextBlock>(&messages.back().blocks.back()))
      text->text.erase(text->text.find_last_not_of(" \t\r\n") + 1);
  }
}

std::vector<Message> part_results_from_users(std::vector<Message> messages) {
  std::vector<Message> out;
  for (auto& message : messages) {
    if (message.role == Role::user && !out.empty() && out.back().role == Role::tool)
      out.push_back(line(Role::assistant, kNoted));
    out.push_back(std::move(message));
  }
  return out;
}

}  // namespace

bool same_model(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!b.starts_with(a)) return false;
  const auto rest = b.substr(a.size());
  return rest.empty() || (rest.front() == '-' && rest.size() >= 5 &&
                          std::ranges::all_of(rest.substr(1), [](char c) {
                            return c == '-' || (c >= '0' && c <= '9');
                          }));
}

std::vector<Message> repair(std::vector<Message> messages, const Hygiene& rules,
                            std::string_view provider_id, std::string_view model,
                            bool model_sees_images) {
  judge_images(messages, rules.images, model_sees_images);
  for (auto& message : messages) clean_message(message, rules, provider_id, model);
  if (rules.drop_empty)
    std::erase_if(messages, [](const Message& message) { return message.blocks.empty(); });
  if (rules.pair_tools) messages = pair_tools(std::move(messages), rules);
  if (!rules.images_in_results) messages = move_images(std::move(messages));
  if (rules.merge_roles) messages = merge_roles(std::move(messages));
  mend_edges(messages, rules);
  if (rules.assistant_after_tool) messages = part_results_from_users(std::move(messages));
  return messages;
}

}  // namespace carapace::provider
