#include "config/history.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/bytes.h"
#include "base/json.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/read_file.h"
#include "secret/envelope.h"
#include "secret/sealed.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr string_view kSuffix = ".sealed";
// Includes may hold 4 MiB each, and JSON escapes what is no plain text.
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMaxEntryBytes = 256UL << 20U;

std::string entry_path(const std::string& folder, std::uint64_t number) {
  return fmt::format("{}/{}{}", folder, number, kSuffix);
}

// Numbers of all entries that lie there, newest first.
std::vector<std::uint64_t> numbers_in(const std::string& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(folder, error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    const auto name = at->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const auto* end = name.data() + name.size() - kSuffix.size();
    std::uint64_t number = 0;
    if (const auto [stop, wrong] = std::from_chars(name.data(), end, number);
        wrong == std::errc() && stop == end)
      numbers.push_back(number);
  }
  std::ranges::sort(numbers, std::greater());
  return numbers;
}

std::string key_path(const std::string& folder) { return folder + "/key"; }

// not_found when it is not there.
Result<secret::Sealed> load_key(const std::string& folder) {
  const auto path = key_path(folder);
  TRY_STATUS(fs::exists(path) ? fs::make_private(path) : Status());
  TRY(auto text, fs::read_file(path, {.max_bytes = 256}));
  auto bytes = from_hex(string_view(text).substr(0, 2 * kKeyBytes));
  secret::wipe(text);
  if (!bytes || bytes->size() != kKeyBytes)
    return fail(Errc::invalid_request,
                "{} is no key: the entries of the configuration's history cannot be opened. Move "
                "the folder away, and a new history begins.",
                path);
  return secret::Sealed(std::move(*bytes));
}

// Two processes that do so at once end with the same key.
Result<secret::Sealed> load_or_create_key(const std::string& folder, Random& random) {
  auto key = load_key(folder);
  if (key || key.error().code != Errc::not_found) return key;
  const auto made =
      fs::atomic_write(key_path(folder), random_hex(random, kKeyBytes) + "\n", {.replace = false});
  if (!made && made.error().code != Errc::conflict) return std::unexpected(made.error());
  return load_key(folder);
}

std::string to_bytes(const HistoryEntry& entry) {
  json::array files;
  for (const auto& file : entry.files)
    files.push_back(json::object{{"path", file.path}, {"text", to_base64(file.text)}});
  return dump_json(json::object{{"number", entry.number},
                                {"at", entry.at_ms},
                                {"by", entry.by},
                                {"hash", entry.hash},
                                {"good", entry.good},
                                {"files", std::move(files)}});
}

Result<HistoryEntry> from_bytes(string_view bytes, std::uint64_t number) {
  TRY(const auto tree, parse_json(bytes, {.max_bytes = kMaxEntryBytes}));
  const auto damaged = fail(Errc::invalid_request, "the entry is no bundle of files");
  const auto* object = tree.if_object();
  // The number stands inside as well: one entry cannot be put in the place of another.
  if (object == nullptr || find_int(*object, "number") != static_cast<std::int64_t>(number))
    return damaged;
  HistoryEntry entry{.number = number,
                     .at_ms = find_int(*object, "at").value_or(0),
                     .by = string_or(*object, "by", ""),
                     .hash = string_or(*object, "hash", ""),
                     .good = find_bool(*object, "good").value_or(false),
                     .files = {}};
  const auto* files = find_array(*object, "files");
  if (files == nullptr) return damaged;
  for (const auto& file : *files) {
    if (!file.is_object()) return damaged;
    auto text = from_base64(string_or(file.get_object(), "text", ""));
    if (!text) return damaged;
    entry.files.push_back({string_or(file.get_object(), "path", ""), std::move(*text)});
  }
  return entry;
}

Result<HistoryEntry> open_entry(const std::string& folder, const secret::Sealed& key,
                                std::uint64_t number) {
  const auto sealed = fs::read_file(entry_path(folder, number), {.max_bytes = kMaxEntryBytes});
  if (!sealed) {
    if (sealed.error().code == Errc::not_found)
      return fail(Errc::not_found, "the history has no number {}", number);
    return std::unexpected(sealed.error());
  }
  const auto bytes = secret::open_with_key(key.reveal(), *sealed);
  auto entry = bytes ? from_bytes(bytes->reveal(), number)
                     : Result<HistoryEntry>(std::unexpect, bytes.error());
  if (entry) return entry;
  return fail(Errc::invalid_request, "number {} of the history cannot be opened: {}", number,
              entry.error().detail);
}

Status write_entry(const std::string& folder, const secret::Sealed& key, const HistoryEntry& entry,
                   bool replace, Random& random) {
  auto bytes = to_bytes(entry);
  const auto sealed = secret::seal_with_key(key.reveal(), bytes, random);
  secret::wipe(bytes);
  if (!sealed) return std::unexpected(sealed.error());
  return fs::atomic_write(entry_path(folder, entry.number), *sealed, {.replace = replace});
}

// The newest ten stay. When a gateway has run with none of them, the newest with which one has
// takes the place of the tenth: what a start falls back on is never pushed out.
void prune(const std::string& folder, const secret::Sealed& key) {
  auto numbers = numbers_in(folder);
  if (numbers.size() <= kHistoryLength) return;
  const auto good = std::ranges::find_if(numbers, [&](std::uint64_t number) {
    const auto entry = open_entry(folder, key, number);
    return entry && entry->good;
  });
  const auto last = numbers.begin() + kHistoryLength - 1;
  if (good != numbers.end() && good > last) std::rotate(last, good, good + 1);
  std::error_code ignored;  // what stays a little longer is looked at again by the next write
  for (std::size_t i = kHistoryLength; i < numbers.size(); ++i)
    std::filesystem::remove(entry_path(folder, numbers[i]), ignored);
}

Error lost_key(const std::string& folder) {
  return {Errc::invalid_request,
          fmt::format("the key of the configuration's history, {}, is gone: its entries cannot be "
                      "opened. Bring the key back from a backup, or move the folder away.",
                      key_path(folder))};
}

}  // namespace

History::History(std::string state_dir, Random& random)
    : folder_(std::move(state_dir) + "/config-history"), random_(&random) {}

Result<HistoryList> History::list() const {
  HistoryList out;
  const auto numbers = numbers_in(folder_);
  if (numbers.empty()) return out;
  const auto key = load_key(folder_);
  if (!key)
    return std::unexpected(key.error().code == Errc::not_found ? lost_key(folder_) : key.error());
  for (const auto number : numbers) {
    auto entry = open_entry(folder_, *key, number);
    if (entry) {
      out.entries.push_back(std::move(*entry));
    } else if (entry.error().code != Errc::not_found) {
      out.damaged.push_back(entry.error().detail);
    }
  }
  return out;
}

Result<HistoryEntry> History::load(std::uint64_t number) const {
  const auto key = load_key(folder_);
  if (key) return open_entry(folder_, *key, number);
  if (key.error().code != Errc::not_found) return std::unexpected(key.error());
  if (numbers_in(folder_).empty())
    return fail(Errc::not_found, "the history has no number {}", number);
  return std::unexpected(lost_key(folder_));
}

Result<std::uint64_t> History::record(const HistoryEntry& entry) const {
  constexpr int kTries = 50;  // others may take the number first
  TRY_STATUS(fs::ensure_dir(folder_));
  TRY(const auto key, load_or_create_key(folder_, *random_));
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto numbers = numbers_in(folder_);
    const auto newest = numbers.empty() ? Result<HistoryEntry>(std::unexpect, Error())
                                        : open_entry(folder_, key, numbers.front());
    if (newest && newest->files == entry.files) return newest->number;
    auto next = entry;
    next.number = numbers.empty() ? 1 : numbers.front() + 1;
    const auto written = write_entry(folder_, key, next, false, *random_);
    if (written) {
      prune(folder_, key);
      return next.number;
    }
    if (written.error().code != Errc::conflict) return std::unexpected(written.error());
  }
  return fail(Errc::unavailable, "the configuration's history is written by too many at once");
}

Result<bool> History::mark_good(string_view hash) const {
  const auto numbers = numbers_in(folder_);
  if (numbers.empty()) return false;
  TRY(const auto key, load_key(folder_));
  for (const auto number : numbers) {
    auto entry = open_entry(folder_, key, number);
    if (!entry || entry->hash != hash) continue;
    if (entry->good) return true;
    entry->good = true;
    TRY_STATUS(write_entry(folder_, key, *entry, true, *random_));
    return true;
  }
  return false;
}

Result<std::optional<HistoryEntry>> History::newest_good() const {
  TRY(auto all, list());
  const auto found = std::ranges::find_if(all.entries, &HistoryEntry::good);
  if (found == all.entries.end()) return std::optional<HistoryEntry>();
  return std::optional<HistoryEntry>(std::move(*found));
}

Result<std::optional<std::uint64_t>> record_document(const History& history,
                                                     const Document& document, std::string by,
                                                     std::int64_t at_ms) {
  if (!document.exists) return std::optional<std::uint64_t>();
  HistoryEntry entry{.at_ms = at_ms, .by = std::move(by), .hash = document.hash(), .files = {}};
  for (const auto& file : document.files) entry.files.push_back({file.path, file.text});
  TRY(const auto number, history.record(entry));
  return std::optional(number);
}

}  // namespace carapace::config
