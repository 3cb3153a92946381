// IP addresses as bytes, and which of them are public. The tables of the egress guard; pure, any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carapace::net {

struct IpAddress {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // IPv4 uses the first four

  bool operator==(const IpAddress&) const = default;
};

// Dotted decimal or RFC 4291 text; a zone ("%eth0") is dropped. nullopt for everything else.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_text(const IpAddress& address);  // canonical

// IPv4 as browsers read hosts: 1–4 parts, decimal, octal (0…) or hexadecimal (0x…). `is_number`
// says that the host must be an address by its last part, so that a failed parse is an error, not a
// name.
struct HostNumber {
  bool is_number = false;
  std::optional<IpAddress> address;
};
HostNumber parse_host_number(std::string_view host);

// Why the address is not to be reached ("private network 10.0.0.0/8"); nullopt when it is public.
std::optional<std::string> blocked_range(const IpAddress& address);

// `range` is an address or CIDR text; false when it is neither.
bool in_range(const IpAddress& address, std::string_view range);

}  // namespace carapace::net
