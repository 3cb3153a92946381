// The models of OpenAI. Windows and limits from the provider specification A.2. Constant data, for
// vendors.cc alone.
#pragma once

#include <array>
#include <string_view>

#include "extensions/providers/model_rows/price.h"
#include "provider/spec.h"

namespace carapace::providers {

constexpr provider::ModelRow gpt(std::string_view id, std::string_view name, std::int64_t window,
                                 provider::ThinkingStyle style, Price price) {
  return {.id = id,
          .name = name,
          .context_window = window,
          .max_output = 128'000,
          .reasoning = true,
          .images = true,
          .style = style,
          .price = price};
}

constexpr provider::ModelRow plain_gpt(std::string_view id, std::string_view name,
                                       std::int64_t window, std::int64_t max_output, Price price) {
  return {.id = id,
          .name = name,
          .context_window = window,
          .max_output = max_output,
          .images = true,
          .price = price};
}

constexpr provider::ModelRow o_series(std::string_view id, bool images, Price price) {
  return {.id = id,
          .name = id,
          .context_window = 200'000,
          .max_output = 100'000,
          .reasoning = true,
          .images = images,
          .style = provider::ThinkingStyle::adaptive,
          .price = price};
}

constexpr auto kUpToHigh = provider::ThinkingStyle::adaptive;
constexpr auto kUpToXhigh = provider::ThinkingStyle::adaptive_xhigh;
// The dearer tier begins where the listed window ends.
constexpr std::int64_t kListed = 272'000;

constexpr std::array kOpenaiModels{
    gpt("gpt-5.2", "GPT-5.2", 400'000, kUpToXhigh, usd(1.75, 14, {0.175})),
    gpt("gpt-6.1-sol", "GPT-6.1 Sol", kListed, kUpToXhigh, usd(2, 10, {0.1, 2.5})),
    gpt("gpt-6.1-terra", "GPT-6.1 Terra", kListed, kUpToXhigh, usd(1, 5, {0.05, 1.25})),
    gpt("gpt-6-astra", "GPT-6 Astra", kListed, kUpToXhigh, usd(10, 50, {1, 12.5})),
    gpt("gpt-6-sol", "GPT-6 Sol", kListed, kUpToXhigh, usd(2, 10, {0.2, 2.5})),
    gpt("gpt-6-luna", "GPT-6 Luna", kListed, kUpToXhigh, usd(0.1, 0.5, {0.01, 0.125})),
    gpt("gpt-5.6-sol", "GPT-5.6 Sol", kListed, kUpToXhigh, usd(4, 20, {0.4, 5})),
    gpt("gpt-5.6-terra", "GPT-5.6 Terra", kListed, kUpToXhigh, usd(2, 12, {0.2, 2.5})),
    gpt("gpt-5.6-luna", "GPT-5.6 Luna", kListed, kUpToXhigh, usd(0.2, 1.2, {0.02, 0.25})),
    gpt("gpt-5.5", "GPT-5.5", kListed, kUpToXhigh, usd(5, 30, {0.5})),
    gpt("gpt-5.5-pro", "GPT-5.5 pro", 1'050'000, kUpToXhigh, above(kListed, 2, usd(30, 180))),
    gpt("gpt-5.4", "GPT-5.4", kListed, kUpToXhigh, usd(2.5, 15, {0.25})),
    gpt("gpt-5.4-pro", "GPT-5.4 pro", 1'050'000, kUpToXhigh, above(kListed, 2, usd(30, 180))),
    gpt("gpt-5.4-mini", "GPT-5.4 mini", 400'000, kUpToXhigh, usd(0.75, 4.5, {0.075})),
    gpt("gpt-5.4-nano", "GPT-5.4 nano", 400'000, kUpToXhigh, usd(0.2, 1.25, {0.02})),
    gpt("gpt-5.3-codex", "GPT-5.3 Codex", 400'000, kUpToXhigh, usd(1.75, 14, {0.175})),
    gpt("gpt-5.1", "GPT-5.1", 400'000, kUpToHigh, usd(1.25, 10, {0.125})),
    gpt("gpt-5", "GPT-5", 400'000, kUpToHigh, usd(1.25, 10, {0.125})),
    gpt("gpt-5-mini", "GPT-5 mini", 400'000, kUpToHigh, usd(0.25, 2, {0.025})),
    gpt("gpt-5-nano", "GPT-5 nano", 400'000, kUpToHigh, usd(0.05, 0.4, {0.005})),
    plain_gpt("gpt-4.1", "GPT-4.1", 1'047'576, 32'768, usd(2, 8, {0.5})),
    plain_gpt("gpt-4.1-mini", "GPT-4.1 mini", 1'047'576, 32'768, usd(0.4, 1.6, {0.1})),
    plain_gpt("gpt-4.1-nano", "GPT-4.1 nano", 1'047'576, 32'768, usd(0.1, 0.4, {0.025})),
    plain_gpt("gpt-4o", "GPT-4o", 128'000, 16'384, usd(2.5, 10, {1.25})),
    plain_gpt("gpt-4o-mini", "GPT-4o mini", 128'000, 16'384, usd(0.15, 0.6, {0.075})),
    o_series("o3", true, usd(2, 8, {0.5})),
    o_series("o4-mini", true, usd(1.1, 4.4, {0.275})),
    o_series("o3-mini", false, usd(1.1, 4.4, {0.55})),
    o_series("o1", true, usd(15, 60, {7.5})),
    plain_gpt("chat-latest", "Chat latest", 400'000, 128'000, usd(5, 30, {0.5})),
};

}  // namespace carapace::providers
