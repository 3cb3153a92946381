// The memory of a disk that can lose its power: for every file what was synced and what was only
// written since. When the power goes, each unsynced write survives whole, in part (sectors of 512
// bytes) or not at all, and files that were made or deleted without a sync of their folder may be
// there or not. Knows nothing of SQLite: support/unsynced_vfs.h tells it what happens. Header only,
// thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carapace::test {

class UnsyncedDisk {
 public:
  struct Change {
    std::int64_t offset = 0;  // of a write; the new size of a truncation
    std::string bytes;
    bool truncates = false;
  };
  struct Node {  // one file
    std::string path;
    std::string durable;
    std::vector<Change> pending;
    bool named = false;  // its folder entry is durable
  };

  explicit UnsyncedDisk(std::uint64_t seed) : random_(seed) {}

  // After this many more changes (writes, truncations, syncs, deletions) nothing changes any more.
  void lose_power_after(std::int64_t changes) {
    const std::scoped_lock lock(mutex_);
    left_ = changes;
  }
  bool power_lost() {
    const std::scoped_lock lock(mutex_);
    return left_ == 0;
  }
  // A disk that answers "done" and does nothing.
  void lie_about_sync(bool lie) {
    const std::scoped_lock lock(mutex_);
    lies_ = lie;
  }
  // Of the changes from now on, `skip` work and the next `count` answer `code` (-1: all of them).
  void fail_changes(int code, std::int64_t skip, std::int64_t count) {
    const std::scoped_lock lock(mutex_);
    fault_ = {code, skip, count};
  }

  // 0, or what the next change answers instead of happening; `dead` when the power is gone.
  int refuse_change(int dead) {
    const std::scoped_lock lock(mutex_);
    if (left_ == 0) return dead;
    if (left_ > 0) --left_;
    if (fault_.count == 0) return 0;
    if (fault_.skip > 0) {
      --fault_.skip;
      return 0;
    }
    if (fault_.count > 0) --fault_.count;
    return fault_.code;
  }

  // `exists`: before it was opened. What lies there unknown to us counts as synced.
  Node* opened(const std::string& path, bool exists) {
    const std::scoped_lock lock(mutex_);
    auto& entry = entries_[path];
    if (entry.now != nullptr) return entry.now;
    entry.now = nodes_.emplace_back(std::make_unique<Node>()).get();
    entry.now->path = path;
    if (!exists) return entry.now;
    std::ifstream in(path, std::ios::binary);
    entry.now->durable.assign(std::istreambuf_iterator<char>(in), {});
    entry.now->named = true;
    return entry.now;
  }
  void wrote(Node* node, std::string_view bytes, std::int64_t offset) {
    const std::scoped_lock lock(mutex_);
    node->pending.push_back({offset, std::string(bytes), false});
  }
  void truncated(Node* node, std::int64_t size) {
    const std::scoped_lock lock(mutex_);
    node->pending.push_back({size, {}, true});
  }
  void synced(Node* node, bool folder_too) {
    const std::scoped_lock lock(mutex_);
    if (lies_) return;
    for (const auto& change : node->pending) apply(node->durable, change);
    node->pending.clear();
    if (folder_too) sync_folder(node->path);
  }
  void deleted(const std::string& path, bool folder_too) {
    const std::scoped_lock lock(mutex_);
    auto& entry = entries_[path];
    if (entry.now != nullptr && entry.now->named) entry.before = entry.now;
    entry.now = nullptr;
    if (folder_too && !lies_) sync_folder(path);
  }

  // Puts on the real disk what a power loss at this moment would have left, and switches the power
  // on. Wants all files closed.
  void restore_power() {
    const std::scoped_lock lock(mutex_);
    const auto luck = static_cast<Luck>(random_() % 4);
    for (const auto& [path, entry] : entries_) {
      const Node* survivor = entry.before != nullptr && coin() ? entry.before : entry.now;
      if (survivor != nullptr && !survivor->named && coin()) survivor = entry.before;
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
      std::filesystem::remove(path + "-shm", ignored);
      if (survivor != nullptr)
        std::ofstream(path, std::ios::binary) << image_after_loss(*survivor, luck);
    }
    entries_.clear();
    nodes_.clear();
    left_ = -1;
  }

 private:
  enum class Luck : std::uint8_t { nothing, everything, whole_writes, torn_writes };
  struct Entry {
    Node* now = nullptr;
    Node* before = nullptr;  // the durable entry that a deletion without a folder sync left behind
  };
  struct Fault {
    int code = 0;
    std::int64_t skip = 0, count = 0;
  };

  bool coin() { return random_() % 2 == 0; }

  static void apply(std::string& image, const Change& change) {
    const auto offset = static_cast<std::size_t>(change.offset);
    const auto end = offset + change.bytes.size();
    if (change.truncates || image.size() < end) image.resize(end, '\0');
    if (!change.truncates) image.replace(offset, change.bytes.size(), change.bytes);
  }

  std::string image_after_loss(const Node& node, Luck luck) {
    constexpr std::size_t kSector = 512;
    auto image = node.durable;
    if (luck == Luck::nothing) return image;
    for (const auto& change : node.pending) {
      if (luck != Luck::everything && coin()) continue;
      if (luck != Luck::torn_writes || change.truncates) {
        apply(image, change);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector) {
        const auto offset = change.offset + static_cast<std::int64_t>(at);
        if (coin()) apply(image, {offset, change.bytes.substr(at, kSector), false});
      }
    }
    return image;
  }

  void sync_folder(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path();
    for (auto& [name, entry] : entries_) {
      if (std::filesystem::path(name).parent_path() != folder) continue;
      entry.before = nullptr;
      if (entry.now != nullptr) entry.now->named = true;
    }
  }

  std::mutex mutex_;
  std::mt19937_64 random_;
  std::int64_t left_ = -1;  // changes until the power goes; -1: it stays
  Fault fault_;
  bool lies_ = false;
  std::map<std::string, Entry> entries_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace carapace::test
