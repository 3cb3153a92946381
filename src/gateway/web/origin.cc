#include "gateway/web/origin.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace carapace::gateway {
namespace {

constexpr std::array<std::string_view, 3> kLoopbackNames{"localhost", "127.0.0.1", "::1"};
// Whoever sends one of these came through something, or wants us to think so.
constexpr std::array<std::string_view, 7> kProxyHeaders{
    "x-forwarded-for", "x-forwarded-host",     "x-forwarded-proto", "x-real-ip",
    "forwarded",       "tailscale-user-login", "x-tailscale-user"};

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::size_t count_of(const net::Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [name](const net::Header& header) { return header.name == name; }));
}

}  // namespace

std::string host_name(std::string_view host) {
  const auto lower = to_lower(host);
  std::string_view rest = lower;
  std::string_view name;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return {};
    name = rest.substr(1, end - 1);
    if (!std::ranges::all_of(name, [](char c) { return is_name_char(c) || c == ':'; })) return {};
    rest.remove_prefix(end + 1);
  } else {
    name = rest.substr(0, rest.find(':'));
    if (!std::ranges::all_of(name, is_name_char)) return {};
    rest.remove_prefix(name.size());
  }
  if (!rest.empty() && !(rest.front() == ':' && is_port(rest.substr(1)))) return {};
  return std::string(name);
}

std::optional<std::uint32_t> host_port(std::string_view host) {
  const auto colon = host.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string_view::npos || !is_port(host.substr(colon + 1))) return std::nullopt;
  std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
  return port;
}

bool host_allowed(const net::ServerRequest& request, const OriginRules& rules) {
  if (count_of(request.headers, "host") != 1) return false;
  const auto name = host_name(*net::find_header(request.headers, "host"));
  if (name.empty()) return false;
  if (!rules.loopback_only) return true;
  const auto host = *net::find_header(request.headers, "host");
  if (std::ranges::any_of(rules.allowed_origins, [&](std::string_view allowed) {
        const auto scheme = allowed.find("://");
        return scheme != std::string_view::npos && iequals(allowed.substr(scheme + 3), host);
      }))
    return true;
  const auto port = host_port(host);
  if (port && request.local_port != 0 && *port != request.local_port) return false;
  return std::ranges::find(kLoopbackNames, name) != kLoopbackNames.end() ||
         std::ranges::any_of(rules.allowed_hosts,
                             [&](const auto& allowed) { return iequals(allowed, name); });
}

bool origin_allowed(const net::ServerRequest& request, const OriginRules& rules) {
  const auto site = net::find_header(request.headers, "sec-fetch-site");
  const auto origin = net::find_header(request.headers, "origin");
  if (!origin) return !site || *site == "same-origin" || *site == "none";
  if (count_of(request.headers, "origin") != 1 || *origin == "null") return false;
  if (std::ranges::any_of(rules.allowed_origins,
                          [&](const auto& allowed) { return iequals(allowed, *origin); }))
    return true;
  const auto host = net::find_header(request.headers, "host");
  if (!host || host_name(*host).empty()) return false;
  if (site && *site != "same-origin" && *site != "none") return false;
  return iequals(*origin, "http://" + std::string(*host));
}

bool local_direct(const net::ServerRequest& request) {
  if (!request.peer.loopback) return false;
  if (std::ranges::any_of(kProxyHeaders, [&](auto name) {
        return net::find_header(request.headers, name).has_value();
      }))
    return false;
  const auto host = net::find_header(request.headers, "host");
  if (!host) return false;
  const auto name = host_name(*host);
  return std::ranges::find(kLoopbackNames, name) != kLoopbackNames.end() ||
         name.ends_with(".ts.net");
}

}  // namespace carapace::gateway
