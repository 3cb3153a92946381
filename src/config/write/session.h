// One write of the configuration, from the lock to the rename. Inside config/write/ only.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/write/writer.h"
#include "fs/lock.h"

namespace carapace::config {

struct Writer::Session {
  const WriterSettings& settings;
  const WriteRequest& request;
  std::string target = {};
  std::unique_ptr<fs::FileLock> lock = {};
  std::optional<Inspection> before = {};
  std::shared_ptr<const json::value> old = {};

  using Text = std::expected<std::string, Refusal>;

  // The tree of the file as it is: merged, references as written.
  const json::value& old_tree() const { return *old; }

  std::optional<Refusal> open();
  std::optional<Refusal> check_hash() const;
  bool is_as_it_was() const;
  Text prepared(std::string text, json::value* wanted) const;
  std::optional<Refusal> judge(const Inspection& after) const;
  void keep_references_in(json::value& sent) const;
  // An item of a list that an included file holds: the main file has no such list to change.
  std::optional<Refusal> judge_list(const KeyPath& path) const;
  // A value that only an included file can take away.
  std::optional<Refusal> judge_includes(const Inspection& after, const json::value& wanted) const;
  // `wanted`: the merged tree that must come out. `bundle`: files that come back as they were, the
  // main one (`text`) included, byte for byte.
  WriteResult commit(std::string text, json::value* wanted,
                     const std::vector<HistoryFile>* bundle = nullptr);
  Status keep(const Document& document, std::string by) const;
};

std::unexpected<Refusal> refuse(Refused why, Errc code, std::string sentence);
std::unexpected<Refusal> refuse(Refused why, Error error);
// In the words of other programs of this protocol: a place and one character, never the line.
std::string syntax_error(std::string_view text);

}  // namespace carapace::config
