#include "config/schema.h"

#include <algorithm>

#include "base/json.h"
#include "config/check/node.h"
#include "config/text/near_name.h"

namespace carapace::config {

using std::string_view;

namespace {

struct Placed {
  const FieldRow* row = nullptr;
  std::size_t place = 0;  // among all rows, as they were given
};

// Paths in the order of a walk through the tree: a key stands before what lies below it, and that
// before the next key. Of equal paths the row that was given first.
bool before(const Placed& a, const Placed& b) {
  const auto [left, right] = std::ranges::mismatch(a.row->path, b.row->path);
  const bool left_ends = left == a.row->path.end();
  if (right == b.row->path.end()) return left_ends && a.place < b.place;
  if (left_ends || *left == '.') return true;
  return *right != '.' && *left < *right;
}

// Rows of one node: `depth` bytes of their paths (with the dot) lead to it.
struct Span {
  std::size_t node = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t depth = 0;
};

string_view part_at(const FieldRow& row, std::size_t depth) {
  return row.path.substr(depth, row.path.find('.', depth) - depth);
}

}  // namespace

Schema::Schema(std::span<const FieldRow> rows) : Schema({rows}) {}

Schema::Schema(std::initializer_list<std::span<const FieldRow>> tables,
               std::span<const MoveRow> moves)
    : tables_(tables) {
  std::vector<Placed> sorted;
  for (const auto& row : rows()) {
    if (!row.same_as.empty()) moves_.push_back({.from = row.path, .to = row.same_as});
    sorted.push_back({.row = &row, .place = sorted.size()});
  }
  moves_.insert(moves_.end(), moves.begin(), moves.end());
  std::ranges::sort(sorted, before);

  nodes_.reserve(sorted.size() * 3 / 2 + 1);
  nodes_.emplace_back();
  std::vector<Span> open{{.node = 0, .begin = 0, .end = sorted.size(), .depth = 0}};
  for (std::size_t next = 0; next < open.size(); ++next) {
    const auto span = open[next];
    nodes_[span.node].first = static_cast<std::uint32_t>(nodes_.size());
    for (auto i = span.begin; i < span.end;) {
      const auto name = part_at(*sorted[i].row, span.depth);
      const auto below = span.depth + name.size();
      const auto index = nodes_.size();
      auto& node = nodes_.emplace_back(Node{.name = name});
      if (sorted[i].row->path.size() == below) {
        node.row = sorted[i].row;
        nodes_[span.node].demands |= node.row->required;
      }
      while (i < span.end && part_at(*sorted[i].row, span.depth) == name &&
             sorted[i].row->path.size() == below)
        ++i;
      const auto begin = i;
      while (i < span.end && part_at(*sorted[i].row, span.depth) == name) ++i;
      if (i > begin) open.push_back({.node = index, .begin = begin, .end = i, .depth = below + 1});
      if (name == "*") nodes_[span.node].any = static_cast<std::uint32_t>(index);
      ++nodes_[span.node].count;
    }
  }
}

Schema::~Schema() = default;

const FieldRow* Schema::row(const KeyPath& path) const {
  const auto* node = SchemaWalk(*this).at(path);
  return node == nullptr ? nullptr : node->row;
}

bool Schema::known(const KeyPath& path) const {
  const SchemaWalk walk(*this);
  const auto* node = &walk.root();
  for (const auto& part : path) {
    node = walk.child(*node, part);
    if (node == nullptr) return false;
    if (node->count != 0 || node->row == nullptr) continue;
    switch (node->row->type) {
      case FieldType::text_list:
      case FieldType::list:
      case FieldType::object:
      case FieldType::object_list:
      case FieldType::map:
      case FieldType::any: return true;
      default: break;
    }
  }
  return true;
}

bool Schema::is_secret(const KeyPath& path) const {
  const SchemaWalk walk(*this);
  const auto* node = &walk.root();
  for (const auto& part : path) {
    node = node == nullptr ? nullptr : walk.child(*node, part);
    if (node != nullptr && node->row != nullptr && node->row->secret) return true;
  }
  return !path.empty() && SchemaWalk::is_secret(node, path.back());
}

json::value Schema::fallback(const KeyPath& path) const {
  const auto* found = row(path);
  if (found == nullptr || found->fallback.empty()) return nullptr;
  auto value = parse_json(found->fallback);
  CARAPACE_CHECK(value.has_value());
  return std::move(*value);
}

std::optional<std::string> Schema::suggestion(const KeyPath& path) const {
  const SchemaWalk walk(*this);
  const auto* node = &walk.root();
  std::string out;
  bool changed = false;
  for (const auto& part : path) {
    const auto* child = walk.child(*node, part);
    std::string name = part;
    if (child == nullptr) {
      const auto near = nearest(part, walk.names(*node));
      if (!near) return std::nullopt;
      name = *near;
      child = walk.child(*node, name);
      changed = true;
    }
    out = child_path(out, name);
    node = child;
  }
  return changed ? std::optional(out) : std::nullopt;
}

}  // namespace carapace::config
