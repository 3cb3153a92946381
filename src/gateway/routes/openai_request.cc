#include "gateway/routes/openai_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "domain/session_key.h"
#include "gateway/attachments.h"

namespace carapace::gateway {
namespace {

// Every name that gateways of this family go by, in model names and in headers.
constexpr std::array<std::string_view, 4> kFamily{"carapace", "moltbot", "clawdbot", "openclaw"};

std::string header_of_family(const net::Headers& headers, std::string_view ending) {
  for (const auto name : kFamily) {
    const auto value = net::find_header(headers, fmt::format("x-{}-{}", name, ending));
    if (value && !trim(*value).empty()) return std::string(trim(*value));
  }
  return {};
}

struct Said {
  std::string sender;
  std::string text;
  std::vector<ImageBlock> images;
  bool answerable = false;  // may be the message to answer
};

// False: what is there is no image that can be taken.
bool add_image(const json::object& part, std::vector<ImageBlock>& out) {
  const auto* image = find_object(part, "image_url");
  const auto url = image ? find_string(*image, "url") : find_string(part, "image_url");
  if (!url || !url->starts_with("data:")) return false;  // nothing is fetched for a caller
  const auto read = read_attachments(json::array{json::object{{"content", *url}}});
  if (!read || read->empty()) return false;
  out.insert(out.end(), read->begin(), read->end());
  return true;
}

std::string text_of_content(const json::value* content, std::vector<ImageBlock>& images) {
  if (!content) return {};
  if (const auto* text = content->if_string()) return std::string(*text);
  const auto* parts = content->if_array();
  if (!parts) return {};
  std::vector<std::string> texts;
  std::size_t left_out = 0;
  for (const auto& item : *parts) {
    const auto* part = item.if_object();
    if (!part) continue;
    const auto type = string_or(*part, "type", "");
    if (type == "image_url" && !add_image(*part, images)) ++left_out;
    if (type != "text" && type != "input_text") continue;
    if (const auto text = find_string(*part, "text"); text && !text->empty())
      texts.emplace_back(*text);
  }
  // The model can then say what was wrong instead of wondering where the picture is.
  if (left_out > 0 && !texts.empty())
    texts.push_back(fmt::format(
        "[{} image(s) left out: only data: URLs of PNG, JPEG, GIF or WebP up to {} MB are read]",
        left_out, kMaxAttachmentBytes / 1'000'000));
  return join(texts, "\n");
}

std::optional<Said> read_message(const json::object& message, std::vector<std::string>& system) {
  const auto role = string_or(message, "role", "");
  Said out;
  out.text = std::string(trim(text_of_content(find(message, "content"), out.images)));
  if (out.text.empty() && out.images.empty()) return std::nullopt;
  if (role == "system" || role == "developer") {
    system.push_back(std::move(out.text));
    return std::nullopt;
  }
  const auto name = string_or(message, "name", "");
  if (role == "user")
    out.sender = "User";
  else if (role == "assistant")
    out.sender = "Assistant";
  else if (role == "tool" || role == "function")
    out.sender = name.empty() ? "Tool" : "Tool:" + name;
  else
    return std::nullopt;
  out.answerable = role != "assistant";
  return out;
}

std::string folded(const std::vector<Said>& said, std::size_t current) {
  const auto& now = said[current];
  auto wanted = now.sender == "User" ? now.text : now.sender + ": " + now.text;
  if (current == 0) return wanted;
  std::string out = "[Earlier in this conversation]\n";
  for (std::size_t i = 0; i < current; ++i)
    out += fmt::format("{}: {}\n", said[i].sender, said[i].text);
  return out + "\n[Message to answer]\n" + wanted;
}

}  // namespace

bool is_gateway_model(std::string_view model) {
  return std::ranges::any_of(kFamily, [model](auto name) { return iequals(name, model); });
}

std::string agent_in_model(std::string_view model) {
  const auto lower = to_lower(trim(model));
  const auto at = lower.find_first_of(":/");
  if (at == std::string::npos) return {};
  const auto family = std::string_view(lower).substr(0, at);
  const bool ours = is_gateway_model(family) || (family == "agent" && lower[at] == ':');
  const auto id = lower.substr(at + 1);
  return ours && is_agent_id(id) ? id : std::string();
}

std::expected<CompletionRequest, std::string> read_completion(const json::object& body,
                                                              const net::Headers& headers) {
  CompletionRequest out;
  if (const auto model = find_string(body, "model"); model && !trim(*model).empty())
    out.model = std::string(*model);
  out.agent = header_of_family(headers, "agent-id");
  if (out.agent.empty()) out.agent = header_of_family(headers, "agent");
  if (out.agent.empty()) out.agent = agent_in_model(out.model);
  out.session_key = header_of_family(headers, "session-key");
  out.user = std::string(trim(string_or(body, "user", "")));
  out.stream = find_bool(body, "stream").value_or(false);
  if (const auto* options = find_object(body, "stream_options"))
    out.stream_usage = find_bool(*options, "include_usage").value_or(false);

  std::vector<std::string> system;
  std::vector<Said> said;
  if (const auto* messages = find_array(body, "messages"))
    for (const auto& message : *messages)
      if (const auto* object = message.if_object())
        if (auto one = read_message(*object, system)) said.push_back(std::move(*one));
  std::size_t current = said.size();
  while (current > 0 && !said[current - 1].answerable) --current;
  if (current == 0) return std::unexpected("Missing user message in `messages`.");
  out.system = join(system, "\n\n");
  out.text = folded(said, current - 1);
  out.images = std::move(said[current - 1].images);
  return out;
}

}  // namespace carapace::gateway
