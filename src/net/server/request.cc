#include "net/server/request.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace carapace::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

// A chunk head or the trailers may not grow beyond this between two chunks.
constexpr std::size_t kMaxChunkHead = 16 << 10;
// A chunked body ends with no less than "0", an end of line and an empty line. Less than that is
// never whole, and Beast (1.81) asserts when it is asked again about such an end.
constexpr std::size_t kShortestChunkedEnd = 5;
constexpr std::size_t kMaxHeaders = 256;
constexpr int kMaxEmptyLines = 4;

// A string that grows as bytes come. The stock one reserves what Content-Length claims.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(http::header<isRequest, Fields>& /*head*/, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& /*length*/, error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      error = {};
      std::size_t taken = 0;
      for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers);
           ++at) {
        const asio::const_buffer part = *at;
        body_.append(static_cast<const char*>(part.data()), part.size());
        taken += part.size();
      }
      return taken;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

bool is_clean_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool is_clean_target(std::string_view target) {
  return std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool has_token(std::string_view list, std::string_view token) {
  return std::ranges::any_of(split(list, ','),
                             [&](std::string_view part) { return iequals(trim(part), token); });
}

bool any_token(const Headers& headers, std::string_view name, std::string_view token) {
  return std::ranges::any_of(headers, [&](const Header& header) {
    return header.name == name && has_token(header.value, token);
  });
}

std::size_t count_of(const Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count(headers, name, &Header::name));
}

// Origin form, absolute form or "*"; the path is what follows scheme and authority. `authority` is
// set for an absolute one.
bool split_target(ServerRequest& request, std::string_view& authority) {
  std::string_view rest = request.target;
  if (rest == "*") {
    request.path = rest;
    return request.method == "OPTIONS";
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!iequals(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    const auto end = rest.find_first_of("/?");
    authority = rest.substr(0, end);
    if (authority.empty()) return false;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    const auto question = rest.find('?');
    request.path = question == 0 || rest.empty() ? "/" : rest.substr(0, question);
    request.query = question == std::string_view::npos ? "" : rest.substr(question + 1);
    return true;
  }
  if (!rest.starts_with('/')) return false;
  const auto question = rest.find('?');
  request.path = rest.substr(0, question);
  if (question != std::string_view::npos) request.query = rest.substr(question + 1);
  return true;
}

RequestFault fault_of(const error_code& error) {
  if (error == http::error::header_limit) return {431, "request header fields too large"};
  if (error == http::error::body_limit) return {413, "payload too large"};
  if (error == http::error::bad_version)
    return {400, "malformed request: only HTTP/1.0 and HTTP/1.1 are spoken here"};
  return {400, "malformed request: " + error.message()};
}

}  // namespace

struct RequestParser::Impl {
  explicit Impl(RequestLimits bounds) : limits(bounds) {
    parser.header_limit(
        static_cast<std::uint32_t>(std::min<std::size_t>(bounds.header_bytes, 1 << 30)));
    parser.body_limit(bounds.body_bytes);
  }

  std::optional<RequestFault> finish_head();
  std::optional<RequestFault> check_framing() const;

  RequestLimits limits;
  http::request_parser<GrowingBody> parser;
  std::size_t head_bytes = 0;
  int empty_lines = 0;
  bool checked = false;
  bool http10 = false;
  ServerRequest request;
};

std::optional<RequestFault> RequestParser::Impl::finish_head() {
  checked = true;
  auto& message = parser.get();
  http10 = message.version() < 11;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  std::string_view authority;
  if (!is_clean_target(request.target) || !split_target(request, authority))
    return RequestFault{400, "malformed request: bad target"};
  for (const auto& field : message) {
    if (request.headers.size() == kMaxHeaders)
      return RequestFault{431, "too many request header fields"};
    const auto value = field.value();
    if (!is_clean_value({value.data(), value.size()}))
      return RequestFault{400, "malformed request: control character in a header"};
    request.headers.push_back({to_lower(std::string(field.name_string())), std::string(value)});
  }
  if (auto fault = check_framing()) return fault;
  // RFC 9112, 3.2.2: the target wins over Host. Where they differ somebody was fooled.
  if (!authority.empty() && !iequals(authority, find_header(request.headers, "host").value_or("")))
    return RequestFault{400, "malformed request: target and host differ"};
  return std::nullopt;
}

// Whatever leaves room for two opinions about the length of the body is refused (RFC 9112, 6.1
// and 6.3).
std::optional<RequestFault> RequestParser::Impl::check_framing() const {
  const auto& headers = request.headers;
  const auto lengths = count_of(headers, "content-length");
  const auto codings = count_of(headers, "transfer-encoding");
  if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0))
    return RequestFault{400, "malformed request: more than one length"};
  if (lengths == 1) {
    const auto value = *find_header(headers, "content-length");
    if (value.empty() || !std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; }))
      return RequestFault{400, "malformed request: bad content-length"};
  }
  if (codings == 1 && (http10 || !iequals(*find_header(headers, "transfer-encoding"), "chunked")))
    return RequestFault{400, "malformed request: bad transfer-encoding"};
  const auto hosts = count_of(headers, "host");
  if (hosts > 1 || (hosts == 0 && !http10))
    return RequestFault{400, "malformed request: one host is needed"};
  return std::nullopt;
}

RequestParser::RequestParser(RequestLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

std::expected<std::size_t, RequestFault> RequestParser::feed(std::string_view bytes) {
  auto& parser = impl_->parser;
  std::size_t taken = 0;
  error_code error;
  // RFC 9112, 2.2: an empty line before the request is the end of the last one, said twice.
  while (impl_->head_bytes == 0 && impl_->empty_lines < kMaxEmptyLines &&
         bytes.substr(taken).starts_with("\r\n")) {
    taken += 2;
    ++impl_->empty_lines;
  }
  if (impl_->head_bytes == 0 && bytes.substr(taken) == "\r") return taken;
  // One call of `put` may stop early (between the request line, the fields and parts of the body).
  while (taken < bytes.size() && !parser.is_done()) {
    const bool in_body = parser.is_header_done();
    const auto rest = bytes.substr(taken);
    if (in_body && parser.chunked() && rest.size() < kShortestChunkedEnd) break;
    const auto used = parser.put(asio::const_buffer(rest.data(), rest.size()), error);
    taken += used;
    if (!in_body) impl_->head_bytes += used;
    const bool need_more = error == http::error::need_more;
    if (error && !need_more) return std::unexpected(fault_of(error));
    const auto waiting = need_more ? rest.size() - used : 0;
    if (!in_body && impl_->head_bytes + waiting > impl_->limits.header_bytes)
      return std::unexpected(fault_of(http::error::header_limit));
    if (in_body && waiting > kMaxChunkHead)
      return std::unexpected(RequestFault{400, "malformed request: endless chunk header"});
    if (parser.is_header_done() && !impl_->checked) {
      if (auto fault = impl_->finish_head()) return std::unexpected(*std::move(fault));
      return taken;  // the caller may want to say "100 Continue" now
    }
    if (need_more) break;
  }
  return taken;
}

bool RequestParser::has_head() const { return impl_->checked; }
bool RequestParser::done() const { return impl_->checked && impl_->parser.is_done(); }
bool RequestParser::http10() const { return impl_->http10; }

bool RequestParser::keep_alive() const {
  const auto& headers = impl_->request.headers;
  if (any_token(headers, "connection", "close")) return false;
  return !impl_->http10 || any_token(headers, "connection", "keep-alive");
}

bool RequestParser::expects_continue() const {
  const auto value = find_header(impl_->request.headers, "expect");
  return value && !impl_->http10 && iequals(*value, "100-continue");
}

bool RequestParser::upgrades_to_websocket() const {
  const auto& headers = impl_->request.headers;
  return !impl_->http10 && any_token(headers, "upgrade", "websocket") &&
         any_token(headers, "connection", "upgrade");
}

const ServerRequest& RequestParser::head() const { return impl_->request; }

std::optional<std::uint64_t> RequestParser::declared_length() const {
  const auto length = impl_->parser.content_length();
  if (impl_->parser.chunked()) return std::nullopt;
  return length ? *length : 0;
}

std::optional<RequestFault> RequestParser::limit_body(std::size_t bytes) {
  if (declared_length().value_or(0) > bytes) return fault_of(http::error::body_limit);
  impl_->parser.body_limit(bytes);
  return std::nullopt;
}

ServerRequest RequestParser::take() {
  impl_->request.body = std::move(impl_->parser.get().body());
  return std::move(impl_->request);
}

RequestFault check_handshake(const ServerRequest& request) {
  const auto& headers = request.headers;
  if (request.method != "GET" || !request.body.empty())
    return {400, "websocket handshake: GET without a body is needed"};
  if (find_header(headers, "sec-websocket-version").value_or("") != "13")
    return {426, "websocket handshake: version 13 is needed"};
  const auto key = find_header(headers, "sec-websocket-key");
  if (!key || count_of(headers, "sec-websocket-key") > 1)
    return {400, "websocket handshake: one key is needed"};
  const auto bytes = from_base64(*key);
  if (!bytes || bytes->size() != 16) return {400, "websocket handshake: bad key"};
  return {0, ""};
}

}  // namespace carapace::net
