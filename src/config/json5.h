// Reads JSON5 (json5.org, version 1.0.0): comments, trailing commas, single quotes, unquoted keys,
// hex, signs, bare dots, Infinity and NaN, line continuations. Every value remembers where it
// stands in the text, for errors and for edits that leave the rest as it was. Pure; any thread.
// JSON text gives what `parse_json` gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace::config {

inline constexpr std::size_t kMaxConfigBytes = 4UL << 20U;  // of one file

struct Json5Limits {
  std::size_t max_depth = 64;
  std::size_t max_bytes = kMaxConfigBytes;  // below 4 GiB
};

struct Json5Member;

struct Json5Node {
  enum class Kind : std::uint8_t {
    null,
    boolean,
    integer,
    big_integer,
    number,
    text,
    list,
    object
  };
  Kind kind = Kind::null;
  bool truth = false;           // boolean
  bool trailing_comma = false;  // list and object
  std::uint32_t file = 0;       // of several that were put together; the reader leaves 0
  std::uint32_t begin = 0;      // bytes of the value in the text: [begin, end)
  std::uint32_t end = 0;
  union {  // the one that `kind` names
    std::int64_t integer = 0;
    std::uint64_t big;  // big_integer: above the largest signed one
    double number;
  };
  std::string text;                  // text
  std::vector<Json5Node> items;      // list
  std::vector<Json5Member> members;  // object, as written; of equal keys the last one counts
};

struct Json5Member {
  std::string key;
  std::uint32_t begin = 0;  // of the key
  bool quoted = false;
  Json5Node value;
};

struct Json5Problem {
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1, in characters
  std::string what;
  bool operator==(const Json5Problem&) const = default;
};

// Line and column of a byte of the text.
Json5Problem problem_at(std::string_view text, std::size_t at, std::string what);

// The tree, or the first problem. Text that is not UTF-8, holds NUL or passes a limit is a problem
// too.
std::expected<Json5Node, Json5Problem> read_json5(std::string_view text, Json5Limits limits = {});

// The same as a value; invalid_request with "line L, column C: …".
Result<json::value> parse_json5(std::string_view text, Json5Limits limits = {});
json::value to_json(const Json5Node& node);

// The value of a key, nullptr when it is not there.
const Json5Node* member_of(const Json5Node& object, std::string_view key);
// May the text stand as a key without quotes?
bool is_plain_key(std::string_view key);

}  // namespace carapace::config
