// The SSRF guard: which URL and which resolved address a fetch of untrusted origin may reach. Pure
// decisions (infrastructure specification B.11, cases H.1); `net/client` asks them before a name is
// resolved and again for the address it connects to. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::net {

struct GuardedUrl {
  std::string scheme;  // http | https
  std::string
      host;  // normalised: percent-decoded, lower case, no trailing dot; IPs in canonical text
  std::uint16_t port = 0;
  std::string path_and_query;  // starts with '/'; no fragment
  bool host_is_address = false;
  bool host_is_listed = false;  // in `private_hosts`: whatever it resolves to may be reached
};

// invalid_request: no absolute http(s) URL, empty host, over 2048 bytes, user info present.
// forbidden: a scheme, name or literal address that is never reachable. `private_hosts` (exact
// names, addresses or ranges like "100.64.0.0/10", the first two optionally host:port) are allowed
// although private. International names become their xn-- form; IPv4 is read as browsers read it
// (0x7f.1 is an address), so that what is judged is what is called.
Result<GuardedUrl> guard_url(std::string_view url, std::span<const std::string> private_hosts = {});

// A resolved address as text ("10.0.0.1", "fe80::1"). False when it lies in a blocked range, when
// it maps or tunnels to one, or when it is no address.
bool is_public_address(std::string_view address);

// May a fetch of `url` connect to this resolved address? Public, or listed by name, address or
// range.
bool may_connect(const GuardedUrl& url, std::string_view address,
                 std::span<const std::string> private_hosts);

// The URL as text again, from the judged parts: what to hand to the transport.
std::string url_text(const GuardedUrl& url);

}  // namespace carapace::net
