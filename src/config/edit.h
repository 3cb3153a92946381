// Changes or removes one value in a JSON5 text and leaves every other byte as it was: comments,
// order, quotes, indents. Pure; any thread. The result has been read again and compared, so that an
// edit can never break a file.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/key_path.h"

namespace carapace::config {

// Replaces the value at `path`, or inserts it with the objects that are missing around it. The
// index of a list may be one past its end, which appends. An empty text becomes a new document.
// conflict when something on the way is neither object nor list; invalid_request when the text does
// not parse.
Result<std::string> set_in_text(std::string_view text, const KeyPath& path,
                                const json::value& value);

// Takes the key, or the item of a list, out of the text; what stands around it stays as it is, also
// when it is empty then. not_found when it is not there.
Result<std::string> unset_in_text(std::string_view text, const KeyPath& path);

// The same on trees. `set_in_tree` is a conflict where `set_in_text` is one; `unset_in_tree` says
// whether the key was there.
Status set_in_tree(json::value& tree, const KeyPath& path, const json::value& value);
bool unset_in_tree(json::value& tree, const KeyPath& path);
// nullptr when nothing is there.
const json::value* find_in_tree(const json::value& tree, const KeyPath& path);

// JSON with two blanks an indent; what `set_in_text` writes for a new document, without the last
// new line.
std::string pretty_json(const json::value& value);

}  // namespace carapace::config
