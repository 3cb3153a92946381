// The /api/chat server as a Provider, its discovery, and its row.
#include <algorithm>
#include <array>
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"
#include "extensions/providers/ollama_wire.h"
#include "provider/spec.h"
#include "provider/transport.h"

namespace carapace::providers {
namespace {

using provider::CallContext;
using provider::Completion;
using provider::EventSink;
using provider::ModelInfo;
using provider::PeerCall;
using provider::Ports;
using provider::Request;
using provider::Settings;

constexpr std::size_t kMaxListBytes = 4UL << 20U;
constexpr std::size_t kMaxAskedModels = 32;
// A larger window is used only when configuration names it: it costs memory in proportion.
constexpr std::int64_t kWindow = 32'768;
constexpr std::int64_t kMaxOutput = 8'192;
constexpr net::Deadlines kAsking{
    .connect_ms = 1'000, .first_byte_ms = 5'000, .idle_ms = 5'000, .total_ms = 5'000};

PeerCall call_of(const Settings& settings, std::string_view path) {
  PeerCall call;
  auto base = settings.base_url;
  // Configurations written for the compatible route of the same server end in /v1.
  if (base.ends_with("/v1")) base.resize(base.size() - 3);
  call.url = base + std::string(path);
  call.headers = settings.headers;
  call.deadlines = settings.deadlines;
  call.key = settings.api_key;
  if (!settings.api_key.empty())
    call.headers.push_back({"authorization", "Bearer " + settings.api_key});
  return call;
}

// Asking for models is quick or not worth waiting for, whatever a completion may take.
net::Deadlines asking(const net::Deadlines& configured) {
  return {std::min(configured.connect_ms, kAsking.connect_ms),
          std::min(configured.first_byte_ms, kAsking.first_byte_ms),
          std::min(configured.idle_ms, kAsking.idle_ms),
          std::min(configured.total_ms, kAsking.total_ms)};
}

class Ollama final : public provider::Provider {
 public:
  Ollama(Settings settings, const Ports& ports) : settings_(std::move(settings)), ports_(ports) {}

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext& context) override {
    for (;;) {
      auto result = co_await once(request, events, context);
      if (result || !learn_refusal(result.error(), refused_)) co_return result;
    }
  }

 private:
  Task<Result<Completion>> once(const Request& request, EventSink& events,
                                const CallContext& context) {
    auto call = call_of(settings_, "/api/chat");
    call.body = ollama_body(request, settings_, refused_);
    call.deadlines = deadlines_for(settings_, request);
    OllamaStream stream(events, request.tools, provider::call_id_source(ports_.random));
    auto result = co_await stream_completion(ports_, std::move(call), stream, context.stop);
    if (result && result->model.empty()) result->model = request.model;
    co_return result;
  }

  Settings settings_;
  Ports ports_;
  OllamaRefusals refused_;
};

std::unique_ptr<provider::Provider> make_ollama(const Settings& settings, const Ports& ports) {
  return std::make_unique<Ollama>(settings, ports);
}

bool lists(const json::array& capabilities, std::string_view name) {
  return std::ranges::any_of(capabilities, [name](const auto& item) {
    return item.is_string() && item.get_string() == name;
  });
}

struct Shown {
  bool chats = true;
  bool tools = false;
};

// Models for embedding, where the server is too old to say what a model can do.
bool named_for_embedding(const ModelInfo& info, const json::object* details) {
  return icontains(info.id, "embed") ||
         (details && icontains(string_or(*details, "family", ""), "bert"));
}

// What /api/show says of a model.
Shown read_show(std::string_view text, ModelInfo& info) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return {!named_for_embedding(info, nullptr), false};
  const auto& root = parsed->get_object();
  Shown shown;
  if (const auto* capabilities = find_array(root, "capabilities")) {
    shown = {lists(*capabilities, "completion"), lists(*capabilities, "tools")};
    info.images = lists(*capabilities, "vision");
    info.reasoning = lists(*capabilities, "thinking");
  } else {
    shown.chats = !named_for_embedding(info, find_object(root, "details"));
  }
  if (const auto* details = find_object(root, "model_info")) {
    for (const auto& [key, value] : *details)
      if (std::string_view(key).ends_with(".context_length"))
        if (const auto tokens = as_int(value); tokens && *tokens > 0)
          info.context_window = std::min(*tokens, kWindow);
  }
  return shown;
}

std::vector<ModelInfo> read_tags(std::string_view text, std::string_view provider) {
  std::vector<ModelInfo> models;
  const auto parsed = parse_json(text);
  const auto* list =
      parsed && parsed->is_object() ? find_array(parsed->get_object(), "models") : nullptr;
  if (!list) return models;
  for (const auto& item : *list) {
    if (!item.is_object() || models.size() >= kMaxAskedModels) continue;
    ModelInfo info;
    info.id = string_or(item.get_object(), "model", string_or(item.get_object(), "name", ""));
    if (info.id.empty()) continue;
    info.name = info.id;
    info.provider = provider;
    info.context_window = kWindow;
    info.max_output = kMaxOutput;
    models.push_back(std::move(info));
  }
  return models;
}

// Those that can chat; the first is what answers when nobody chose, so models with tools come
// first.
Task<Result<std::vector<ModelInfo>>> discover_ollama(const Settings& settings, const Ports& ports) {
  auto call = call_of(settings, "/api/tags");
  call.method = "GET";
  call.deadlines = asking(settings.deadlines);
  CO_TRY(const auto text, co_await fetch_text(ports, std::move(call), kMaxListBytes, Stop{}));
  std::vector<ModelInfo> able;
  std::vector<ModelInfo> plain;
  for (auto& info : read_tags(text, settings.id)) {
    auto show = call_of(settings, "/api/show");
    show.deadlines = asking(settings.deadlines);
    show.body = dump_json(json::object{{"model", info.id}});
    const auto more = co_await fetch_text(ports, std::move(show), kMaxListBytes, Stop{});
    const auto shown = read_show(more ? *more : "", info);
    if (shown.chats) (shown.tools ? able : plain).push_back(std::move(info));
  }
  std::ranges::move(plain, std::back_inserter(able));
  co_return able;
}

constexpr std::array<std::string_view, 1> kKeys{"OLLAMA_API_KEY"};

}  // namespace

extern const provider::Spec ollama_spec;
constinit const provider::Spec ollama_spec{
    .id = "ollama",
    .label = "Ollama",
    .api = "ollama",
    .base_url = "http://127.0.0.1:11434",
    .env_keys = kKeys,
    .env_base_url = "OLLAMA_BASE_URL",
    .key_required = false,
    .local = true,
    .default_context = kWindow,
    .default_max_output = kMaxOutput,
    .deadlines = {.connect_ms = 5'000,
                  .first_byte_ms = 600'000,
                  .idle_ms = 120'000,
                  .total_ms = 1'800'000},
    .hygiene = {.images_in_results = false, .images = {.max_bytes = 20 << 20}},
    .make = make_ollama,
    .discover = discover_ollama,
    .probe_at_start = true,
};

}  // namespace carapace::providers
