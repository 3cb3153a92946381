#include "net/address/ranges.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <span>

#include "base/text.h"

namespace carapace::net {

namespace {

struct Range {
  std::string_view cidr;
  std::string_view meaning;
};

// Infrastructure specification B.11, with its additions.
constexpr Range kBlockedV4[] = {
    {"0.0.0.0/8", "this host"},
    {"10.0.0.0/8", "private network"},
    {"100.64.0.0/10", "carrier-grade NAT"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private network"},
    {"192.0.0.0/24", "protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},
    {"192.168.0.0/16", "private network"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
};

constexpr Range kBlockedV6[] = {
    {"::/128", "this host"},
    {"::1/128", "loopback"},
    {"::/96", "IPv4-compatible"},
    {"::ffff:0:0:0/96", "IPv4-translated"},
    {"64:ff9b:1::/48", "local-use NAT64"},
    {"100::/64", "discard"},
    {"2001::/32", "Teredo"},
    {"2001:2::/48", "benchmarking"},
    {"2001:10::/28", "ORCHID"},
    {"2001:20::/28", "ORCHID"},
    {"2001:db8::/32", "documentation"},
    {"3fff::/20", "documentation"},
    {"fc00::/7", "unique local"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};

// Prefixes that carry an IPv4 address, and where: the IPv4 rules decide about these.
struct Carrier {
  std::string_view cidr;
  std::size_t offset;
};
constexpr Carrier kCarriers[] = {{"::ffff:0:0/96", 12}, {"64:ff9b::/96", 12}, {"2002::/16", 2}};

bool same_prefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
  for (std::size_t i = 0; bits > 0; ++i) {
    const unsigned take = std::min(bits, 8U);
    const auto mask = static_cast<std::uint8_t>(0xFFU << (8U - take));
    if ((a.bytes[i] & mask) != (b.bytes[i] & mask)) return false;
    bits -= take;
  }
  return true;
}

IpAddress carried_v4(const IpAddress& address, std::size_t offset) {
  IpAddress inner;
  for (std::size_t i = 0; i < 4; ++i) inner.bytes[i] = address.bytes[offset + i];
  return inner;
}

std::optional<std::string> first_match(const IpAddress& address, std::span<const Range> ranges) {
  for (const auto& range : ranges)
    if (in_range(address, range.cidr)) return fmt::format("{} {}", range.meaning, range.cidr);
  return std::nullopt;
}

// ISATAP: the last eight bytes are 0[02]00:5efe and an IPv4 address, under any prefix.
bool is_isatap(const IpAddress& address) {
  const auto& b = address.bytes;
  return (b[8] & 0xFDU) == 0 && b[9] == 0 && b[10] == 0x5E && b[11] == 0xFE;
}

std::optional<std::string> blocked_v6(const IpAddress& address) {
  for (const auto& carrier : kCarriers) {
    if (!in_range(address, carrier.cidr)) continue;
    const auto why = blocked_range(carried_v4(address, carrier.offset));
    return why ? std::optional(fmt::format("{} inside {}", *why, carrier.cidr)) : std::nullopt;
  }
  if (auto why = first_match(address, kBlockedV6)) return why;
  // Nothing outside 2000::/3 is global unicast today.
  if (!in_range(address, "2000::/3")) return "not global unicast (outside 2000::/3)";
  if (is_isatap(address))
    if (const auto why = blocked_range(carried_v4(address, 12)))
      return *why + " inside an ISATAP address";
  return std::nullopt;
}

// One part of a number host. nullopt: not a number of any base. Values saturate above 32 bits.
std::optional<std::uint64_t> parse_part(std::string_view part) {
  int base = 10;
  if (part.starts_with("0x") || part.starts_with("0X")) {
    part.remove_prefix(2);
    base = 16;
  } else if (part.size() > 1 && part.starts_with('0')) {
    part.remove_prefix(1);
    base = 8;
  }
  if (part.empty()) return base == 16 ? std::optional<std::uint64_t>(0) : std::nullopt;
  std::uint64_t value = 0;
  const auto* end = part.data() + part.size();
  const auto [rest, error] = std::from_chars(part.data(), end, value, base);
  if (rest != end) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::uint64_t{1} << 40U;
  return value;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string whole(text.substr(0, text.find('%')));
  if (whole.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET, whole.c_str(), address.bytes.data()) == 1) {
    if (whole.size() != text.size()) return std::nullopt;  // IPv4 has no zones
    return address;
  }
  address.v6 = true;
  if (::inet_pton(AF_INET6, whole.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_text(const IpAddress& address) {
  char buffer[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer, sizeof buffer);
  return buffer;
}

HostNumber parse_host_number(std::string_view host) {
  const auto parts = split(host, '.');
  const auto last = parts.back();
  HostNumber out;
  out.is_number =
      all_digits(last) || ((last.starts_with("0x") || last.starts_with("0X")) && parse_part(last));
  if (!out.is_number || parts.size() > 4) return out;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = parse_part(parts[i]);
    if (!part) return out;
    // The last part fills all bytes that are left.
    const std::size_t bytes = i + 1 < parts.size() ? 1 : 5 - parts.size();
    if (*part >= std::uint64_t{1} << (8 * bytes)) return out;
    value = (value << (8 * bytes)) | *part;
  }
  IpAddress address;
  for (std::size_t i = 0; i < 4; ++i)
    address.bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  out.address = address;
  return out;
}

std::optional<std::string> blocked_range(const IpAddress& address) {
  return address.v6 ? blocked_v6(address) : first_match(address, kBlockedV4);
}

bool in_range(const IpAddress& address, std::string_view range) {
  const auto slash = range.find('/');
  const auto base = parse_ip(range.substr(0, slash));
  if (!base || base->v6 != address.v6) return false;
  const unsigned width = address.v6 ? 128 : 32;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const auto text = range.substr(slash + 1);
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc() || rest != text.data() + text.size() || bits > width) return false;
  }
  return same_prefix(address, *base, bits);
}

}  // namespace carapace::net
