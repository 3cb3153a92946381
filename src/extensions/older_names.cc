#include "extensions/older_names.h"

#include <deque>
#include <string>
#include <vector>

#include "base/json.h"
#include "extensions/channels/names.h"

namespace carapace::extensions {
namespace {

// The login of a program of that vendor was written down as a plain token once.
std::optional<json::value> login_mode(const json::value& old) {
  return old.is_string() && old.get_string() == "token" ? json::value("oauth") : old;
}

// A switch of its own, or one inside a section.
std::optional<json::value> endpoint(const json::value& old) {
  return old.is_bool() ? json::object{{"enabled", old}} : old;
}

// One answer for every channel that is set up.
bool require_mention(json::value& tree, const json::value& old) {
  auto* sections = tree.as_object().if_contains("channels");
  auto* all = sections == nullptr ? nullptr : sections->if_object();
  if (all == nullptr) return false;
  for (const auto id : channels::known_names()) {
    auto* section = all->if_contains(id);
    auto* one = section == nullptr ? nullptr : section->if_object();
    if (one == nullptr) continue;
    auto& groups = (*one)["groups"];
    if (groups.is_null()) groups = json::object();
    if (!groups.is_object()) continue;
    auto& everywhere = groups.get_object()["*"];
    if (everywhere.is_null()) everywhere = json::object();
    if (auto* rules = everywhere.if_object()) rules->emplace("requireMention", old);
  }
  return true;
}

constexpr config::MoveRow kFixed[]{
    {.from = "routing.allowFrom", .to = "channels.whatsapp.allowFrom"},
    {.from = "telegram.requireMention", .to = "channels.telegram.groups.\\*.requireMention"},
    {.from = "auth.profiles.anthropic:claude-cli.mode",
     .to = "auth.profiles.anthropic:claude-cli.mode",
     .change = login_mode},
    {.from = "gateway.openai.chatCompletions",
     .to = "gateway.http.endpoints.chatCompletions",
     .change = endpoint},
    {.from = "gateway.openai.responses",
     .to = "gateway.http.endpoints.responses",
     .change = endpoint},
};

struct Rows {
  std::deque<std::string> texts;  // that the rows look at
  std::vector<config::MoveRow> rows{std::begin(kFixed), std::end(kFixed)};

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }

  Rows() {
    for (const auto id : channels::known_names())
      rows.push_back(
          {.from = id, .to = keep(fmt::format("channels.{}", id)), .objects_only = true});
    rows.push_back(
        {.from = "routing.groupChat.requireMention", .to = "channels", .special = require_mention});
  }
};

}  // namespace

std::span<const config::MoveRow> older_names() {
  static const Rows kRows;
  return kRows.rows;
}

}  // namespace carapace::extensions
