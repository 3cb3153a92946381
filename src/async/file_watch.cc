#include "async/file_watch.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "async/loop.h"
#include "async/pool.h"

#ifdef __linux__
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#endif

namespace carapace {

namespace asio = boost::asio;

struct FileWatch::Impl : std::enable_shared_from_this<Impl> {
  Loop& loop;
  Pool& pool;
  Call call;
  Say say;
  FileWatchOptions options;
  std::vector<WatchedFile> files;
  bool closed = false;
  bool polling = false;
  bool looking = false;
  std::uint64_t round = 0;  // of `files`: an older look is void
  asio::steady_timer timer;
  std::optional<asio::posix::stream_descriptor> events;
  std::map<int, std::string> folders;                   // by inotify's number
  std::set<std::pair<std::string, std::string>> names;  // folder and name that count
#ifdef __linux__
  alignas(inotify_event) std::array<char, 4096> buffer{};
#endif

  Impl(Loop& on, Pool& with, Call tell, Say complain, FileWatchOptions chosen)
      : loop(on),
        pool(with),
        call(std::move(tell)),
        say(std::move(complain)),
        options(chosen),
        timer(on.context()) {}

  void start();
  void arm();
  void poll_instead(const std::string& why);
  void poll_later();
  void look();
  void look_soon();
  void looked(std::uint64_t of_round, const std::vector<FileSign>& signs);
#ifdef __linux__
  void open_events();
  void read_events();
  void take(std::size_t length);
  bool add_folder(const std::string& folder);
#endif
};

// The signs are taken on the pool: a file on a disk that hangs must not hold the loop.
void FileWatch::Impl::look() {
  if (std::exchange(looking, true)) return;
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  pool.submit([self = shared_from_this(), of_round = round, paths = std::move(paths)] {
    std::vector<FileSign> signs;
    for (const auto& path : paths) signs.push_back(sign_of(path));
    self->loop.post([self, of_round, signs = std::move(signs)] { self->looked(of_round, signs); });
  });
}

// The first look at files that were just read is short enough for the loop and needs no thread.
void FileWatch::Impl::look_soon() {
  if (polling) return look();
  loop.post([weak = weak_from_this(), of_round = round] {
    const auto self = weak.lock();
    if (!self || self->looking) return;
    std::vector<FileSign> signs;
    for (const auto& file : self->files) signs.push_back(sign_of(file.path));
    if (of_round == self->round) self->looked(of_round, signs);
  });
}

void FileWatch::Impl::looked(std::uint64_t of_round, const std::vector<FileSign>& signs) {
  looking = false;
  if (closed) return;
  if (of_round != round) return look();
  bool changed = false;
  bool same_file = true;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto& seen = files[i].seen;
    if (seen == signs[i]) continue;
    changed = true;
    same_file = same_file && seen.inode == signs[i].inode && seen.device == signs[i].device;
    seen = signs[i];
  }
  if (polling) poll_later();
  if (changed) call(same_file ? Kind::written : Kind::replaced);
}

void FileWatch::Impl::poll_later() {
  timer.expires_after(options.poll_every);
  timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error && !self->closed) self->look();
  });
}

void FileWatch::Impl::poll_instead(const std::string& why) {
  events.reset();
  folders.clear();
  if (polling) return;
  polling = true;
  if (!why.empty() && say) say(why);
  poll_later();
}

void FileWatch::Impl::start() {
  if (polling) return;
  if (options.poll) return poll_instead("");
#ifdef __linux__
  if (!events) open_events();
  if (!polling) arm();
#else
  poll_instead("this system has no inotify");
#endif
}

#ifdef __linux__

void FileWatch::Impl::open_events() {
  const int opened = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (opened < 0) return poll_instead(std::string("inotify: ") + std::strerror(errno));
  events.emplace(loop.context(), opened);
  read_events();
}

bool FileWatch::Impl::add_folder(const std::string& folder) {
  constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                  IN_ATTRIB | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR;
  const int number = ::inotify_add_watch(events->native_handle(), folder.c_str(), kMask);
  if (number >= 0) {
    folders[number] = folder;
    return true;
  }
  // A folder that is just gone shows itself by its parent, or at the next look.
  if (errno == ENOENT || errno == ENOTDIR) return true;
  poll_instead(folder + ": inotify: " + std::strerror(errno));
  return false;
}

// Watches what the names lead over now. A folder that vanishes between the walk and its watch is
// seen by the look that follows.
void FileWatch::Impl::arm() {
  names.clear();
  std::set<std::string> wanted;
  for (const auto& file : files)
    for (auto& name : names_to_watch(file.path)) {
      wanted.insert(name.folder);
      names.emplace(std::move(name.folder), std::move(name.name));
    }
  for (auto at = folders.begin(); at != folders.end();) {
    const bool keep = wanted.contains(at->second);
    if (!keep) ::inotify_rm_watch(events->native_handle(), at->first);
    at = keep ? std::next(at) : folders.erase(at);
  }
  for (const auto& folder : wanted)
    if (!add_folder(folder)) return;
}

void FileWatch::Impl::read_events() {
  events->async_wait(asio::posix::descriptor_base::wait_read,
                     [weak = weak_from_this()](boost::system::error_code error) {
                       const auto self = weak.lock();
                       if (!self || error || self->closed || !self->events) return;
                       const auto length = ::read(self->events->native_handle(),
                                                  self->buffer.data(), self->buffer.size());
                       if (length > 0) self->take(static_cast<std::size_t>(length));
                       if (!self->closed && self->events) self->read_events();
                     });
}

void FileWatch::Impl::take(std::size_t length) {
  bool moved = false;  // what the names lead over may have changed
  std::optional<Kind> told;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= length;) {
    inotify_event event{};
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const std::string name(event.len > 0 ? buffer.data() + at + sizeof event : "");
    at += sizeof event + event.len;
    const auto folder = folders.find(event.wd);
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      told = Kind::replaced;
      moved = true;
      continue;
    }
    if (folder == folders.end()) continue;
    if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
      // A folder that was moved away keeps its watch: it is no longer the one of this name.
      if ((event.mask & IN_MOVE_SELF) != 0) ::inotify_rm_watch(events->native_handle(), event.wd);
      folders.erase(folder);
      told = Kind::replaced;
      moved = true;
      continue;
    }
    // Permissions decide whether it can be read at all; without a name they are the folder's.
    const bool permitted = (event.mask & IN_ATTRIB) != 0;
    if (!names.contains({folder->second, name}) && !(permitted && name.empty())) continue;
    const bool written = permitted || (event.mask & IN_CLOSE_WRITE) != 0;
    moved = moved || !written;
    // A file that is made by opening it is written to next; what is told then is the write.
    const bool opened = (event.mask & IN_CREATE) != 0;
    if (written || opened) {
      if (!told) told = Kind::written;
    } else {
      told = Kind::replaced;
    }
  }
  if (moved) arm();
  if (told) call(*told);
}

#endif

FileWatch::FileWatch(Loop& loop, Pool& pool, Call call, Say say, FileWatchOptions options)
    : impl_(std::make_shared<Impl>(loop, pool, std::move(call), std::move(say), options)) {}

FileWatch::~FileWatch() {
  impl_->closed = true;
  impl_->events.reset();
  impl_->timer.cancel();
}

void FileWatch::watch(std::vector<WatchedFile> files) {
  impl_->files = std::move(files);
  ++impl_->round;
  impl_->start();
  impl_->look_soon();
}

bool FileWatch::polls() const { return impl_->polling; }

}  // namespace carapace
