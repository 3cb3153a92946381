#include "extensions/providers/model_list.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "base/json.h"

namespace carapace::providers {
namespace {

using provider::ModelInfo;

constexpr std::size_t kMaxBytes = 8UL << 20U;

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

// Dollars for one token, as decimal text. Negative means "it depends".
std::optional<double> dollars_in(const json::object& pricing, std::string_view key) {
  const auto text = find_string(pricing, key);
  if (!text) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || !(value >= 0) || value > 1)
    return std::nullopt;
  return value * 1e6;
}

Price price_of(const json::object& row) {
  const auto* pricing = find_object(row, "pricing");
  if (!pricing) return {};
  const auto input = dollars_in(*pricing, "prompt");
  const auto output = dollars_in(*pricing, "completion");
  if (!input || !output) return {};
  return {.input = *input,
          .output = *output,
          .cache_read = dollars_in(*pricing, "input_cache_read").value_or(*input),
          .cache_write = dollars_in(*pricing, "input_cache_write").value_or(*input),
          .known = true};
}

ModelInfo model_in(const json::object& row, std::string_view provider) {
  ModelInfo info;
  info.id = string_or(row, "id", "");
  info.name = string_or(row, "display_name", string_or(row, "name", info.id));
  info.provider = provider;
  info.context_window = window_of(row);
  info.max_output = 0;
  info.images = sees_images(row);
  info.price = price_of(row);
  return info;
}

}  // namespace

Result<std::vector<ModelInfo>> read_model_list(std::string_view text, std::string_view provider) {
  const auto parsed = parse_json(text);
  const auto* list =
      parsed && parsed->is_object() ? find_array(parsed->get_object(), "data") : nullptr;
  if (!list && parsed) list = parsed->if_array();
  if (!list) return fail(Errc::unavailable, "the provider's model list is no list");
  std::vector<ModelInfo> models;
  for (const auto& item : *list) {
    if (!item.is_object()) continue;
    auto info = model_in(item.get_object(), provider);
    if (!info.id.empty()) models.push_back(std::move(info));
  }
  return models;
}

Task<Result<std::vector<ModelInfo>>> ask_model_list(provider::Ports ports, provider::PeerCall call,
                                                    std::string provider) {
  call.method = "GET";
  CO_TRY(const auto text, co_await fetch_text(ports, std::move(call), kMaxBytes, Stop{}));
  co_return read_model_list(text, provider);
}

}  // namespace carapace::providers
