// What one exchange asks of libcurl.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "net/client/curl_transfer.h"

namespace carapace::net {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kExtra.contains(c);
  });
}

}  // namespace

template <typename T>
void CurlTransfer::set(CURLoption option, T value) {
  const auto code = engine_->curl().easy_setopt(easy_, option, value);
  if (code != CURLE_OK && refused_option_ == CURLE_OK) refused_option_ = code;
}

void CurlTransfer::append(curl_slist*& list, const std::string& text) {
  auto* longer = engine_->curl().slist_append(list, text.c_str());
  CARAPACE_CHECK(longer != nullptr);
  list = longer;
}

Status CurlTransfer::prepare(const std::optional<Pinned>& pinned) {
  easy_ = engine_->curl().easy_init();
  if (easy_ == nullptr) return fail(Errc::internal, "libcurl gives no handle");
  if (!is_token(call_.method)) return fail(Errc::invalid_request, "bad HTTP method");
  set_transport(pinned);
  set_request();
  TRY_STATUS(set_headers());
  // A library too old to take an option must not go on without it: several of them are protections.
  if (refused_option_ != CURLE_OK)
    return fail(Errc::unavailable, "this libcurl is too old or refuses an option: {}",
                engine_->curl().easy_strerror(refused_option_));
  return {};
}

void CurlTransfer::set_transport(const std::optional<Pinned>& pinned) {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  // Our deadlines rule; curl's own would be 300 s for the connection.
  set(CURLOPT_CONNECTTIMEOUT_MS, 24L * 3'600'000L);
  // A name that is still being resolved must not hold the loop when its transfer is removed.
  engine_->curl().easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, &CurlTransfer::on_connected);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_ERRORBUFFER, error_text_);
  if (!pinned) {
    set(CURLOPT_URL, call_.url.c_str());
    return;
  }
  guarded_ = true;
  pinned_ = pinned->addresses;
  set(CURLOPT_URL, pinned->url.c_str());
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  if (pinned->host.empty()) return;
  std::string entry = fmt::format("+{}:{}:", pinned->host, pinned->port);
  for (std::size_t i = 0; i < pinned->addresses.size(); ++i) {
    const auto& address = pinned->addresses[i];
    entry += i > 0 ? "," : "";
    entry += address.contains(':') ? "[" + address + "]" : address;
  }
  append(resolve_list_, entry);
  set(CURLOPT_RESOLVE, resolve_list_);
}

void CurlTransfer::set_request() {
  set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_USERAGENT, "carapace");
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  if (call_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  const bool has_body = !call_.body.empty() || call_.method == "POST" || call_.method == "PUT" ||
                        call_.method == "PATCH";
  if (has_body) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
    set(CURLOPT_READFUNCTION, &CurlTransfer::on_upload);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_SEEKFUNCTION, &CurlTransfer::on_seek);
    set(CURLOPT_SEEKDATA, this);
  }
  if (call_.method != "GET" || has_body) set(CURLOPT_CUSTOMREQUEST, call_.method.c_str());
}

Status CurlTransfer::set_headers() {
  bool has_type = false;
  for (const auto& [name, value] : call_.headers) {
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return fail(Errc::invalid_request, "bad request header {}",
                  ellipsize(strip_controls(sanitize_utf8(name), false), 60));
    has_type = has_type || iequals(name, "content-type");
    append(header_list_, value.empty() ? name + ";" : name + ": " + value);
  }
  if (!has_type) append(header_list_, "Content-Type:");  // curl would call every body a form
  append(header_list_, "Expect:");                       // no round trip before large bodies
  set(CURLOPT_HTTPHEADER, header_list_);
  return {};
}

}  // namespace carapace::net
