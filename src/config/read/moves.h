// Spellings of older versions and of earlier programs, as rows: what a key was called, and what it
// is called today. A file is read as if it had today's spelling; it is written only when somebody
// asks (`carapace config import`). Rows that name no vendor stand here; the others come from
// extensions/ by the Schema. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "config/key_path.h"

namespace carapace::config {

struct MoveRow {
  // Dotted; `*` stands for any key or index, and those of `to` are filled with what the ones of
  // `from` met, in order. "\*" in `to` is a key that is an asterisk.
  std::string_view from;
  std::string_view to;  // empty: the value is taken out
  // What the value becomes; nullopt: it has no meaning today and goes. nullptr: it stays as it is.
  std::optional<json::value> (*change)(const json::value& old) = nullptr;
  // Where both are set: false, today's spelling counts; true, the older one (it is the more special
  // place). Objects are laid over one another.
  bool older_wins = false;
  // Not for a value that is no object.
  bool objects_only = false;
  // Instead of `change` and the plain way: puts the old value into the tree. False: it cannot.
  bool (*special)(json::value& tree, const json::value& old) = nullptr;
};

std::span<const MoveRow> builtin_moves();

struct Moved {
  KeyPath from;
  KeyPath to;  // empty: it went
};

// In the order of the rows, `builtin_moves()` after `rows`. A tree without older spellings is not
// changed.
std::vector<Moved> apply_moves(json::value& tree, std::span<const MoveRow> rows);
// "is gateway.auth.token today; it is read as that."
std::string sentence(const Moved& moved);
// Where a path of the new tree stood in the old one.
KeyPath before_moves(const KeyPath& path, std::span<const Moved> moved);

}  // namespace carapace::config
