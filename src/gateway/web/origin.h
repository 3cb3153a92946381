// Where a request really comes from: its Host and Origin headers and its peer, judged before
// anything else is read (attacks by other web pages, DNS rebinding, forged proxy headers). Pure
// decisions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace carapace::gateway {

struct OriginRules {
  bool loopback_only = true;
  std::vector<std::string>
      allowed_hosts;  // names that a loopback bind answers to, beside localhost
  std::vector<std::string> allowed_origins;  // scheme://host[:port], exact
};

// Name in a Host header without port and brackets, lower case; empty when it is malformed.
std::string host_name(std::string_view host);
// The port behind it; nullopt when none is said.
std::optional<std::uint32_t> host_port(std::string_view host);

// A gateway on loopback answers to loopback names and its own port only: a page whose name was
// rebound to 127.0.0.1 carries its own name here. Authorities of allowed origins pass, too (a
// tunnel to another port).
bool host_allowed(const net::ServerRequest& request, const OriginRules& rules);

// No Origin: not a browser, which has to know the credential anyway. Else it is the gateway's own
// (scheme, host and port as in Host) or one of the list; `null` never is. Sec-Fetch-Site that says
// cross-site is refused too.
bool origin_allowed(const net::ServerRequest& request, const OriginRules& rules);

// Loopback peer, loopback or tailnet name, and no header of a proxy in between (§5.4).
bool local_direct(const net::ServerRequest& request);

}  // namespace carapace::gateway
