#include "config/write.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/edit.h"
#include "config/json5.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/io_error.h"
#include "fs/lock.h"
#include "fs/read_file.h"

namespace carapace::config {
namespace {

constexpr std::chrono::seconds kLockBudget{10};

// The file itself when the name is a link to it: replacing the link would part the two.
std::string behind_links(const std::string& file) {
  std::error_code error;
  const auto real = std::filesystem::canonical(file, error);
  return error ? file : real.string();
}

// Where a key lies in a file that uses the short form: its text stands for the object's first key.
KeyPath behind_short_form(std::string_view text, const KeyPath& path) {
  const auto written = parse_json5(text);
  if (!written) return path;
  auto full = *written;
  accept_short_forms(full);
  const auto at = [&](const json::value& tree, std::size_t depth) -> const json::value* {
    const auto* here = &tree;
    for (std::size_t i = 0; here != nullptr && i < depth; ++i) {
      const auto* object = here->if_object();
      here = object == nullptr ? nullptr : object->if_contains(path[i]);
    }
    return here;
  };
  if (path.empty()) return path;
  const auto* short_form = at(*written, path.size() - 1);
  if (short_form == nullptr || !short_form->is_string() || at(full, path.size()) == nullptr)
    return path;
  return KeyPath(path.begin(), path.end() - 1);
}

std::vector<Issue> issues_of(std::string_view text, const Schema& schema) {
  auto tree = parse_json5(text);
  if (!tree) return {};
  accept_short_forms(*tree);
  return schema.validate(*tree);
}

}  // namespace

Result<std::vector<Issue>> set_in_file(const std::string& file, const KeyPath& path,
                                       const json::value& value, const Schema& schema) {
  TRY_STATUS(fs::ensure_dir(fs::folder_of(file)));
  TRY(const auto lock, fs::lock_within(file + ".lock", kLockBudget));
  const auto target = behind_links(file);
  auto old = fs::read_file(target, {.max_bytes = kMaxConfigBytes});
  if (!old && old.error().code != Errc::not_found) return std::unexpected(old.error());
  const auto before = old ? *old : std::string();

  auto after = set_in_text(before, behind_short_form(before, path), value);
  if (!after) return fail(after.error().code, "{}: {}", file, after.error().detail);
  const auto known = issues_of(before, schema);
  std::vector<Issue> mine;
  for (auto& issue : issues_of(*after, schema)) {
    if (std::ranges::find(known, issue) != known.end()) continue;
    if (issue.severity == Severity::error) return fail(Errc::invalid_request, to_text(issue));
    mine.push_back(std::move(issue));
  }
  TRY_STATUS(fs::atomic_write(target, *after));
  return mine;
}

json::value typed_value(std::string_view typed, const FieldRow* row) {
  auto parsed = parse_json5(typed);
  const bool wants_text = row != nullptr && row->type == FieldType::text;
  if (wants_text && !(parsed && parsed->is_string())) return json::string(typed);
  if (parsed) return std::move(*parsed);
  if (row == nullptr || row->type != FieldType::text_list) return json::string(typed);
  json::array list;
  for (const auto part : split(typed, ',')) list.emplace_back(trim(part));
  return list;
}

}  // namespace carapace::config
