// The configuration in force: what the file says, with references filled in and checked against the
// rows, and the defaults of the rows for everything else. Made at start and at reload, then only
// read; the JSON inside is for the modules that turn it into their own types at the door. A value;
// any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/paths.h"
#include "config/read/document.h"
#include "config/schema.h"

namespace carapace::config {

struct Inspection;
// Everything there is to say about a configuration file, valid or not. Blocks on the disk.
Inspection inspect(const std::string& file, const Schema& schema, const Environment& environment,
                   const ReadText& reader = {});
// The same for texts that were kept: none comes from the disk, and it does not matter where their
// names lead today. `kept` answers not_found for what it has not.
Inspection inspect_kept(const std::string& file, const Schema& schema,
                        const Environment& environment, const ReadText& kept);

// Brings spellings that older files use into the form that the rows know: agents.defaults.model as
// a text.
void accept_short_forms(json::value& tree);

class Config {
 public:
  // A missing or blank file means defaults. Errors name file, line, column and key, and say what to
  // do. The schema outlives what is made with it. Gives what can be used, as `inspect` says it.
  static Result<Config> load(const std::string& file, const Schema& schema,
                             const Environment& environment);
  // The same from text; `file` stands in messages, and includes are relative to it.
  static Result<Config> from_text(std::string_view text, const std::string& file,
                                  const Schema& schema, const Environment& environment);

  Config(const Config& other);
  Config(Config&&) noexcept;
  Config& operator=(const Config& other);
  Config& operator=(Config&&) noexcept;
  ~Config();

  // Getters take a path that some row knows (anything else is our own mistake and checked). What is
  // not set gives the default of its row, without one the empty value of the type; `has` tells them
  // apart.
  bool has(std::string_view path) const;
  std::string text(std::string_view path) const;
  std::string file_path(std::string_view path) const;  // text with `~` filled in
  std::int64_t integer(std::string_view path) const;
  double number(std::string_view path) const;
  bool flag(std::string_view path) const;
  std::vector<std::string> list(std::string_view path) const;
  // nullptr when not set. The pointers live as long as this object is unchanged.
  const json::object* object(std::string_view path) const;
  const json::value* value(std::string_view path) const;

  // For people: the value in force, secrets masked. not_found (with the nearest name) for what
  // nobody knows.
  Result<json::value> shown(std::string_view path) const;
  json::value shown_all() const;       // what the file sets, secrets masked, references as written
  json::value shown_in_force() const;  // the same, with the defaults of what it leaves out

  const json::value& raw() const;   // as in the file
  const json::value& tree() const;  // with references filled in
  // Everything that the checker said; errors among them are of secrets that are not set because of
  // it (see Inspection).
  const std::vector<Issue>& warnings() const;
  // Spellings of older versions that were read as what they mean today.
  const std::vector<Issue>& legacy_issues() const;
  const std::string& file() const;
  bool from_file() const;  // was there one?
  const Document& document() const;
  // The process's environment with the `env` section beneath it: for references and for children.
  const Environment& environment() const;
  // Where the value in force stands, also when an older spelling set it; line 0 when no file sets
  // it.
  Source source(std::string_view path) const;

 private:
  friend class Inspector;
  struct State;
  explicit Config(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct Inspection {
  Document document;
  std::vector<Issue> issues = {};  // errors and warnings, in the order of the file
  std::vector<Issue> legacy = {};
  // What a gateway can run with. One kind of error leaves it there: a secret whose variable is
  // missing counts as not set, and only its user fails (a provider, a channel; never a credential
  // of the gateway itself). So `valid()` judges an edit, and this a start.
  std::optional<Config> config = {};
  std::optional<Error> error = {};  // all errors as one text with file, line and column of each

  // Nothing is wrong with it.
  bool valid() const { return !error; }
};

}  // namespace carapace::config
