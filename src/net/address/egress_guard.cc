#include "net/egress_guard.h"

#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "net/address/host_name.h"
#include "net/address/ranges.h"

namespace carapace::net {

namespace {

constexpr std::size_t kMaxUrl = 2048;
constexpr std::string_view kBlockedNames[] = {
    "localhost", "localhost.localdomain", "metadata", "instance-data", "internal", "local"};
constexpr std::string_view kBlockedSuffixes[] = {".localhost", ".internal", ".local"};

std::unexpected<Error> bad_url(std::string_view why) {
  return fail(Errc::invalid_request, "not a usable URL: {}", why);
}

bool is_scheme(std::string_view text) {
  if (text.empty() || !((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z')) return false;
  for (const char c : text) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (!letter && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || value == 0 || value > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

// "host", "host:port", "[v6]:port", an address or a range.
bool entry_matches(std::string_view entry, std::string_view host, std::uint16_t port) {
  entry = trim(entry);
  const auto address = parse_ip(host);
  if (entry.contains('/')) return address && in_range(*address, entry);
  if (const auto listed = parse_ip(entry)) return address && *address == *listed;
  std::string_view name = entry;
  const auto colon = entry.rfind(':');
  if (colon != std::string_view::npos && !entry.ends_with(']')) {
    name = entry.substr(0, colon);
    if (parse_port(entry.substr(colon + 1)) != port) return false;
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (const auto listed = parse_ip(name)) return address && *address == *listed;
  const auto wanted = normalise_host(name);
  return wanted && *wanted == host;
}

bool is_listed(std::span<const std::string> entries, std::string_view host, std::uint16_t port) {
  for (const auto& entry : entries)
    if (entry_matches(entry, host, port)) return true;
  return false;
}

bool is_blocked_name(std::string_view host) {
  for (const auto name : kBlockedNames)
    if (host == name) return true;
  for (const auto suffix : kBlockedSuffixes)
    if (host.ends_with(suffix)) return true;
  return false;
}

// Splits "host[:port]" or "[v6][:port]" and fills `url`.
Status read_host_and_port(std::string_view text, GuardedUrl& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return bad_url("the bracket of the address is open");
    const auto inner = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return bad_url("text after the address");
    const auto address = parse_ip(inner);
    if (!address || !address->v6) return bad_url("bad IPv6 address");
    // A zone picks an interface of this machine: never for a public address.
    if (inner.contains('%') && !blocked_range(*address)) return bad_url("an address with a zone");
    url.host = to_text(*address);
    url.host_is_address = true;
  } else {
    const auto colon = text.find(':');
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    TRY(url.host, normalise_host(text.substr(0, colon)));
    const auto number = parse_host_number(url.host);
    if (number.is_number && !number.address) return bad_url("bad IPv4 address");
    if (number.address) {
      url.host = to_text(*number.address);
      url.host_is_address = true;
    }
  }
  url.port = default_port(url.scheme);
  if (port.size() > 1) {
    const auto value = parse_port(port.substr(1));
    if (!value) return bad_url("bad port");
    url.port = *value;
  }
  return {};
}

// What a request line cannot carry as it is gets escaped; escapes that are there stay.
std::string escape_path(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  if (!text.starts_with('/')) out += '/';
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte > 0x7EU || std::string_view(" \"<>`{}|\\^").contains(c)) {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Result<GuardedUrl> guard_url(std::string_view text, std::span<const std::string> private_hosts) {
  if (text.size() > kMaxUrl) return bad_url("over 2048 bytes");
  for (const char c : text)
    if (static_cast<std::uint8_t>(c) < 0x20U || c == 0x7F) return bad_url("control characters");
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon)))
    return bad_url("no scheme");
  GuardedUrl url;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https")
    return fail(Errc::forbidden, "the scheme {} is not allowed, only http and https",
                ellipsize(url.scheme, 20));
  auto rest = text.substr(colon + 1);
  if (!rest.starts_with("//")) return bad_url("no host");
  rest.remove_prefix(2);
  rest = rest.substr(0, rest.find('#'));
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = rest.substr(0, authority_end);
  // Readers of URLs disagree about a backslash here; a URL that means two hosts means none.
  if (authority.contains('\\')) return bad_url("a backslash before the path");
  const auto at = authority.rfind('@');
  const auto host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (host.empty()) return bad_url("no host");
  TRY_STATUS(read_host_and_port(host, url));
  url.host_is_listed = is_listed(private_hosts, url.host, url.port);
  if (!url.host_is_listed) {
    if (is_blocked_name(url.host))
      return fail(Errc::forbidden, "the host {} is not public", url.host);
    if (url.host_is_address)
      if (const auto why = blocked_range(*parse_ip(url.host)))
        return fail(Errc::forbidden, "the address {} is not public: {}", url.host, *why);
  }
  if (at != std::string_view::npos) return bad_url("it carries a user name or a password");
  url.path_and_query = escape_path(rest.substr(authority_end));
  return url;
}

bool is_public_address(std::string_view address) {
  const auto parsed = parse_ip(address);
  return parsed && !blocked_range(*parsed);
}

bool may_connect(const GuardedUrl& url, std::string_view address,
                 std::span<const std::string> private_hosts) {
  if (is_public_address(address)) return true;
  return parse_ip(address) && (url.host_is_listed || is_listed(private_hosts, address, url.port));
}

std::string url_text(const GuardedUrl& url) {
  std::string out = url.scheme + "://";
  out += url.host.contains(':') ? "[" + url.host + "]" : url.host;
  if (url.port != default_port(url.scheme)) out += ":" + std::to_string(url.port);
  return out + url.path_and_query;
}

}  // namespace carapace::net
