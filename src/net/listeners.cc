#include "net/listeners.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace carapace::net {
namespace {

namespace files = std::filesystem;

struct Entry {
  std::uint16_t port = 0;
  std::string inode;
};

// proc_pid_net(5): columns are separated by blanks; 1 is local address:port in hex, 3 the state
// (0A: listening), 9 the inode.
void read_table(const std::string& file, std::vector<Entry>& out) {
  std::ifstream table(file);
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words(line);
    std::vector<std::string> columns;
    for (std::string word; columns.size() < 10 && words >> word;) columns.push_back(word);
    if (columns.size() < 10 || columns[3] != "0A") continue;
    const auto colon = columns[1].rfind(':');
    if (colon == std::string::npos) continue;
    std::uint16_t port = 0;
    const auto* end = columns[1].data() + columns[1].size();
    std::from_chars(columns[1].data() + colon + 1, end, port, 16);
    if (port != 0) out.push_back({port, columns[9]});
  }
}

std::vector<Entry> listening(const std::string& proc) {
  std::vector<Entry> all;
  for (const auto* table : {"/net/tcp", "/net/tcp6"}) read_table(proc + table, all);
  return all;
}

std::vector<std::string> sockets_of(const files::path& process) {
  std::vector<std::string> inodes;
  std::error_code error;
  for (files::directory_iterator at(process / "fd", error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    const auto target = files::read_symlink(at->path(), gone).string();
    if (target.starts_with("socket:[") && target.ends_with(']'))
      inodes.push_back(target.substr(8, target.size() - 9));
  }
  return inodes;
}

std::string program_of(const files::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return name;
}

int number_of(const std::string& name) {
  int pid = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), pid);
  return read.ptr == name.data() + name.size() ? pid : 0;
}

}  // namespace

std::vector<Listener> listeners_on(std::uint16_t port, const std::string& proc) {
  auto entries = listening(proc);
  std::erase_if(entries, [port](const Entry& entry) { return entry.port != port; });
  std::vector<Listener> found;
  if (entries.empty()) return found;
  std::error_code error;
  for (files::directory_iterator at(proc, error), end; !error && at != end; at.increment(error)) {
    const int pid = number_of(at->path().filename().string());
    if (pid == 0) continue;
    const auto inodes = sockets_of(at->path());
    const bool holds = std::ranges::any_of(entries, [&inodes](const Entry& entry) {
      return std::ranges::find(inodes, entry.inode) != inodes.end();
    });
    if (holds) found.push_back({port, pid, program_of(at->path())});
  }
  if (found.empty()) found.push_back({port, 0, ""});
  return found;
}

std::vector<Listener> listeners_of(int pid, const std::string& proc) {
  const auto process = files::path(proc) / std::to_string(pid);
  const auto inodes = sockets_of(process);
  std::vector<Listener> found;
  for (const auto& entry : listening(proc)) {
    const bool known = std::ranges::find(found, entry.port, &Listener::port) != found.end();
    if (!known && std::ranges::find(inodes, entry.inode) != inodes.end())
      found.push_back({entry.port, pid, program_of(process)});
  }
  return found;
}

int try_bind(const std::string& address, std::uint16_t port) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  socklen_t size = 0;
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    size = sizeof(*v4);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof(*v6);
  } else {
    return EINVAL;
  }
  const int probe = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno;
  // As the server does: what a gateway that has just ended leaves behind does not count.
  const int yes = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (storage.ss_family == AF_INET6)
    ::setsockopt(probe, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
  int error = ::bind(probe, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ? 0 : errno;
  // Two may bind with SO_REUSEADDR as long as none listens; only one may listen.
  if (error == 0 && ::listen(probe, 1) != 0) error = errno;
  ::close(probe);
  return error;
}

}  // namespace carapace::net
