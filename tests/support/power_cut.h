// What a power cut would leave of one file: the kernel forgets bytes that were not synced, and may
// or may not have kept names that were given since the folder was. Watches this process from inside
// by standing in for fsync() and renameat(), so `kill -9` is not needed, and would not show it. One
// at a time; not for tests with threads that write elsewhere.
#pragma once

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace carapace::test {

class PowerCut {
 public:
  // `path`: the file that counts. What it holds now is taken as synced.
  explicit PowerCut(const std::string& path)
      : folder_(std::filesystem::path(path).parent_path()), path_(path) {
    if (const auto inode = inode_of(path); inode != 0) synced_[inode] = read_text(path);
    names_.push_back(inode_of(path));
    watching() = this;
  }
  ~PowerCut() { watching() = nullptr; }
  PowerCut(const PowerCut&) = delete;
  PowerCut& operator=(const PowerCut&) = delete;

  // What the file would hold after a cut now: all possibilities. "(gone)" and "(torn)" are what
  // nobody wants to find.
  std::set<std::string> left() const {
    std::set<std::string> out;
    for (const auto inode : names_) out.insert(text_of(inode));
    return out;
  }
  // The same at every moment so far.
  const std::set<std::string>& ever() const { return ever_; }
  int renames() const { return renames_; }

  static PowerCut*& watching() {
    static PowerCut* one = nullptr;
    return one;
  }

  void synced(int file) {
    struct stat info{};
    if (::fstat(file, &info) != 0) return;
    if (!S_ISDIR(info.st_mode)) {
      synced_[info.st_ino] = read_text("/proc/self/fd/" + std::to_string(file));
    } else if (info.st_ino == inode_of(folder_)) {
      names_ = {inode_of(path_)};
    }
    ever_.merge(left());
  }

  void renamed(int folder, const std::string& to) {
    struct stat info{};
    if (::fstat(folder, &info) != 0 || info.st_ino != inode_of(folder_) ||
        folder_ + "/" + to != path_)
      return;
    const auto inode = inode_of(path_);
    // Bytes that came after the sync are not on the disk.
    if (const auto found = synced_.find(inode);
        found != synced_.end() && found->second != read_text(path_))
      synced_.erase(found);
    names_.push_back(inode);
    ++renames_;
    ever_.merge(left());
  }

 private:
  static ino_t inode_of(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
  }
  std::string text_of(ino_t inode) const {
    if (inode == 0) return "(gone)";
    const auto found = synced_.find(inode);
    return found == synced_.end() ? "(torn)" : found->second;
  }

  std::string folder_;
  std::string path_;
  std::map<ino_t, std::string> synced_;  // bytes that are on the disk
  std::vector<ino_t> names_;             // what the name may lead to, the oldest first
  std::set<std::string> ever_;
  int renames_ = 0;
};

}  // namespace carapace::test

// In place of those of the C library, for the code under test in this program.
extern "C" {

int fsync(int file) {
  const auto done = static_cast<int>(::syscall(SYS_fsync, file));
  if (auto* watcher = carapace::test::PowerCut::watching(); done == 0 && watcher != nullptr)
    watcher->synced(file);
  return done;
}

int renameat(int from_folder, const char* from, int folder, const char* to) noexcept {
  const auto done = static_cast<int>(::syscall(SYS_renameat2, from_folder, from, folder, to, 0));
  if (auto* watcher = carapace::test::PowerCut::watching(); done == 0 && watcher != nullptr)
    watcher->renamed(folder, to);
  return done;
}
}
