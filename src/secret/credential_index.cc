#include "secret/credential_index.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "base/json.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/read_file.h"
#include "log/log.h"
#include "secret/store/contract.h"

namespace carapace::secret {
namespace {

constexpr log::Log kLog{"secrets"};
constexpr std::size_t kMaxIndexBytes = 8UL << 20U;

std::optional<CredentialIndex> parse(std::string_view text) {
  const auto tree = parse_json(text);
  const auto* object = tree ? tree->if_object() : nullptr;
  if (!object || find_int(*object, "version").value_or(0) != 1) return std::nullopt;
  const auto* entries = find_array(*object, "entries");
  if (!entries) return std::nullopt;
  CredentialIndex index;
  for (const auto& item : *entries) {
    const auto* entry = item.if_object();
    if (!entry || string_or(*entry, "account", "").empty()) return std::nullopt;
    index.put({string_or(*entry, "account", ""), string_or(*entry, "store", ""),
               find_int(*entry, "createdAt").value_or(0),
               find_int(*entry, "updatedAt").value_or(0)});
  }
  if (const auto* plugins = find_object(*object, "plugins")) {
    for (const auto& [name, value] : *plugins) {
      const auto* quota = value.if_object();
      const auto* writes = quota ? find_array(*quota, "writes") : nullptr;
      for (const auto& at : writes ? *writes : json::array{})
        if (const auto ms = as_int(at)) index.plugin_writes[std::string(name)].push_back(*ms);
    }
  }
  return index;
}

std::string text_of(const CredentialIndex& index) {
  json::array entries;
  for (const auto& entry : index.entries)
    entries.push_back(json::object{{"account", entry.account},
                                   {"store", entry.store},
                                   {"createdAt", entry.created_ms},
                                   {"updatedAt", entry.updated_ms}});
  json::object plugins;
  for (const auto& [name, writes] : index.plugin_writes)
    plugins[name] = json::object{{"writes", json::array(writes.begin(), writes.end())}};
  return dump_json(json::object{
             {"version", 1}, {"entries", std::move(entries)}, {"plugins", std::move(plugins)}}) +
         "\n";
}

}  // namespace

CredentialEntry* CredentialIndex::find(std::string_view account) {
  const auto found = std::ranges::find(entries, account, &CredentialEntry::account);
  return found == entries.end() ? nullptr : &*found;
}

void CredentialIndex::put(CredentialEntry entry) {
  if (auto* known = find(entry.account)) {
    *known = std::move(entry);
    return;
  }
  const auto at = std::ranges::lower_bound(entries, entry.account, {}, &CredentialEntry::account);
  entries.insert(at, std::move(entry));
}

void CredentialIndex::erase(std::string_view account) {
  std::erase_if(entries, [account](const auto& entry) { return entry.account == account; });
}

CredentialIndexFile::CredentialIndexFile(std::string folder) : folder_(std::move(folder)) {}

Result<std::unique_ptr<fs::FileLock>> CredentialIndexFile::lock() const {
  if (const auto made = fs::ensure_dir(folder_); !made)
    return store_fail(StoreFault::io, made.error().detail);
  auto held = fs::lock_within(folder_ + "/index.lock", kReadLimit);
  if (!held) return store_fail(StoreFault::timeout, held.error().detail);
  return held;
}

Result<CredentialIndex> CredentialIndexFile::read(std::int64_t now_ms) const {
  const auto text = fs::read_file(path(), {.max_bytes = kMaxIndexBytes});
  if (!text && text.error().code == Errc::not_found) return CredentialIndex{};
  if (text)
    if (auto index = parse(*text)) return std::move(*index);
  if (!text && text.error().code != Errc::too_large)
    return store_fail(StoreFault::io, text.error().detail);
  if (const auto copy = fs::read_file(path() + ".bak", {.max_bytes = kMaxIndexBytes}))
    if (auto index = parse(*copy)) {
      kLog.warn("the index of credentials was broken; its copy is used", {{"file", path()}});
      return std::move(*index);
    }
  const auto aside = folder_ + "/index.corrupt." + std::to_string(now_ms);
  if (std::rename(path().c_str(), aside.c_str()) != 0)
    return store_fail(StoreFault::index_corrupted,
                      path() + " is broken and cannot be moved away: " + std::strerror(errno));
  kLog.error("the index of credentials was broken and so was its copy; it starts empty",
             {{"movedTo", aside}});
  return CredentialIndex{};
}

Status CredentialIndexFile::write(const CredentialIndex& index) const {
  const auto text = text_of(index);
  // The copy is a good one at any time: a broken file must not take its place.
  const auto before = fs::read_file(path(), {.max_bytes = kMaxIndexBytes});
  const bool keep = before && parse(*before).has_value();
  for (const auto& [to, what] :
       {std::pair{path() + ".bak", keep ? *before : text}, std::pair{path(), text}})
    if (const auto done = fs::atomic_write(to, what, {.mode = 0600}); !done)
      return store_fail(StoreFault::io, done.error().detail);
  return {};
}

}  // namespace carapace::secret
