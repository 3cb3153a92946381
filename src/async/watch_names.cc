#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <deque>
#include <string_view>

#include "async/file_watch.h"

namespace carapace {
namespace {

constexpr int kMaxLinks = 40;  // as many as the kernel follows
constexpr std::size_t kMaxSteps = 1'000;

std::deque<std::string> parts_of(std::string_view path) {
  std::deque<std::string> parts;
  while (!path.empty()) {
    const auto end = path.find('/');
    const auto part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return parts;
}

std::string parent_of(const std::string& folder) {
  const auto slash = folder.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : folder.substr(0, slash);
}

std::string link_target(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const auto length = ::readlink(path.c_str(), target.data(), target.size());
  return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length)) : std::string();
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> here{};
  return ::getcwd(here.data(), here.size()) == nullptr ? "/" + path
                                                       : std::string(here.data()) + "/" + path;
}

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileSign sign_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
#ifdef __APPLE__
  const auto changed = info.st_ctimespec, modified = info.st_mtimespec;
#else
  const auto changed = info.st_ctim, modified = info.st_mtim;
#endif
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino),
          static_cast<std::int64_t>(info.st_size), nanoseconds(changed), nanoseconds(modified)};
}

std::vector<WatchedName> names_to_watch(const std::string& path) {
  std::vector<WatchedName> out;
  auto rest = parts_of(absolute(path));
  std::string at = "/";
  int links = 0;
  for (std::size_t steps = 0; !rest.empty() && steps < kMaxSteps; ++steps) {
    const auto name = std::move(rest.front());
    rest.pop_front();
    if (name == "..") {
      at = parent_of(at);
      continue;
    }
    const auto full = at == "/" ? "/" + name : at + "/" + name;
    struct stat info{};
    const bool there = ::lstat(full.c_str(), &info) == 0;
    const bool link = there && S_ISLNK(info.st_mode);
    if (!there || link || rest.empty()) out.push_back({at, name});
    if (!there) break;
    if (!link) {
      at = full;
      continue;
    }
    if (++links > kMaxLinks) break;
    const auto target = link_target(full);
    if (target.starts_with('/')) at = "/";
    auto inserted = parts_of(target);
    rest.insert(rest.begin(), inserted.begin(), inserted.end());
  }
  return out;
}

}  // namespace carapace
