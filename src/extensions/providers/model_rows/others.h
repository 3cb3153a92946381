// Well-known models of the other vendors of the chat completions wire; what is not listed here is
// found by asking the vendor or named in configuration. Constant data, for vendors.cc alone.
#pragma once

#include <array>
#include <string_view>

#include "extensions/providers/model_rows/price.h"
#include "provider/spec.h"

namespace carapace::providers {

enum class Sees : bool { text, images };
enum class Thinks : bool { no, yes };

constexpr provider::ModelRow listed(
    std::string_view id, std::string_view name, std::int64_t window, std::int64_t max_output,
    Thinks thinks, Sees sees, Price price,
    provider::ThinkingStyle style = provider::ThinkingStyle::unknown) {
  return {.id = id,
          .name = name,
          .context_window = window,
          .max_output = max_output,
          .reasoning = thinks == Thinks::yes,
          .images = sees == Sees::images,
          .style = style,
          .price = price};
}

// What `auto` costs is known only when it answered, so it has no price.
constexpr std::array kOpenrouterModels{
    listed("openrouter/auto", "Auto", 200'000, 0, Thinks::no, Sees::images, {}),
    listed("anthropic/claude-opus-5.5", "Claude Opus 5.5", 1'000'000, 128'000, Thinks::yes,
           Sees::images, usd(4, 20, {0.2, 5})),
    listed("anthropic/claude-sonnet-5.5", "Claude Sonnet 5.5", 1'000'000, 128'000, Thinks::yes,
           Sees::images, usd(2, 10, {0.1, 2.5})),
    listed("anthropic/claude-opus-4.5", "Claude Opus 4.5", 200'000, 64'000, Thinks::yes,
           Sees::images, usd(5, 25, {0.5, 6.25})),
    listed("anthropic/claude-sonnet-4.5", "Claude Sonnet 4.5", 1'000'000, 64'000, Thinks::yes,
           Sees::images, above(200'000, 2, usd(3, 15, {0.3, 3.75}))),
    listed("anthropic/claude-haiku-4.5", "Claude Haiku 4.5", 200'000, 64'000, Thinks::yes,
           Sees::images, usd(1, 5, {0.1, 1.25})),
    listed("openai/gpt-6.1-sol", "GPT-6.1 Sol", 1'050'000, 128'000, Thinks::yes, Sees::images,
           above(272'000, 2, usd(2, 10, {0.1, 2.5})), provider::ThinkingStyle::adaptive_xhigh),
    listed("openai/gpt-5.2", "GPT-5.2", 400'000, 128'000, Thinks::yes, Sees::images,
           usd(1.75, 14, {0.175}), provider::ThinkingStyle::adaptive_xhigh),
    listed("openai/gpt-5-mini", "GPT-5 mini", 400'000, 128'000, Thinks::yes, Sees::images,
           usd(0.25, 2, {0.025})),
    listed("google/gemini-3.1-pro-preview", "Gemini 3.1 Pro", 1'048'576, 65'536, Thinks::yes,
           Sees::images, above(200'000, 2, usd(2, 12, {0.2}))),
    listed("google/gemini-3-flash-preview", "Gemini 3 Flash", 1'048'576, 65'536, Thinks::yes,
           Sees::images, usd(0.5, 3, {0.05})),
    listed("x-ai/grok-4.7", "Grok 4.7", 500'000, 0, Thinks::yes, Sees::images,
           above(200'000, 2, usd(2, 6, {0.5}))),
};

constexpr std::array kGroqModels{
    listed("openai/gpt-oss-120b", "GPT-OSS 120B", 131'072, 32'768, Thinks::yes, Sees::text,
           usd(0.15, 0.6, {0.075}), provider::ThinkingStyle::adaptive),
    listed("openai/gpt-oss-20b", "GPT-OSS 20B", 131'072, 32'768, Thinks::yes, Sees::text,
           usd(0.075, 0.3, {0.0375}), provider::ThinkingStyle::adaptive),
    listed("llama-3.3-70b-versatile", "Llama 3.3 70B", 131'072, 32'768, Thinks::no, Sees::text,
           usd(0.59, 0.79)),
    listed("llama-3.1-8b-instant", "Llama 3.1 8B", 131'072, 32'768, Thinks::no, Sees::text,
           usd(0.05, 0.08)),
};

constexpr std::array kMistralModels{
    listed("mistral-large-latest", "Mistral Large", 262'144, 32'768, Thinks::no, Sees::images,
           usd(0.5, 1.5)),
    listed("mistral-medium-latest", "Mistral Medium", 262'144, 32'768, Thinks::no, Sees::images,
           usd(1.5, 7.5)),
    listed("mistral-small-latest", "Mistral Small", 262'144, 32'768, Thinks::no, Sees::images,
           usd(0.15, 0.6)),
    listed("devstral-latest", "Devstral", 262'144, 32'768, Thinks::no, Sees::text, usd(0.4, 2)),
    listed("codestral-latest", "Codestral", 256'000, 4'096, Thinks::no, Sees::text, usd(0.3, 0.9)),
};

constexpr std::array kDeepseekModels{
    listed("deepseek-flash", "DeepSeek Flash", 1'000'000, 384'000, Thinks::yes, Sees::text,
           usd(0.3, 1.2, {0.006})),
    listed("deepseek-v4-pro", "DeepSeek V4 Pro", 1'000'000, 384'000, Thinks::yes, Sees::text,
           usd(1.32, 3.96, {0.044})),
};

constexpr std::array kXaiModels{
    listed("grok-4.7", "Grok 4.7", 500'000, 0, Thinks::yes, Sees::images,
           above(200'000, 2, usd(2, 6, {0.5}))),
    listed("grok-4.6", "Grok 4.6", 500'000, 0, Thinks::yes, Sees::images,
           above(200'000, 2, usd(2, 6, {0.5}))),
    listed("grok-4.5", "Grok 4.5", 500'000, 0, Thinks::yes, Sees::images,
           above(200'000, 2, usd(2, 6, {0.3}))),
    listed("grok-4.3", "Grok 4.3", 1'000'000, 0, Thinks::yes, Sees::images,
           above(200'000, 2, usd(1.25, 2.5, {0.2}))),
};

constexpr std::array kTogetherModels{
    listed("openai/gpt-oss-120b", "GPT-OSS 120B", 131'072, 0, Thinks::yes, Sees::text,
           usd(0.15, 0.6)),
    listed("moonshotai/Kimi-K3", "Kimi K3", 1'048'576, 131'072, Thinks::yes, Sees::images,
           usd(3, 15, {0.3})),
    listed("zai-org/GLM-5.2", "GLM 5.2", 1'048'575, 131'072, Thinks::yes, Sees::text,
           usd(1.4, 4.4, {0.26})),
    listed("Qwen/Qwen3.6-Plus", "Qwen 3.6 Plus", 1'000'000, 65'536, Thinks::yes, Sees::text,
           usd(0.5, 3)),
};

}  // namespace carapace::providers
