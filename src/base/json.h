// JSON façade. The value type is Boost.JSON's; parsing goes through `parse_json`, which bounds
// depth and size and accepts what real peers send: lone surrogate escapes (servers that cut text by
// UTF-16 unit) become U+FFFD instead of an error. Include from .cc files; headers take
// `base/json_fwd.h`. Pure functions; any thread.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace {

struct JsonLimits {
  std::size_t max_depth = 64;
  std::size_t max_bytes = 64UL << 20U;
};

// invalid_request with position-free text on bad JSON, bad UTF-8 or too deep; too_large over the
// size.
// `storage`: where the value lives; an arena that outlives it makes small values cheap.
Result<json::value> parse_json(std::string_view text, JsonLimits limits = {},
                               json::storage_ptr storage = {});
std::string dump_json(const json::value& value);
std::string dump_json(const json::object& value);

// Readers for values of unknown shape: nullopt / nullptr when absent or of another type.
const json::value* find(const json::object& object, std::string_view key);
const json::object* find_object(const json::object& object, std::string_view key);
const json::array* find_array(const json::object& object, std::string_view key);
std::optional<std::string_view> find_string(const json::object& object, std::string_view key);
std::optional<std::int64_t> find_int(const json::object& object,
                                     std::string_view key);  // integral doubles too
std::optional<double> find_number(const json::object& object, std::string_view key);
std::optional<bool> find_bool(const json::object& object, std::string_view key);
std::string string_or(const json::object& object, std::string_view key, std::string_view fallback);
std::optional<std::int64_t> as_int(const json::value& value);

// JSON text with every lone `\uD8xx`–`\uDFxx` escape replaced by `�`; nullopt when none was there.
std::optional<std::string> mend_surrogates(std::string_view text);

}  // namespace carapace
