#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/utsname.h>

#include <array>
#include <memory>
#include <string>

#include "gateway/live/presence.h"

namespace carapace::gateway {
namespace {

std::string first_address() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(list, &freeifaddrs);
  for (const auto* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_LOOPBACK) != 0 || (one->ifa_flags & IFF_UP) == 0) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    if (inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr)
      return text.data();
  }
  return {};
}

}  // namespace

SelfInfo complete_self(SelfInfo given) {
  utsname system{};
  const bool known = uname(&system) == 0;
  const auto fill = [known](std::string& field, std::string value) {
    if (field.empty() && known) field = std::move(value);
  };
  std::string family = system.sysname;
  fill(given.host, system.nodename);
  fill(given.device_family, family);
  for (auto& c : family)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  fill(given.platform, family + " " + system.release);
  fill(given.model_identifier, system.machine);
  if (given.host.empty()) given.host = "localhost";
  if (given.ip.empty()) given.ip = first_address();
  return given;
}

}  // namespace carapace::gateway
