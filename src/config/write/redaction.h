// What somebody far away may see of a configuration, and how what he sends back becomes whole
// again. In place of each secret stands one mark; a text that carries the mark back means "as it
// is". References (`${NAME}`, `keychain:`, `file:`, `exec:`) say nothing and are shown; what is
// encrypted is not. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/json5.h"
#include "config/key_path.h"
#include "config/schema.h"

namespace carapace::config {

// Stands in replies where a secret stands in the file.
inline constexpr std::string_view kRedactedMark = "__CARAPACE_REDACTED__";

class Redaction {
 public:
  // Whatever is a secret in one of the trees is also taken out of comments and other texts, when it
  // is long enough to be no everyday word.
  Redaction(const Schema& schema, const std::vector<const json::value*>& trees);

  json::value masked(const json::value& tree) const;
  void mask(json::value& value, KeyPath& path) const;  // the same in place, for a part of a tree
  // The text of a file, byte for byte the same where no secret stands. nullopt when it does not
  // parse: then nobody knows where its secrets are.
  std::optional<std::string> masked_text(std::string_view text) const;
  // A sentence for people: shapes of keys, and the known secrets.
  std::string masked_sentence(std::string_view text) const;

  // Is the value shown as the mark?
  bool hides(const KeyPath& path, const json::value& value) const;
  // May a mark that comes back stand for it? Also for a reference, which was shown.
  bool keeps(const KeyPath& path, const json::value& value) const;
  // Does a text that is no secret by its place hold one?
  bool hides_text(std::string_view text) const;

  struct Place {  // where a mark came back, and whose value it stands for
    KeyPath now;
    KeyPath before;
  };
  // Puts the values of `old` in the place of marks: of one key at the same key, of items of a list
  // at the item with the same id, or the one that nothing else can be meant. invalid_request where
  // that is not certain or there is no such value; a mark never stays and never moves a secret.
  Result<json::value> restored(json::value sent, const json::value& old,
                               std::vector<Place>* places = nullptr) const;
  // The same for a whole file: what is restored has the bytes that it has in `old_text` where it
  // stands there.
  Result<std::string> restored_text(std::string_view sent, std::string_view old_text,
                                    const json::value& old) const;

 private:
  void learn(const json::value& value, KeyPath& path);

  const Schema& schema_;
  std::vector<std::string> known_;
};

// Only the owner's own words are references: is this text shown as it is, though a secret stands
// here?
bool is_shown_reference(std::string_view text);

}  // namespace carapace::config
