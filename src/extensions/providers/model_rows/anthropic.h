// The models of Anthropic. Windows and limits from the provider specification A.1. Constant data,
// for anthropic.cc alone.
#pragma once

#include <array>
#include <string_view>

#include "extensions/providers/model_rows/price.h"
#include "provider/spec.h"

namespace carapace::providers {

// Reading a cache costs a tenth unless a row says otherwise, writing it a quarter more.
constexpr provider::ModelRow claude(std::string_view id, std::string_view name,
                                    provider::ThinkingStyle style, double input, double output,
                                    double cache_read) {
  const bool small = style == provider::ThinkingStyle::budget;
  return {.id = id,
          .name = name,
          .context_window = small ? 200'000 : 1'000'000,
          .max_output = small ? 64'000 : 128'000,
          .reasoning = true,
          .images = true,
          .style = style,
          .price = usd(input, output, {cache_read, input * 1.25})};
}

constexpr provider::ModelRow dearer_when_long(provider::ModelRow row, std::int64_t tokens,
                                              double factor) {
  row.price = above(tokens, factor, row.price);
  return row;
}

constexpr auto kBudget = provider::ThinkingStyle::budget;
constexpr auto kEffort = provider::ThinkingStyle::adaptive;
constexpr auto kEffortXhigh = provider::ThinkingStyle::adaptive_xhigh;

constexpr std::array kAnthropicModels{
    claude("claude-opus-4-5", "Claude Opus 4.5", kBudget, 5, 25, 0.5),
    claude("claude-sonnet-4-5", "Claude Sonnet 4.5", kBudget, 3, 15, 0.3),
    claude("claude-haiku-4-5", "Claude Haiku 4.5", kBudget, 1, 5, 0.1),
    claude("claude-opus-5-5", "Claude Opus 5.5", kEffortXhigh, 4, 20, 0.2),
    claude("claude-opus-5", "Claude Opus 5", kEffortXhigh, 5, 25, 0.5),
    claude("claude-opus-4-8", "Claude Opus 4.8", kEffortXhigh, 5, 25, 0.5),
    claude("claude-opus-4-7", "Claude Opus 4.7", kEffortXhigh, 5, 25, 0.5),
    claude("claude-opus-4-6", "Claude Opus 4.6", kEffort, 5, 25, 0.5),
    claude("claude-sonnet-5-5", "Claude Sonnet 5.5", kEffortXhigh, 2, 10, 0.1),
    claude("claude-sonnet-5", "Claude Sonnet 5", kEffortXhigh, 2, 10, 0.2),
    claude("claude-sonnet-4-6", "Claude Sonnet 4.6", kEffort, 3, 15, 0.3),
    dearer_when_long(claude("claude-haiku-5-5", "Claude Haiku 5.5", kEffortXhigh, 0.1, 0.5, 0.01),
                     100'000, 5),
    claude("claude-fable-5-2", "Claude Fable 5.2", kEffortXhigh, 8, 40, 0.2),
    claude("claude-fable-5-1", "Claude Fable 5.1", kEffortXhigh, 10, 50, 0.25),
    claude("claude-fable-5", "Claude Fable 5", kEffortXhigh, 10, 50, 1),
};

}  // namespace carapace::providers
