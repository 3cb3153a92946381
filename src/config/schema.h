// What the rows say about a configuration tree: which keys exist, their types, bounds, defaults,
// which are secret. One Schema holds the rows of all modules; it is made once in `app/` and handed
// on by reference. It does not know what a key is for. Immutable after construction; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/field_row.h"
#include "base/json_fwd.h"
#include "config/key_path.h"
#include "config/read/moves.h"

namespace carapace::config {

enum class Severity : std::uint8_t { warning, error };

struct Issue {
  Severity severity = Severity::error;
  std::string path;
  std::string message;  // a sentence without the path
  bool unknown_key = false;
  bool missing_key = false;  // a required one
  // The same in the words of the ancestor's protocol: the path (of the object that holds an unknown
  // key) with dots throughout, and the message (for an unknown key: its name alone).
  std::string wire_path = {};
  std::string wire = {};
  bool operator==(const Issue&) const = default;
};
std::string to_text(const Issue& issue);  // "gateway.port: must be between 1 and 65535, not 0."

// The records of a reply (`details.issues`); unknown keys of one object are one record:
// {"gateway", "Unrecognized keys: \"a\", \"b\""}, {"gateway.port", "Invalid input: expected …"}.
struct WireIssue {
  std::string path;
  std::string message;
  bool operator==(const WireIssue&) const = default;
};
std::vector<WireIssue> wire_issues(std::span<const Issue> issues);

class SchemaWalk;

class Schema {
 public:
  // The rows are constant data that outlives the schema. Of two rows with one path the first
  // counts.
  // `moves`: older spellings beside those of `builtin_moves()` (read/moves.h) and those that rows
  // give with `same_as`.
  explicit Schema(std::span<const FieldRow> rows);
  Schema(std::initializer_list<std::span<const FieldRow>> tables,
         std::span<const MoveRow> moves = {});
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  ~Schema();

  // Types, choices and bounds are errors; keys that no row knows are warnings with the nearest
  // name, and so are required ones that are missing. null counts as not set. Never changes the
  // tree, and goes no deeper than the rows do.
  std::vector<Issue> validate(const json::value& tree) const;

  const FieldRow* row(const KeyPath& path) const;  // nullptr when none
  // A row, an object that holds rows, or anything below a row that takes everything.
  bool known(const KeyPath& path) const;
  // By its row, by that of something around it, or by its name.
  bool is_secret(const KeyPath& path) const;
  // The default of the row; null when it has none.
  json::value fallback(const KeyPath& path) const;
  // The known path that looks most like this one.
  std::optional<std::string> suggestion(const KeyPath& path) const;
  // In the order in which they were given.
  auto rows() const { return std::views::join(tables_); }
  std::span<const MoveRow> moves() const { return moves_; }

 private:
  friend class SchemaWalk;
  struct Node;
  std::vector<std::span<const FieldRow>> tables_;  // no copies: the rows are most of the memory
  std::vector<MoveRow> moves_;
  std::vector<Node> nodes_;  // the root first
};

// A copy in which every secret is the mask (numbers under a secret key: null); keys and passwords
// within other texts (addresses, commands) are masked as in the log. References such as `${NAME}`
// stay, since they say nothing; so do empty texts.
json::value redacted(const json::value& tree, const Schema& schema, std::string_view mask = "***");

}  // namespace carapace::config
