// The Messages API as a Provider, and the row of its vendor.
#include <array>
#include <utility>

#include "async/coro.h"
#include "base/text.h"
#include "extensions/providers/anthropic_request.h"
#include "extensions/providers/anthropic_stream.h"
#include "extensions/providers/model_list.h"
#include "extensions/providers/model_rows/anthropic.h"
#include "provider/spec.h"
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

constexpr std::string_view kId = "anthropic";
constexpr std::string_view kOldVersion = "2023-06-01";

// Bases are written with and without the version part.
std::string url_of(const Settings& settings, std::string_view path) {
  return settings.base_url + (settings.base_url.ends_with("/v1") ? "" : "/v1") + std::string(path);
}

PeerCall call_of(const Settings& settings, std::string_view path) {
  PeerCall call;
  call.url = url_of(settings, path);
  call.headers = settings.headers;
  call.deadlines = settings.deadlines;
  call.key = settings.api_key;
  const auto version =
      settings.api_version.empty() ? std::string(kOldVersion) : settings.api_version;
  call.headers.push_back({"anthropic-version", version});
  // Subscription tokens are bearers under any version, and need their beta.
  const bool subscription = settings.api_key.starts_with("sk-ant-oat");
  if (settings.api_key.empty()) return call;
  if (subscription || version > kOldVersion) {
    call.headers.push_back({"authorization", "Bearer " + settings.api_key});
  } else {
    call.headers.push_back({"x-api-key", settings.api_key});
  }
  if (subscription) call.headers.push_back({"anthropic-beta", "oauth-2025-04-20"});
  return call;
}

class Messages final : public provider::Provider {
 public:
  Messages(Settings settings, const Ports& ports) : settings_(std::move(settings)), ports_(ports) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    MessagesOptions options{.cache = settings_.id == kId};
    auto answer = co_await once(request, options, events, context);
    // A model that does not know our way of thinking, or a signature that another model gave. What
    // was refused is not billed.
    if (!answer && is_about_thinking(answer.error())) {
      options.no_thinking = true;
      answer = co_await once(request, options, events, context);
    }
    co_return answer;
  }

 private:
  Task<Result<Completion>> once(const Request& request, const MessagesOptions& options,
                                EventSink& events, const CallContext& context) {
    auto call = call_of(settings_, "/messages");
    call.body = messages_body(request, settings_, options);
    call.deadlines = deadlines_for(settings_, request);
    MessagesStream stream(events, request.tools, provider::call_id_source(ports_.random));
    auto result = co_await stream_completion(ports_, std::move(call), stream, context.stop);
    if (result && result->model.empty()) result->model = request.model;
    co_return result;
  }

  static bool is_about_thinking(const Error& error) {
    if (error.code != Errc::invalid_request) return false;
    for (const auto* word : {"thinking", "budget_tokens", "output_config", "effort", "signature"})
      if (icontains(error.detail, word)) return true;
    return false;
  }

  Settings settings_;
  Ports ports_;
};

std::unique_ptr<provider::Provider> make_messages(const Settings& settings, const Ports& ports) {
  return std::make_unique<Messages>(settings, ports);
}

Task<Result<std::vector<provider::ModelInfo>>> discover_messages(const Settings& settings,
                                                                 const Ports& ports) {
  CO_TRY(auto models,
         co_await ask_model_list(ports, call_of(settings, "/models?limit=1000"), settings.id));
  // Every model of this vendor that can be listed does both.
  for (auto& info : models) info.reasoning = info.images = true;
  co_return models;
}

constexpr std::array<std::string_view, 2> kKeys{"ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_API_KEY"};

}  // namespace

extern const provider::Spec anthropic_spec;
constinit const provider::Spec anthropic_spec{
    .id = kId,
    .label = "Anthropic",
    .api = "anthropic-messages",
    .base_url = "https://api.anthropic.com",
    .env_keys = kKeys,
    .env_base_url = "ANTHROPIC_BASE_URL",
    .models = kAnthropicModels,
    .default_model = "claude-opus-4-5",
    .default_images = true,
    .hygiene = {.merge_roles = true,
                .user_first = true,
                .thinking = provider::ThinkingReplay::signed_only},
    .quirks = {.api_version = kOldVersion},
    .make = make_messages,
    .discover = discover_messages,
};

}  // namespace carapace::providers
