#include "net/versions.h"

#include <openssl/crypto.h>

#include "net/client/curl_library.h"

namespace carapace::net {

std::string tls_version() { return ::OpenSSL_version(OPENSSL_VERSION_STRING); }

Result<std::string> http_version() {
  TRY(const auto curl, load_curl());
  return std::string(curl.version_info(CURLVERSION_NOW)->version);
}

}  // namespace carapace::net
