#include "extensions/providers/openai.h"

#include <utility>

#include "async/coro.h"
#include "extensions/providers/model_info.h"
#include "extensions/providers/model_list.h"
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

constexpr int kMaxRefusals = 4;

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

}  // namespace

std::unique_ptr<provider::Provider> make_chat(const Settings& settings, const Ports& ports) {
  return std::make_unique<Chat>(settings, ports);
}

Task<Result<std::vector<provider::ModelInfo>>> discover_chat(const Settings& settings,
                                                             const Ports& ports) {
  co_return co_await ask_model_list(ports, call_of(settings, "/models"), settings.id);
}

}  // namespace carapace::providers
