// A configuration as it lies on the disk: the main file, what it includes, and the tree that they
// make together with references as written. Knows for every value where it stands, also when it
// came from an include. A document is never thrown away for being wrong: what is wrong with it is
// part of it, beside the text, the hash and the names of all files that were looked at. Reading
// blocks on the disk; the result is a value; any thread.
//
// Facts of `$include` (infrastructure specification B.1): a text or a list of texts; relative to
// the file that holds it, or to the home folder with `~/`; any object at any depth, in lists too;
// objects merge, lists follow one another, keys beside `$include` win; ten levels; cycles are
// judged per chain. Ours: includes stay in the folder of the configuration unless
// CARAPACE_INCLUDE_ROOT names others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/json5.h"
#include "config/key_path.h"
#include "config/paths.h"
#include "config/read/moves.h"
#include "config/schema.h"

namespace carapace::config {

struct Source {
  std::string file;
  std::size_t line = 0;    // from 1; 0: the value stands in no file
  std::size_t column = 0;  // from 1, in characters
  bool operator==(const Source&) const = default;
};
std::string to_text(const Source& source);  // "/etc/c.json5:3:7"

// The text of a file by the name under which it was asked for. `not_found` when it is not there. A
// writer puts one in front of the disk that answers with texts not written yet.
using ReadText = std::function<Result<std::string>(const std::string& path)>;
// The disk: regular files up to the limit, read in one piece (a file that changes meanwhile is read
// again); symbolic links are followed.
Result<std::string> read_from_disk(const std::string& path);

struct ReadRules {
  std::vector<std::string> roots = {};  // absolute folders that may be included from as well
  std::string home = {};                // what `~/` means in the name of an include
  // All texts were kept and come from the reader: it does not matter where their names lead today.
  bool kept = false;
  std::size_t max_depth = 10;  // includes within includes
  std::size_t max_files = 256;
  std::size_t max_includes = 1024;            // every time that a file is put in counts,
  std::size_t max_total_bytes = 16UL << 20U;  // and so do its bytes
};
// CARAPACE_INCLUDE_ROOT: folders separated by ':', `~` allowed.
ReadRules read_rules(const Environment& environment);

enum class ReadFailure : std::uint8_t {
  parse_error,
  read_error,
  include_not_found,
  invalid_include_directive,
  include_must_be_object,
  circular_include,
  include_depth_exceeded,
  include_outside_root,
  too_much,
};
std::string_view name_of(
    ReadFailure failure);  // "ParseError"; the ancestor's names where it has one

struct ReadProblem {
  ReadFailure failure = ReadFailure::read_error;
  Errc code = Errc::invalid_request;
  Source at;
  std::string path;  // of the key that includes; empty for the whole file
  std::string what;  // a sentence without the place, with what to do
};

struct DocumentFile {
  std::string path;       // absolute, as it was named
  std::string text;       // empty when it could not be read
  std::string real = {};  // the same with links followed
  bool exists = false;
};

struct Document {
  std::string file;       // as it was named
  bool exists = false;    // a missing file is an empty object
  std::string text = {};  // the bytes of the main file
  // Main first, then each include once; also those that are missing or broken, so that somebody who
  // watches sees them mended.
  std::vector<DocumentFile> files = {};
  // Names that would come before those of `files`, if something lay there.
  std::vector<std::string> absent = {};
  std::vector<Issue> warnings = {};  // keys that stand twice
  std::vector<Moved> moved = {};     // older spellings, once somebody has looked for them
  std::optional<ReadProblem> problem = {};

  // Empty object when there is a problem.
  const json::value& tree() const;
  // SHA-256 hex of `text` (of nothing when the file is missing). Made when it is asked for: a
  // command that only reads should not have to wait for a cryptographic library to set itself up.
  std::string hash() const;
  // Where the value of a path of today stands, also when the file uses an older spelling, or the
  // nearest one around it. Without such a value the begin of the file.
  Source source(const KeyPath& path) const;

  struct Content;
  std::shared_ptr<const Content> content = {};
};

// "file:line:column: what" with what to do.
Error to_error(const ReadProblem& problem);

// An empty `reader` is the disk, and then includes are opened without following any link, so that
// nobody leads a checked name somewhere else meanwhile. Files that change while the set of them is
// read are read again, for a quarter of a second: the document is what lay there at one moment.
Document read_document(const std::string& file, const ReadRules& rules,
                       const ReadText& reader = {});

}  // namespace carapace::config
