#include "net/client/curl_transfer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "async/coro.h"
#include "base/text.h"
#include "net/address/ranges.h"

namespace carapace::net {

namespace {

constexpr std::size_t kMaxHeadBytes = 256 << 10;
constexpr std::int64_t kTailMs = 5;  // for the last bytes of an answer that nobody reads any more

// "host:port" without user information, for error texts. The path may carry a key and stays out.
std::string authority_of(std::string_view url) {
  const auto start = url.find("://");
  auto rest = start == std::string_view::npos ? url : url.substr(start + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  return ellipsize(rest, 100);
}

std::optional<std::string> address_text(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET)
    bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  if (address->sa_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (bytes == nullptr || ::inet_ntop(address->sa_family, bytes, text, sizeof text) == nullptr)
    return std::nullopt;
  return std::string(text);
}

bool is_tls_problem(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return true;
    default: return false;
  }
}

}  // namespace

std::string duration_text(std::int64_t ms) {
  return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{} ms", ms);
}

CurlTransfer::CurlTransfer(std::shared_ptr<CurlEngine> engine, const Call& call,
                           const BodySink& sink, Clock::time_point started)
    : engine_(std::move(engine)),
      call_(call),
      sink_(sink),
      where_(authority_of(call.url)),
      started_(started),
      marked_(started) {}

CurlTransfer::~CurlTransfer() {
  if (easy_ != nullptr) engine_->discard(easy_);
  if (header_list_ != nullptr) engine_->curl().slist_free_all(header_list_);
  if (resolve_list_ != nullptr) engine_->curl().slist_free_all(resolve_list_);
}

Task<Result<Reply>> CurlTransfer::run(const std::optional<Pinned>& pinned, const Stop& stop) {
  CO_TRY_STATUS(prepare(pinned));
  while (engine_->inside()) co_await yield_now();  // started from within a sink
  const auto registration = stop.on_stop([this] {
    stopping_ = true;
    changed_.notify_all();
  });
  CO_TRY_STATUS(engine_->start(easy_, [this](CURLcode code, bool closed) {
    code_ = code;
    closed_ = closed;
    done_ = true;
    changed_.notify_all();
  }));
  while (!done_ && !stopping_) {
    const auto limit = next_limit();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit.at - Clock::now());
    if (left.count() <= 0 && enough_) break;
    // A peer that was not reached has worked on nothing: that is no time-out of an answer.
    if (left.count() <= 0)
      co_return fail(phase_ == Phase::connecting ? Errc::unavailable : Errc::timeout, "{}: {}",
                     where_, limit.text);
    co_await changed_.wait_for(left);
  }
  co_return outcome(stop);
}

CurlTransfer::Limit CurlTransfer::next_limit() const {
  const auto& deadlines = call_.deadlines;
  Limit best{started_ + std::chrono::hours(24 * 365), "not finished after a year"};
  const auto consider = [&best](Clock::time_point from, std::int64_t ms, auto text) {
    if (ms <= 0) return;
    const auto at =
        from + std::chrono::milliseconds(std::min<std::int64_t>(ms, 366LL * 86'400'000));
    if (at < best.at) best = {at, text(duration_text(ms))};
  };
  if (enough_) consider(enough_at_, kTailMs, [](auto) { return std::string(); });
  switch (phase_) {
    case Phase::connecting:
      consider(started_, deadlines.connect_ms,
               [](auto t) { return "not connected after " + t + " (connect deadline)"; });
      break;
    case Phase::waiting:
      consider(marked_, deadlines.first_byte_ms,
               [](auto t) { return "no answer for " + t + " (first byte deadline)"; });
      break;
    case Phase::reading:
      consider(marked_, deadlines.idle_ms,
               [](auto t) { return "no bytes for " + t + " (idle deadline)"; });
      break;
  }
  consider(started_, deadlines.total_ms,
           [](auto t) { return "not finished after " + t + " (total deadline)"; });
  return best;
}

Result<Reply> CurlTransfer::outcome(const Stop& stop) {
  if (done_ && code_ == CURLE_OK && !refusal_) return std::move(reply_);
  if (stopping_) return fail(Errc::cancelled, stop.reason());
  if (closed_) return fail(Errc::cancelled, "the HTTP client was closed");
  if (refusal_) return std::unexpected(std::move(*refusal_));
  if (enough_) return std::move(reply_);
  return std::unexpected(transport_error());
}

Error CurlTransfer::transport_error() const {
  const std::string_view words =
      error_text_[0] != '\0' ? error_text_ : engine_->curl().easy_strerror(code_);
  const auto text = strip_controls(sanitize_utf8(trim(words)), false);
  const auto say = [&](std::string_view what) {
    return Error{Errc::unavailable, fmt::format("{}: {}{}", where_, what, text)};
  };
  if (is_tls_problem(code_)) return say("TLS failed: ");
  switch (code_) {
    case CURLE_URL_MALFORMAT: return {Errc::invalid_request, "not a usable URL: " + text};
    case CURLE_OPERATION_TIMEDOUT: return {Errc::timeout, fmt::format("{}: {}", where_, text)};
    case CURLE_PARTIAL_FILE: return say("the answer was cut short: ");
    case CURLE_RECV_ERROR: return say(head_done_ ? "the answer was cut short: " : "");
    case CURLE_GOT_NOTHING: return say("the peer closed without an answer: ");
    case CURLE_BAD_CONTENT_ENCODING: return say("the answer cannot be decompressed: ");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return say("not an HTTP answer: ");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_FAILED_INIT: return {Errc::internal, fmt::format("libcurl: {}", text)};
    default: return say("");
  }
}

void CurlTransfer::refuse(Errc code, std::string why) {
  if (!refusal_) refusal_ = Error{code, fmt::format("{}: {}", where_, why)};
}

void CurlTransfer::mark(Phase phase) {
  marked_ = Clock::now();
  // A new phase may have a nearer limit than the one that is waited for.
  if (std::exchange(phase_, phase) != phase) changed_.notify_all();
}

// ---- callbacks of libcurl. Nothing may be thrown through it.

bool CurlTransfer::may_use(const std::string& address) const {
  const auto wanted = parse_ip(address);
  return wanted &&
         std::ranges::any_of(pinned_, [&](const auto& text) { return parse_ip(text) == wanted; });
}

curl_socket_t CurlTransfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.guarded_) {
    const auto text = address_text(&address->addr);
    if (!text || !transfer.may_use(*text)) {
      transfer.refuse(Errc::forbidden,
                      "refused to connect to " + text.value_or("an unknown kind of address"));
      return CURL_SOCKET_BAD;
    }
  }
#ifdef SOCK_CLOEXEC
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  const int socket = ::socket(address->family, address->socktype, address->protocol);
  if (socket >= 0) ::fcntl(socket, F_SETFD, FD_CLOEXEC);
  return socket;
#endif
}

int CurlTransfer::on_connected(void* self, char* peer, char*, int, int) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.guarded_ && !transfer.may_use(peer)) {
    transfer.refuse(Errc::forbidden, std::string("refused the connection to ") + peer);
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.mark(Phase::waiting);
  return CURL_PREREQFUNC_OK;
}

std::size_t CurlTransfer::on_upload(char* out, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.stopping_) return CURL_READFUNC_ABORT;
  const auto& body = transfer.call_.body;
  const auto take = std::min(size * count, body.size() - transfer.uploaded_);
  std::memcpy(out, body.data() + transfer.uploaded_, take);
  transfer.uploaded_ += take;
  transfer.marked_ = Clock::now();  // a long upload is not a slow answer
  return take;
}

int CurlTransfer::on_seek(void* self, curl_off_t offset, int origin) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::size_t>(offset) > transfer.call_.body.size())
    return CURL_SEEKFUNC_FAIL;
  transfer.uploaded_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const auto bytes = size * count;
  if (transfer.stopping_) return 0;
  try {
    transfer.head_bytes_ += bytes;
    if (transfer.head_bytes_ > kMaxHeadBytes) {
      transfer.refuse(Errc::too_large,
                      fmt::format("the head of the answer is over {} bytes", kMaxHeadBytes));
      return 0;
    }
    return transfer.take_header_line(trim(std::string_view(data, bytes))) ? bytes : 0;
  } catch (const std::exception& error) {
    transfer.refuse(Errc::internal,
                    fmt::format("the reader of the answer failed: {}", error.what()));
    return 0;
  } catch (...) {
    transfer.refuse(Errc::internal, "the reader of the answer failed");
    return 0;
  }
}

bool CurlTransfer::take_header_line(std::string_view line) {
  if (head_done_) return true;  // trailers
  if (line.starts_with("HTTP/")) {
    reply_ = {};
    return true;
  }
  if (line.empty()) return end_of_head();
  const auto colon = line.find(':');
  if (colon != std::string_view::npos)
    reply_.headers.push_back(
        {to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  return true;
}

bool CurlTransfer::end_of_head() {
  long status = 0;
  engine_->curl().easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 && status != 101) return true;  // the real head follows
  reply_.status = static_cast<int>(status);
  head_done_ = true;
  if (sink_.on_head) sink_.on_head(reply_);
  const auto length = find_header(reply_.headers, "content-length");
  if (!length || call_.method == "HEAD") return true;
  std::uint64_t bytes = 0;
  std::from_chars(length->data(), length->data() + length->size(), bytes);
  if (bytes <= call_.max_body_bytes) return true;
  refuse(Errc::too_large,
         fmt::format("the answer has {} bytes, the limit is {}", bytes, call_.max_body_bytes));
  return false;
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const auto bytes = size * count;
  // What curl takes as "failed": any number but the one it gave.
  const std::size_t refused = bytes == 0 ? 1 : 0;
  if (transfer.stopping_) return refused;
  if (transfer.enough_) return transfer.call_.guarded ? refused : bytes;  // the tail, unread
  transfer.mark(Phase::reading);
  try {
    if (bytes > transfer.call_.max_body_bytes - transfer.body_bytes_) {
      transfer.refuse(Errc::too_large,
                      fmt::format("the answer is over {} bytes", transfer.call_.max_body_bytes));
      return refused;
    }
    transfer.body_bytes_ += bytes;
    if (transfer.sink_.on_bytes && !transfer.sink_.on_bytes(std::string_view(data, bytes))) {
      transfer.enough_ = true;
      transfer.enough_at_ = Clock::now();
      if (transfer.call_.guarded) return refused;
      // A stream that said its last word usually ends with the next bytes, and the connection can
      // be kept.
      transfer.changed_.notify_all();
    }
    return bytes;
  } catch (const std::exception& error) {
    transfer.refuse(Errc::internal,
                    fmt::format("the reader of the answer failed: {}", error.what()));
    return refused;
  } catch (...) {
    transfer.refuse(Errc::internal, "the reader of the answer failed");
    return refused;
  }
}

}  // namespace carapace::net
