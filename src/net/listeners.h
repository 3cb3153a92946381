// Who listens on a port of this machine, and could we? For messages to people: what the kernel does
// not show (another user's program, a system without /proc) is left out. Blocks shortly; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace carapace::net {

struct Listener {
  std::uint16_t port = 0;
  int pid = 0;               // 0: a program that we may not look at
  std::string program = {};  // its name; empty: unknown
};

// Of one port, or with `pid` all ports of one program. `proc` is where procfs is mounted.
std::vector<Listener> listeners_on(std::uint16_t port, const std::string& proc = "/proc");
std::vector<Listener> listeners_of(int pid, const std::string& proc = "/proc");

// 0 when a socket can be bound there now, else the errno: EADDRINUSE, EACCES, EADDRNOTAVAIL.
// `address` is an IP address as text; EINVAL when it is none.
int try_bind(const std::string& address, std::uint16_t port);

}  // namespace carapace::net
