#include "extensions/providers/openai.h"

#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "extensions/providers/model_info.h"
#include "extensions/providers/openai_request.h"
#include "extensions/providers/openai_stream.h"
#include "provider/transport.h"

namespace carapace::providers {
namespace {

using provider::CallContext;
using provider::Completion;
using provider::EventSink;
using provider::PeerCall;
using provider::Ports;
using provider::Request;
using provider::Settings;

constexpr std::size_t kMaxModelList = 8UL << 20U;
constexpr int kMaxRefusals = 3;

PeerCall call_of(const Settings& settings, std::string_view path) {
  PeerCall call;
  call.url = settings.base_url + std::string(path);
  call.headers = settings.headers;
  call.deadlines = settings.deadlines;
  call.key = settings.api_key;
  if (!settings.api_key.empty())
    call.headers.push_back({"authorization", "Bearer " + settings.api_key});
  return call;
}

class Chat final : public provider::Provider {
 public:
  Chat(Settings settings, const Ports& ports) : settings_(std::move(settings)), ports_(ports) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    for (int attempt = 0;; ++attempt) {
      auto result = co_await once(request, events, context);
      // Servers of this wire differ in which fields they know; what they refuse is left out from
      // now on.
      if (result || attempt == kMaxRefusals || !learn_refusal(result.error(), refused_))
        co_return result;
    }
  }

 private:
  Task<Result<Completion>> once(const Request& request, EventSink& events,
                                const CallContext& context) {
    auto call = call_of(settings_, "/chat/completions");
    call.body = chat_body(request, settings_, refused_);
    const auto* model = model_info(settings_, request.model);
    // Models of this wire may think without being asked, and without a word.
    call.deadlines = deadlines_for(settings_, request, model && model->reasoning);
    ChatStream stream(
        events, request.tools, provider::call_id_source(ports_.random),
        {settings_.quirks.think_tags, model && model->reasoning, request.context_window});
    auto result = co_await stream_completion(ports_, std::move(call), stream, context.stop);
    if (result && result->model.empty()) result->model = request.model;
    co_return result;
  }

  Settings settings_;
  Ports ports_;
  ChatRefusals refused_;
};

// Vendors name the window differently; 0 when none of the names is there.
std::int64_t window_of(const json::object& row) {
  for (const auto* key :
       {"context_length", "context_window", "max_context_length", "max_model_len"})
    if (const auto tokens = find_int(row, key); tokens && *tokens > 0) return *tokens;
  return 0;
}

bool sees_images(const json::object& row) {
  if (const auto* architecture = find_object(row, "architecture"))
    if (const auto* inputs = find_array(*architecture, "input_modalities"))
      for (const auto& input : *inputs)
        if (input.is_string() && input.get_string() == "image") return true;
  if (const auto* capabilities = find_object(row, "capabilities"))
    return find_bool(*capabilities, "vision").value_or(false);
  return false;
}

}  // namespace

std::unique_ptr<provider::Provider> make_chat(const Settings& settings, const Ports& ports) {
  return std::make_unique<Chat>(settings, ports);
}

Task<Result<std::vector<provider::ModelInfo>>> discover_chat(const Settings& settings,
                                                             const Ports& ports) {
  auto call = call_of(settings, "/models");
  call.method = "GET";
  const auto text = co_await fetch_text(ports, std::move(call), kMaxModelList, Stop{});
  if (!text) co_return std::unexpected(text.error());
  const auto parsed = parse_json(*text);
  const auto* list =
      parsed && parsed->is_object() ? find_array(parsed->get_object(), "data") : nullptr;
  if (!list && parsed && parsed->is_array()) list = &parsed->get_array();
  if (!list) co_return fail(Errc::unavailable, "the provider's model list is no list");
  std::vector<provider::ModelInfo> models;
  for (const auto& item : *list) {
    if (!item.is_object()) continue;
    provider::ModelInfo info;
    info.id = string_or(item.get_object(), "id", "");
    if (info.id.empty()) continue;
    info.name = string_or(item.get_object(), "name", info.id);
    info.provider = settings.id;
    info.context_window = window_of(item.get_object());
    info.max_output = 0;
    info.images = sees_images(item.get_object());
    models.push_back(std::move(info));
  }
  co_return models;
}

}  // namespace carapace::providers
