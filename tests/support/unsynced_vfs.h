// A SQLite VFS over the default one whose disk can lose its power (support/unsynced_disk.h). `kill
// -9` cannot show a missing fsync, because the kernel keeps the written pages; this can. Files are
// read, locked and mapped by the default VFS; only changes are watched. Header only; outlives every
// connection that uses it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "support/unsynced_disk.h"

namespace carapace::test {

class UnsyncedVfs {
 public:
  UnsyncedVfs(std::string name, std::uint64_t seed)
      : name_(std::move(name)), disk_(seed), base_(::sqlite3_vfs_find(nullptr)), vfs_(*base_) {
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
  UnsyncedDisk& disk() { return disk_; }

 private:
  struct File {
    sqlite3_file base;
    UnsyncedDisk* disk;
    UnsyncedDisk::Node* node;  // null: a temporary file
    bool syncs_folder;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  using F = sqlite3_file;

  static File& self(F* file) { return *reinterpret_cast<File*>(file); }
  static F* real(F* file) { return self(file).real(); }
  static const sqlite3_io_methods* under(F* file) { return real(file)->pMethods; }

  static int open_file(sqlite3_vfs* vfs, sqlite3_filename path, F* out, int flags, int* out_flags) {
    auto* owner = static_cast<UnsyncedVfs*>(vfs->pAppData);
    auto& file = self(out);
    out->pMethods = nullptr;
    const bool exists = path != nullptr && std::filesystem::exists(path);
    const bool makes = !exists && (flags & SQLITE_OPEN_CREATE) != 0;
    if (makes && owner->disk_.refuse_change(SQLITE_CANTOPEN) != SQLITE_OK) return SQLITE_CANTOPEN;
    const int code = owner->base_->xOpen(owner->base_, path, file.real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    file.disk = &owner->disk_;
    file.node = path != nullptr ? owner->disk_.opened(path, exists) : nullptr;
    // The default VFS syncs the folder together with the first sync of a new log or journal.
    file.syncs_folder = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    out->pMethods = methods();
    return SQLITE_OK;
  }
  static int delete_file(sqlite3_vfs* vfs, const char* path, int sync) {
    auto* owner = static_cast<UnsyncedVfs*>(vfs->pAppData);
    const int refused = owner->disk_.refuse_change(SQLITE_IOERR_DELETE);
    if (refused != SQLITE_OK) return refused;
    const int code = owner->base_->xDelete(owner->base_, path, 0);
    if (code == SQLITE_OK) owner->disk_.deleted(path, sync != 0);
    return code;
  }
  static int write_file(F* file, const void* bytes, int amount, sqlite3_int64 offset) {
    const int refused = self(file).disk->refuse_change(SQLITE_IOERR_WRITE);
    if (refused != SQLITE_OK) return refused;
    const auto size = static_cast<std::size_t>(amount);
    if (self(file).node != nullptr)
      self(file).disk->wrote(self(file).node, {static_cast<const char*>(bytes), size}, offset);
    return under(file)->xWrite(real(file), bytes, amount, offset);
  }
  static int truncate_file(F* file, sqlite3_int64 size) {
    const int refused = self(file).disk->refuse_change(SQLITE_IOERR_TRUNCATE);
    if (refused != SQLITE_OK) return refused;
    if (self(file).node != nullptr) self(file).disk->truncated(self(file).node, size);
    return under(file)->xTruncate(real(file), size);
  }
  static int sync_file(F* file, int) {
    const int refused = self(file).disk->refuse_change(SQLITE_IOERR_FSYNC);
    if (refused != SQLITE_OK) return refused;
    if (self(file).node != nullptr)
      self(file).disk->synced(self(file).node, self(file).syncs_folder);
    return SQLITE_OK;
  }

  static const sqlite3_io_methods* methods() {
    static const sqlite3_io_methods kMethods = {
        2,
        [](F* f) { return under(f)->xClose(real(f)); },
        [](F* f, void* to, int n, sqlite3_int64 at) { return under(f)->xRead(real(f), to, n, at); },
        write_file,
        truncate_file,
        sync_file,
        [](F* f, sqlite3_int64* size) { return under(f)->xFileSize(real(f), size); },
        [](F* f, int level) { return under(f)->xLock(real(f), level); },
        [](F* f, int level) { return under(f)->xUnlock(real(f), level); },
        [](F* f, int* held) { return under(f)->xCheckReservedLock(real(f), held); },
        [](F* f, int what, void* data) { return under(f)->xFileControl(real(f), what, data); },
        [](F* f) { return under(f)->xSectorSize(real(f)); },
        [](F* f) { return under(f)->xDeviceCharacteristics(real(f)); },
        [](F* f, int page, int size, int extend, void volatile** out) {
          return under(f)->xShmMap(real(f), page, size, extend, out);
        },
        [](F* f, int at, int n, int how) { return under(f)->xShmLock(real(f), at, n, how); },
        [](F* f) { under(f)->xShmBarrier(real(f)); },
        [](F* f, int remove) { return under(f)->xShmUnmap(real(f), remove); },
        nullptr,
        nullptr};
    return &kMethods;
  }

  std::string name_;
  UnsyncedDisk disk_;
  sqlite3_vfs* base_;
  sqlite3_vfs vfs_;
};

}  // namespace carapace::test
