// The egress guard throws nothing; a URL that it lets pass names a public host also for the C
// library's own, more lenient reader of addresses, and is judged the same once more in its normal
// form.
#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/egress_guard.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_allowed(const carapace::net::GuardedUrl& url) {
  require(url.scheme == "http" || url.scheme == "https");
  require(!url.host.empty() && url.port != 0 && url.path_and_query.starts_with('/'));
  require(url.host_is_address == carapace::net::is_public_address(url.host));
  for (const auto* blocked : {"localhost", "metadata", "instance-data", "internal", "local"})
    require(url.host != blocked);
  for (const auto* blocked : {".localhost", ".internal", ".local"})
    require(!url.host.ends_with(blocked));
  in_addr lenient{};
  if (::inet_aton(url.host.c_str(), &lenient) != 0) require(url.host_is_address);
  const auto text = carapace::net::url_text(url);
  for (const char c : text) require(c > 0x20 && c < 0x7F);
  if (text.size() > 2048) return;
  const auto again = carapace::net::guard_url(text);
  require(again.has_value());
  require(again->host == url.host && again->port == url.port &&
          again->path_and_query == url.path_and_query);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // As a whole URL, and as the host of one: random bytes rarely begin with a scheme.
  if (const auto url = carapace::net::guard_url(text)) check_allowed(*url);
  if (const auto url = carapace::net::guard_url("http://" + std::string(text))) check_allowed(*url);
  const std::string listed[] = {std::string(text)};
  static_cast<void>(carapace::net::guard_url("http://10.0.0.1:80/", listed));
  static_cast<void>(carapace::net::is_public_address(text));
  return 0;
}
