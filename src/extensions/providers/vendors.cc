// Vendors of the chat completions wire: rows and no code. Facts from the provider specification A.2
// and A.8; their models stand in model_rows/.
#include <array>

#include "extensions/providers/model_rows/openai.h"
#include "extensions/providers/model_rows/others.h"
#include "extensions/providers/openai.h"
#include "provider/spec.h"

namespace carapace::providers {
namespace {

using provider::Hygiene;
using provider::IdRule;
using provider::Spec;
using provider::ThinkingReplay;
using Keys = std::array<std::string_view, 1>;

constexpr std::string_view kApi = "openai-completions";
// A local server may load a model for minutes before its first byte.
constexpr net::Deadlines kLocal{
    .connect_ms = 5'000, .first_byte_ms = 600'000, .idle_ms = 120'000, .total_ms = 1'800'000};

constexpr Hygiene hygiene(ThinkingReplay thinking = ThinkingReplay::none,
                          IdRule ids = IdRule::word64) {
  // Chat templates of open models refuse neighbours of one role and a history that the assistant
  // begins; to the others it is all the same.
  return {.ids = ids,
          .merge_roles = true,
          .user_first = true,
          .thinking = thinking,
          .images_in_results = false,
          .images = {.max_bytes = 20 << 20}};
}

constexpr Hygiene few_images(std::size_t count, std::size_t bytes) {
  auto rules = hygiene();
  rules.images.max_count = count;
  rules.images.max_bytes = bytes;
  return rules;
}

constexpr Keys kOpenaiKeys{"OPENAI_API_KEY"};
constexpr Keys kOpenrouterKeys{"OPENROUTER_API_KEY"};
constexpr Keys kGroqKeys{"GROQ_API_KEY"};
constexpr Keys kMistralKeys{"MISTRAL_API_KEY"};
constexpr Keys kDeepseekKeys{"DEEPSEEK_API_KEY"};
constexpr Keys kXaiKeys{"XAI_API_KEY"};
constexpr Keys kTogetherKeys{"TOGETHER_API_KEY"};

}  // namespace

extern const Spec openai_spec, openrouter_spec, groq_spec, mistral_spec, deepseek_spec, xai_spec,
    together_spec, vllm_spec, llamacpp_spec, lmstudio_spec, custom_spec;

constinit const Spec openai_spec{
    .id = "openai",
    .label = "OpenAI",
    .api = kApi,
    .base_url = "https://api.openai.com/v1",
    .env_keys = kOpenaiKeys,
    .env_base_url = "OPENAI_BASE_URL",
    .models = kOpenaiModels,
    .default_model = "gpt-5.2",
    .default_images = true,
    .hygiene = hygiene(),
    .quirks = {.developer_role = true, .reasoning_field = "reasoning_effort"},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec openrouter_spec{
    .id = "openrouter",
    .label = "OpenRouter",
    .api = kApi,
    .base_url = "https://openrouter.ai/api/v1",
    .env_keys = kOpenrouterKeys,
    .models = kOpenrouterModels,
    .default_model = "openrouter/auto",
    .default_images = true,
    .hygiene = hygiene(ThinkingReplay::signed_only),
    .quirks = {.reasoning_field = "reasoning.effort"},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec groq_spec{
    .id = "groq",
    .label = "Groq",
    .api = kApi,
    .base_url = "https://api.groq.com/openai/v1",
    .env_keys = kGroqKeys,
    .models = kGroqModels,
    .default_model = "openai/gpt-oss-120b",
    .default_context = 131'072,
    .hygiene = few_images(5, 4 << 20),
    .quirks = {.reasoning_field = "reasoning_effort", .think_tags = true},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec mistral_spec{
    .id = "mistral",
    .label = "Mistral",
    .api = kApi,
    .base_url = "https://api.mistral.ai/v1",
    .env_keys = kMistralKeys,
    .models = kMistralModels,
    .default_model = "mistral-large-latest",
    .default_context = 131'072,
    .hygiene = {.ids = IdRule::alnum9,
                .merge_roles = true,
                .user_first = true,
                .assistant_after_tool = true,
                .images_in_results = false,
                .images = {.max_bytes = 10 << 20, .max_count = 8}},
    .quirks = {.max_tokens_field = "max_tokens", .stream_usage = false},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec deepseek_spec{
    .id = "deepseek",
    .label = "DeepSeek",
    .api = kApi,
    .base_url = "https://api.deepseek.com",
    .env_keys = kDeepseekKeys,
    .models = kDeepseekModels,
    .default_model = "deepseek-flash",
    .default_context = 128'000,
    .hygiene = hygiene(ThinkingReplay::any),
    .quirks = {.max_tokens_field = "max_tokens",
               .reasoning_field = "thinking.type",
               .replay_reasoning = true},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec xai_spec{
    .id = "xai",
    .label = "xAI",
    .api = kApi,
    .base_url = "https://api.x.ai/v1",
    .env_keys = kXaiKeys,
    .models = kXaiModels,
    .default_model = "grok-4.7",
    .default_images = true,
    .hygiene = hygiene(),
    .quirks = {},  // effort is not accepted by every model, so none is sent
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec together_spec{
    .id = "together",
    .label = "Together AI",
    .api = kApi,
    .base_url = "https://api.together.ai/v1",
    .env_keys = kTogetherKeys,
    .models = kTogetherModels,
    .default_model = "openai/gpt-oss-120b",
    .default_context = 131'072,
    .hygiene = hygiene(),
    .quirks = {.max_tokens_field = "max_tokens",
               .reasoning_field = "reasoning.enabled",
               .think_tags = true},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec vllm_spec{
    .id = "vllm",
    .label = "vLLM",
    .api = kApi,
    .base_url = "http://127.0.0.1:8000/v1",
    .key_required = false,
    .local = true,
    .default_context = 32'768,
    .default_images = true,
    .deadlines = kLocal,
    .hygiene = hygiene(),
    .quirks = {.max_tokens_field = "max_tokens", .think_tags = true},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec llamacpp_spec{
    .id = "llamacpp",
    .label = "llama-server",
    .api = kApi,
    .base_url = "http://127.0.0.1:8080/v1",
    .key_required = false,
    .local = true,
    .default_context = 32'768,
    .deadlines = kLocal,
    .hygiene = hygiene(),
    .quirks = {.max_tokens_field = "max_tokens", .think_tags = true},
    .make = make_chat,
    .discover = discover_chat,
};

constinit const Spec lmstudio_spec{
    .id = "lmstudio",
    .label = "LM Studio",
    .api = kApi,
    .base_url = "http://127.0.0.1:1234/v1",
    .key_required = false,
    .local = true,
    .default_context = 32'768,
    .default_images = true,
    .deadlines = kLocal,
    .hygiene = hygiene(),
    .quirks = {.max_tokens_field = "max_tokens", .think_tags = true},
    .make = make_chat,
    .discover = discover_chat,
};

// Any other server of this wire, by its base URL. What it may not know is left out.
constinit const Spec custom_spec{
    .id = "custom",
    .label = "OpenAI-compatible server",
    .api = kApi,
    .key_required = false,
    .generic = true,
    .default_images = true,
    .deadlines = {.first_byte_ms = 300'000, .idle_ms = 120'000},
    .hygiene = hygiene(),
    .quirks = {.max_tokens_field = "max_tokens", .think_tags = true},
    .make = make_chat,
    .discover = discover_chat,
};

}  // namespace carapace::providers
