#include "config/json5.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "config/text/json5_lexer.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

constexpr std::size_t kFew = 4;  // keys of a small object

// The grammar; what one word is stands in the lexer.
class Reader : private Json5Lexer {
 public:
  Reader(string_view text, Json5Limits limits) : Json5Lexer(text), limits_(limits) {}

  Json5Node document() {
    skip_blanks();
    if (at_end()) stop("the file holds no value");
    Json5Node root;
    value(root, 0);
    skip_blanks();
    if (!at_end()) stop("something follows the end of the document");
    return root;
  }

 private:
  void value(Json5Node& node, std::size_t depth);
  void object(Json5Node& node, std::size_t depth);
  void list(Json5Node& node, std::size_t depth);
  bool next_item(Json5Node& node, char close);
  std::uint32_t here() const { return static_cast<std::uint32_t>(at_); }

  Json5Limits limits_;
};

void Reader::value(Json5Node& node, std::size_t depth) {
  node.begin = here();
  const char c = peek();
  if (at_end()) stop("a value is missing");
  if (c == '{') {
    object(node, depth + 1);
  } else if (c == '[') {
    list(node, depth + 1);
  } else if (c == '"' || c == '\'') {
    node.kind = Kind::text;
    node.text = string();
  } else if (word("true") || word("false")) {
    node.kind = Kind::boolean;
    node.truth = c == 't';
  } else if (word("null")) {
    node.kind = Kind::null;
  } else if (at_number()) {
    number(node);
  } else if (at_key()) {
    stop("text needs quotes");
  } else {
    stop(fmt::format("a value was expected, not {}", shown()));
  }
  node.end = here();
}

// After an item: a comma, or the closing mark (then false). Blanks around it are skipped.
bool Reader::next_item(Json5Node& node, char close) {
  skip_blanks();
  if (peek() == close && !at_end()) {
    ++at_;
    return false;
  }
  if (at_end()) stop_at(node.begin, fmt::format("this '{}' is not closed", text_[node.begin]));
  if (peek() != ',') stop(fmt::format("expected ',' or '{}', not {}", close, shown()));
  ++at_;
  skip_blanks();
  if (peek() != close || at_end()) return true;
  node.trailing_comma = true;
  ++at_;
  return false;
}

void Reader::object(Json5Node& node, std::size_t depth) {
  if (depth > limits_.max_depth) stop(fmt::format("deeper than {} levels", limits_.max_depth));
  node.kind = Kind::object;
  ++at_;
  skip_blanks();
  if (peek() == '}') {
    ++at_;
    return;
  }
  node.members.reserve(kFew);
  do {
    if (at_end()) stop_at(node.begin, "this '{' is not closed");
    auto& member = node.members.emplace_back();
    member.begin = here();
    member.quoted = peek() == '"' || peek() == '\'';
    member.key = member.quoted ? string() : key();
    skip_blanks();
    if (peek() != ':') {
      if (peek() == '-' && !member.quoted) stop("a key with '-' in it needs quotes");
      stop(fmt::format("expected ':' after the key '{}', not {}", member.key, shown()));
    }
    ++at_;
    skip_blanks();
    // The reference may move when the members grow, but not while this one is read.
    value(member.value, depth);
  } while (next_item(node, '}'));
}

void Reader::list(Json5Node& node, std::size_t depth) {
  if (depth > limits_.max_depth) stop(fmt::format("deeper than {} levels", limits_.max_depth));
  node.kind = Kind::list;
  ++at_;
  skip_blanks();
  if (peek() == ']') {
    ++at_;
    return;
  }
  do {
    if (at_end()) stop_at(node.begin, "this '[' is not closed");
    value(node.items.emplace_back(), depth);
  } while (next_item(node, ']'));
}

// Where the first sequence stands that is not UTF-8.
std::size_t first_bad_byte(string_view text) {
  std::size_t low = 0;
  std::size_t high = text.size();
  // A cut inside a character looks bad, so only cuts at the begin of one are tried.
  while (high - low > 1) {
    const auto middle = truncate_utf8(text, low + (high - low) / 2).size();
    if (middle <= low) break;
    (is_valid_utf8(text.substr(low, middle - low)) ? low : high) = middle;
  }
  for (std::size_t length = 1; low < text.size() && length <= 4;)
    is_valid_utf8(text.substr(low, length)) ? (low += length, length = 1) : ++length;
  return low;
}

}  // namespace

Json5Problem problem_at(string_view text, std::size_t at, std::string what) {
  Json5Problem problem{1, 1, std::move(what)};
  for (std::size_t i = 0; i < std::min(at, text.size()); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n' || (byte == '\r' && (i + 1 >= text.size() || text[i + 1] != '\n'))) {
      ++problem.line;
      problem.column = 1;
    } else if ((byte & 0xc0U) != 0x80U && byte != '\r') {
      ++problem.column;
    }
  }
  return problem;
}

std::expected<Json5Node, Json5Problem> read_json5(string_view text, Json5Limits limits) {
  const auto problem = [text](std::size_t at, std::string what) {
    return std::unexpected(problem_at(text, at, std::move(what)));
  };
  if (text.size() > limits.max_bytes)
    return problem(0, fmt::format("larger than {} bytes", limits.max_bytes));
  if (!is_valid_utf8(text)) return problem(first_bad_byte(text), "this is not UTF-8 text");
  if (const auto nul = text.find('\0'); nul != string_view::npos) return problem(nul, "a NUL byte");
  try {
    return Reader(text, limits).document();
  } catch (const Json5Stop& stop) {
    return problem(stop.at, stop.what);
  }
}

Result<json::value> parse_json5(string_view text, Json5Limits limits) {
  auto node = read_json5(text, limits);
  if (!node)
    return fail(Errc::invalid_request, "line {}, column {}: {}", node.error().line,
                node.error().column, node.error().what);
  return to_json(*node);
}

json::value to_json(const Json5Node& node) {
  switch (node.kind) {
    case Kind::null: return nullptr;
    case Kind::boolean: return node.truth;
    case Kind::integer: return node.integer;
    case Kind::big_integer: return node.big;
    case Kind::number: return node.number;
    case Kind::text: return json::string(node.text);
    case Kind::list: {
      json::array out;
      out.reserve(node.items.size());
      for (const auto& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case Kind::object: {
      json::object out;
      out.reserve(node.members.size());
      for (const auto& member : node.members)
        out.insert_or_assign(member.key, to_json(member.value));
      return out;
    }
  }
  return nullptr;
}

const Json5Node* member_of(const Json5Node& object, string_view key) {
  for (auto it = object.members.rbegin(); it != object.members.rend(); ++it)
    if (it->key == key) return &it->value;
  return nullptr;
}

bool is_plain_key(string_view key) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$';
  };
  return !key.empty() && !(key.front() >= '0' && key.front() <= '9') &&
         std::ranges::all_of(key, plain);
}

}  // namespace carapace::config
