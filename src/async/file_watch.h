// Tells when files change, by what lies under their names: folders are watched rather than files,
// so that an editor's rename, a file that is deleted and made again, a folder that comes back, and
// every link on the way to a file are seen. Where the system cannot watch (no inotify, its limits
// reached, another system), the files are looked at twice a second instead, and that is said once.
// Knows nothing about content: a call may turn out to mean nothing. Loop thread; owned by its
// reader.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace carapace {

class Loop;
class Pool;

// What a name led to, without reading it: enough to see that it leads to something else now. 0 for
// a name that leads nowhere.
struct FileSign {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = 0, changed_ns = 0, modified_ns = 0;
  bool operator==(const FileSign&) const = default;
};
FileSign sign_of(const std::string& path);  // follows links; one system call

struct WatchedFile {
  std::string path;
  FileSign seen = {};  // as its reader last saw it
};

struct FileWatchOptions {
  bool poll = false;  // look instead of being told
  std::chrono::milliseconds poll_every{500};
};

class FileWatch {
 public:
  enum class Kind : std::uint8_t {
    replaced,  // another whole file took the name, or it is gone
    written,   // somebody wrote into the file and closed it, or permits something else; more may
               // follow
  };
  using Call = std::function<void(Kind)>;
  using Say = std::function<void(const std::string& why)>;

  // `call` runs on the loop, after the change. `say` is called once, when the system cannot watch.
  FileWatch(Loop& loop, Pool& pool, Call call, Say say, FileWatchOptions options = {});
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Replaces the files that are watched. What changed since `seen` is told at once.
  void watch(std::vector<WatchedFile> files);
  bool polls() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// The names whose change can change what `path` leads to: for each link on the way and for the end
// of it (or the first part that is missing) the folder it lies in, free of links, and its name
// there. Bounded; exposed for tests.
struct WatchedName {
  std::string folder, name;
  bool operator==(const WatchedName&) const = default;
};
std::vector<WatchedName> names_to_watch(const std::string& path);

}  // namespace carapace
