#include "provider/catalogue/base_url.h"

#include "base/text.h"
#include "net/egress_guard.h"

namespace carapace::provider {
namespace {

// The host of what stands behind "://", without port; an IPv6 address without brackets.
std::string_view host_of(std::string_view rest) {
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.contains('@')) return rest;
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find(':'));
}

// This machine, an address of a private network, or a name that only such a network knows. In lower
// case.
bool is_private_host(std::string_view host) {
  const bool is_address =
      host.contains(':') || host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (is_address) return !net::is_public_address(host);
  if (!host.contains('.')) return !host.empty();
  for (const std::string_view suffix : {".localhost", ".local", ".lan", ".internal", ".home.arpa"})
    if (host.ends_with(suffix)) return true;
  return false;
}

}  // namespace

bool is_private_url(std::string_view url) {
  const auto lower = to_lower(url);
  const auto at = lower.find("://");
  return at != std::string::npos &&
         is_private_host(host_of(std::string_view(lower).substr(at + 3)));
}

bool is_safe_base_url(std::string_view url) {
  const auto lower = to_lower(url);
  const auto scheme_end = lower.find("://");
  if (scheme_end == std::string::npos) return false;
  const auto scheme = std::string_view(lower).substr(0, scheme_end);
  const auto host = host_of(std::string_view(lower).substr(scheme_end + 3));
  if (host.empty() || host.contains('@')) return false;
  return scheme == "https" || (scheme == "http" && is_private_host(host));
}

}  // namespace carapace::provider
