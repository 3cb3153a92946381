// A disk that can lose its power. A SQLite VFS over the default one that remembers, for every file, what was
// synced and what was only written since; when the power goes, each unsynced write survives whole, in part
// (sectors of 512 bytes) or not at all, and files that were made or deleted without a sync of their folder may
// be there or not. `kill -9` cannot show a missing fsync, because the kernel keeps the written pages; this can.
// Header only. Thread-safe while files are open; `restore_power` wants them closed. Not for other file work.
#pragma once

#include <sqlite3.h>

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
#include <utility>
#include <vector>

namespace carapace::test {

class UnsyncedVfs {
 public:
  UnsyncedVfs(std::string name, std::uint64_t seed) : name_(std::move(name)), random_(seed), base_(::sqlite3_vfs_find(nullptr)) {
    vfs_ = *base_;
    vfs_.zName = name_.c_str();
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + base_->szOsFile;
    vfs_.pAppData = this;
    vfs_.pNext = nullptr;
    vfs_.xOpen = open_file;
    vfs_.xDelete = delete_file;
    ::sqlite3_vfs_register(&vfs_, 0);
  }
  ~UnsyncedVfs() { ::sqlite3_vfs_unregister(&vfs_); }
  UnsyncedVfs(const UnsyncedVfs&) = delete;
  UnsyncedVfs& operator=(const UnsyncedVfs&) = delete;

  const std::string& name() const { return name_; }
  // After this many more changes (writes, truncations, syncs, deletions) nothing changes a file any more.
  void lose_power_after(std::int64_t changes) { set(left_, changes); }
  void lie_about_sync(bool lie) { set(lies_, lie); }  // a disk that answers "done" and does nothing
  void fill_disk(bool full) { set(full_, full); }     // writes answer "disk full"
  bool power_lost() {
    const std::scoped_lock lock(mutex_);
    return left_ == 0;
  }

  // Puts on the real disk what a power loss at this moment would have left, and switches the power on.
  void restore_power() {
    const std::scoped_lock lock(mutex_);
    const auto policy = random_() % 4;  // keep nothing, keep everything, whole writes, torn writes
    for (auto& [path, entry] : entries_) {
      const Node* survivor = entry.now;
      if (entry.before != nullptr && coin()) survivor = entry.before;
      if (survivor != nullptr && !survivor->named && coin()) survivor = entry.before;
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
      std::filesystem::remove(path + "-shm", ignored);
      if (survivor == nullptr) continue;
      const auto image = image_after_loss(*survivor, policy);
      std::ofstream(path, std::ios::binary) << image;
    }
    entries_.clear();
    nodes_.clear();
    left_ = -1;
  }

 private:
  struct Change {
    std::int64_t offset = 0;  // of a write; the new size of a truncation
    std::string bytes;
    bool truncates = false;
  };
  struct Node {
    std::string durable;
    std::vector<Change> pending;
    bool named = false;  // its folder entry is durable
  };
  struct Entry {
    Node* now = nullptr;
    Node* before = nullptr;  // the durable entry that a deletion without a folder sync left behind
  };
  struct File {
    sqlite3_file base;
    UnsyncedVfs* vfs;
    Node* node;  // null: a temporary file
    bool syncs_folder;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  template <typename T>
  void set(T& field, T value) {
    const std::scoped_lock lock(mutex_);
    field = value;
  }
  bool coin() { return random_() % 2 == 0; }

  static void apply(std::string& image, const Change& change) {
    const auto offset = static_cast<std::size_t>(change.offset);
    if (change.truncates) {
      image.resize(offset, '\0');
      return;
    }
    if (image.size() < offset + change.bytes.size()) image.resize(offset + change.bytes.size(), '\0');
    image.replace(offset, change.bytes.size(), change.bytes);
  }

  std::string image_after_loss(const Node& node, std::uint64_t policy) {
    constexpr std::size_t kSector = 512;
    auto image = node.durable;
    for (const auto& change : node.pending) {
      if (policy == 0 || (policy >= 2 && coin())) continue;
      if (policy < 3 || change.truncates) {
        apply(image, change);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector)
        if (coin()) apply(image, {change.offset + static_cast<std::int64_t>(at), change.bytes.substr(at, kSector)});
    }
    return image;
  }

  // False: the power is gone. The caller holds the lock.
  bool change() {
    if (left_ == 0) return false;
    if (left_ > 0) --left_;
    return true;
  }

  Node* node_of(const std::string& path, bool exists) {
    auto& entry = entries_[path];
    if (entry.now != nullptr) return entry.now;
    entry.now = nodes_.emplace_back(std::make_unique<Node>()).get();
    if (exists) {
      std::ifstream in(path, std::ios::binary);
      entry.now->durable.assign(std::istreambuf_iterator<char>(in), {});
      entry.now->named = true;
    }
    return entry.now;
  }

  void sync_folder(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path();
    for (auto& [name, entry] : entries_) {
      if (std::filesystem::path(name).parent_path() != folder) continue;
      entry.before = nullptr;
      if (entry.now != nullptr) entry.now->named = true;
    }
  }
  void sync_folder_of(const Node* node) {
    for (const auto& [name, entry] : entries_)
      if (entry.now == node) return sync_folder(name);
  }

  static int open_file(sqlite3_vfs* vfs, sqlite3_filename path, sqlite3_file* out, int flags, int* out_flags) {
    auto* self = static_cast<UnsyncedVfs*>(vfs->pAppData);
    auto* file = reinterpret_cast<File*>(out);
    const std::scoped_lock lock(self->mutex_);
    file->base.pMethods = nullptr;
    const bool exists = path != nullptr && std::filesystem::exists(path);
    if (!exists && (flags & SQLITE_OPEN_CREATE) != 0 && !self->change()) return SQLITE_CANTOPEN;
    const int code = self->base_->xOpen(self->base_, path, file->real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    file->vfs = self;
    file->node = path != nullptr ? self->node_of(path, exists) : nullptr;
    // The default VFS syncs the folder together with the first sync of a new log or journal.
    file->syncs_folder = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    file->base.pMethods = methods();
    return SQLITE_OK;
  }

  static int delete_file(sqlite3_vfs* vfs, const char* path, int sync) {
    auto* self = static_cast<UnsyncedVfs*>(vfs->pAppData);
    const std::scoped_lock lock(self->mutex_);
    if (!self->change()) return SQLITE_IOERR_DELETE;
    const int code = self->base_->xDelete(self->base_, path, 0);
    if (code != SQLITE_OK) return code;
    auto& entry = self->entries_[path];
    if (entry.now != nullptr && entry.now->named) entry.before = entry.now;
    entry.now = nullptr;
    if (sync != 0 && !self->lies_) self->sync_folder(path);
    return SQLITE_OK;
  }

  int write(File& file, const void* bytes, int amount, sqlite3_int64 offset) {
    const std::scoped_lock lock(mutex_);
    if (!change()) return SQLITE_IOERR_WRITE;
    if (full_) return SQLITE_FULL;
    if (file.node != nullptr)
      file.node->pending.push_back({offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(amount)), false});
    return file.real()->pMethods->xWrite(file.real(), bytes, amount, offset);
  }
  int truncate(File& file, sqlite3_int64 size) {
    const std::scoped_lock lock(mutex_);
    if (!change()) return SQLITE_IOERR_TRUNCATE;
    if (file.node != nullptr) file.node->pending.push_back({size, {}, true});
    return file.real()->pMethods->xTruncate(file.real(), size);
  }
  int sync(File& file) {
    const std::scoped_lock lock(mutex_);
    if (!change()) return SQLITE_IOERR_FSYNC;
    if (file.node == nullptr || lies_) return SQLITE_OK;
    for (const auto& pending : file.node->pending) apply(file.node->durable, pending);
    file.node->pending.clear();
    if (file.syncs_folder) sync_folder_of(file.node);
    return SQLITE_OK;
  }

  static File& self(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return self(file).real(); }
  static const sqlite3_io_methods* under(sqlite3_file* file) { return real(file)->pMethods; }

  static const sqlite3_io_methods* methods() {
    using F = sqlite3_file;
    static const sqlite3_io_methods kMethods = {
        2,
        [](F* f) { return under(f)->xClose(real(f)); },
        [](F* f, void* to, int n, sqlite3_int64 at) { return under(f)->xRead(real(f), to, n, at); },
        [](F* f, const void* from, int n, sqlite3_int64 at) { return self(f).vfs->write(self(f), from, n, at); },
        [](F* f, sqlite3_int64 size) { return self(f).vfs->truncate(self(f), size); },
        [](F* f, int) { return self(f).vfs->sync(self(f)); },
        [](F* f, sqlite3_int64* size) { return under(f)->xFileSize(real(f), size); },
        [](F* f, int level) { return under(f)->xLock(real(f), level); },
        [](F* f, int level) { return under(f)->xUnlock(real(f), level); },
        [](F* f, int* held) { return under(f)->xCheckReservedLock(real(f), held); },
        [](F* f, int what, void* data) { return under(f)->xFileControl(real(f), what, data); },
        [](F* f) { return under(f)->xSectorSize(real(f)); },
        [](F* f) { return under(f)->xDeviceCharacteristics(real(f)); },
        [](F* f, int page, int size, int extend, void volatile** out) { return under(f)->xShmMap(real(f), page, size, extend, out); },
        [](F* f, int at, int n, int flags) { return under(f)->xShmLock(real(f), at, n, flags); },
        [](F* f) { under(f)->xShmBarrier(real(f)); },
        [](F* f, int remove) { return under(f)->xShmUnmap(real(f), remove); },
        nullptr,
        nullptr};
    return &kMethods;
  }

  std::string name_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::int64_t left_ = -1;  // changes until the power goes; -1: it stays
  bool lies_ = false, full_ = false;
  std::map<std::string, Entry> entries_;
  std::vector<std::unique_ptr<Node>> nodes_;
  sqlite3_vfs* base_;
  sqlite3_vfs vfs_{};
};

}  // namespace carapace::test
