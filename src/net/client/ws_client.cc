#include "net/ws_client.h"

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "async/coro.h"
#include "async/signal.h"
#include "base/text.h"
#include "net/address/ranges.h"

namespace carapace::net {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Socket = asio::ip::tcp::socket;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr auto kSilence = std::chrono::seconds(60);
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

SteadyTime end_of(std::int64_t deadline_ms) {
  const auto now = std::chrono::steady_clock::now();
  return deadline_ms > 0 ? now + std::chrono::milliseconds(deadline_ms)
                         : now + std::chrono::hours(24 * 365);
}

// ---- the URL

struct Target {
  std::vector<asio::ip::tcp::endpoint> endpoints;
  std::string authority;
  std::string path;
};

std::unexpected<Error> bad_url(std::string_view why) {
  return fail(Errc::invalid_request, "not a usable WebSocket URL: {}", why);
}

Result<Target> read_url(std::string_view url) {
  const auto scheme = to_lower(url.substr(0, url.find("://")));
  if (scheme == "wss") return bad_url("wss:// is not supported yet, only ws://");
  if (scheme != "ws" || url.size() < 5) return bad_url("it must start with ws://");
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F)
      return bad_url("white space or control characters");
  const auto rest = url.substr(5);
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  Target target;
  target.authority = rest.substr(0, end);
  target.path = rest.substr(end, rest.find('#') - end);
  if (!target.path.starts_with('/')) target.path.insert(0, "/");
  std::string_view host = target.authority;
  std::string_view port = "80";
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  std::uint16_t number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || stop != port.data() + port.size() || number == 0)
    return bad_url("bad port");
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::vector<std::string> addresses{std::string(host)};
  if (iequals(host, "localhost")) addresses = {"127.0.0.1", "::1"};
  for (const auto& address : addresses) {
    error_code failed;
    const auto ip = asio::ip::make_address(address, failed);
    if (failed || !parse_ip(address)) return bad_url("the host must be an address or localhost");
    target.endpoints.emplace_back(ip, number);
  }
  return target;
}

// ---- the connection. Shared with the operations in flight, which may outlive the client object.

struct Link : std::enable_shared_from_this<Link> {
  explicit Link(asio::io_context& context) : stream(context) {}

  void drop() {
    error_code ignored;
    stream.next_layer().close(ignored);
  }
  // One message is read ahead, so that pings and the peer's close are seen while nobody receives.
  void read_ahead() {
    stream.async_read(buffer, [self = shared_from_this()](const error_code& error, std::size_t) {
      self->take(error);
    });
  }
  void take(const error_code& error);

  websocket::stream<Socket> stream;
  beast::flat_buffer buffer;
  std::optional<std::string> ready;
  std::optional<Error> ended;
  bool connecting = true;
  bool late = false;  // the deadline of connecting passed
  bool writing = false;
  Signal changed;
};

void Link::take(const error_code& error) {
  if (!error) {
    const auto bytes = buffer.cdata();
    ready.emplace(static_cast<const char*>(bytes.data()), bytes.size());
    buffer = {};
  } else if (error == websocket::error::message_too_big ||
             error == websocket::error::buffer_overflow) {
    ended =
        Error{Errc::too_large, fmt::format("the peer sent a message over {} bytes", kWsMaxMessage)};
  } else if (error == websocket::error::closed) {
    const auto& reason = stream.reason();
    ended = Error{Errc::unavailable,
                  fmt::format("the peer closed with {} {}", static_cast<unsigned>(reason.code),
                              strip_controls({reason.reason.data(), reason.reason.size()}, false))};
  } else {
    ended = Error{Errc::unavailable, "the WebSocket connection is gone: " + error.message()};
  }
  changed.notify_all();
}

// What one write or close leaves for the coroutine that waits for it, if it still does.
struct Operation {
  bool done = false;
  error_code error;
};

// Waits for the operation; false at the deadline, when the connection is dropped.
Task<bool> wait_done(std::shared_ptr<Link> link, std::shared_ptr<Operation> operation,
                     SteadyTime end) {
  while (!operation->done) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      link->drop();
      co_return false;
    }
    co_await link->changed.wait_for(left);
  }
  co_return true;
}

Task<Result<std::string>> receive_on(std::shared_ptr<Link> link, std::int64_t deadline_ms) {
  const auto end = end_of(deadline_ms);
  while (!link->ready && !link->ended) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) co_return fail(Errc::timeout, "no message for {} ms", deadline_ms);
    co_await link->changed.wait_for(left);
  }
  if (!link->ready) co_return std::unexpected(*link->ended);
  auto message = std::move(*link->ready);
  link->ready.reset();
  link->read_ahead();
  co_return message;
}

Task<Status> send_on(std::shared_ptr<Link> link, std::string text, std::int64_t deadline_ms) {
  if (text.size() > kWsMaxMessage)
    co_return fail(Errc::too_large, "a message is at most {} bytes", kWsMaxMessage);
  const auto end = end_of(deadline_ms);
  while (link->writing && !link->ended) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      co_return fail(Errc::timeout, "an earlier message was not sent in {} ms", deadline_ms);
    co_await link->changed.wait_for(left);
  }
  if (link->ended) co_return std::unexpected(*link->ended);
  const auto operation = std::make_shared<Operation>();
  const auto kept = std::make_shared<const std::string>(std::move(text));
  link->writing = true;
  link->stream.async_write(asio::buffer(*kept),
                           [link, operation, kept](const error_code& error, std::size_t) {
                             link->writing = false;
                             *operation = {true, error};
                             link->changed.notify_all();
                           });
  if (!co_await wait_done(link, operation, end))
    co_return fail(Errc::timeout, "the peer took no bytes for {} ms", deadline_ms);
  if (operation->error)
    co_return fail(Errc::unavailable, "the message was not sent: {}", operation->error.message());
  co_return Status();
}

Task<void> close_on(std::shared_ptr<Link> link, std::int64_t deadline_ms) {
  if (!link->ended && link->stream.is_open()) {
    const auto operation = std::make_shared<Operation>();
    link->stream.async_close(websocket::close_code::normal,
                             [link, operation](const error_code& error) {
                               *operation = {true, error};
                               link->changed.notify_all();
                             });
    co_await wait_done(link, operation, end_of(deadline_ms));
  }
  link->drop();
}

class BeastClient final : public WsClient {
 public:
  explicit BeastClient(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  ~BeastClient() override { link_->drop(); }

  Task<Result<std::string>> receive(std::int64_t deadline_ms) override {
    return receive_on(link_, deadline_ms);
  }
  Task<Status> send(std::string text, std::int64_t deadline_ms) override {
    return send_on(link_, std::move(text), deadline_ms);
  }
  Task<void> close(std::int64_t deadline_ms) override { return close_on(link_, deadline_ms); }

 private:
  std::shared_ptr<Link> link_;
};

// ---- connecting

Error declined(const error_code& error, const websocket::response_type& answer) {
  if (error != websocket::error::upgrade_declined)
    return {Errc::unavailable, "no WebSocket answer: " + error.message()};
  const auto status = answer.result_int();
  const auto code = status == 401   ? Errc::unauthorized
                    : status == 403 ? Errc::forbidden
                                    : Errc::unavailable;
  return {code, fmt::format("the peer refused the WebSocket with HTTP {}: {}", status,
                            ellipsize(strip_controls(sanitize_utf8(answer.body()), false), 200))};
}

Status set_options(Link& link, const Headers& headers) {
  for (const auto& [name, value] : headers)
    if (name.empty() || name.find_first_of(" :\r\n") != std::string::npos ||
        value.find_first_of("\r\n") != std::string::npos)
      return fail(Errc::invalid_request, "bad request header");
  link.stream.read_message_max(kWsMaxMessage);
  link.stream.text(true);
  link.stream.set_option(
      websocket::stream_base::timeout{websocket::stream_base::none(), kSilence, true});
  link.stream.set_option(
      websocket::stream_base::decorator([headers](websocket::request_type& request) {
        for (const auto& [name, value] : headers) request.set(name, value);
      }));
  return {};
}

Task<error_code> connect_first(std::shared_ptr<Link> link,
                               std::vector<asio::ip::tcp::endpoint> endpoints) {
  error_code last;
  for (const auto& endpoint : endpoints) {
    error_code ignored;
    link->stream.next_layer().close(ignored);
    std::tie(last) = co_await link->stream.next_layer().async_connect(endpoint, kTuple);
    if (!last || last == asio::error::operation_aborted) break;
  }
  if (!last) link->stream.next_layer().set_option(asio::ip::tcp::no_delay(true), last);
  co_return last;
}

}  // namespace

Task<Result<std::unique_ptr<WsClient>>> connect_websocket(Loop& loop, std::string url,
                                                          Headers headers,
                                                          std::int64_t deadline_ms) {
  CO_TRY(const auto target, read_url(url));
  const auto link = std::make_shared<Link>(loop.context());
  CO_TRY_STATUS(set_options(*link, headers));
  asio::steady_timer deadline(loop.context(), end_of(deadline_ms));
  deadline.async_wait([link](const error_code& error) {
    if (error || !link->connecting) return;
    link->late = true;
    link->drop();
  });
  const auto refused = co_await connect_first(link, target.endpoints);
  if (link->late)
    co_return fail(Errc::timeout, "{}: not connected after {} ms", target.authority, deadline_ms);
  if (refused) co_return fail(Errc::unavailable, "{}: {}", target.authority, refused.message());
  websocket::response_type answer;
  const auto [error] =
      co_await link->stream.async_handshake(answer, target.authority, target.path, kTuple);
  if (link->late)
    co_return fail(Errc::timeout, "{}: no WebSocket answer in {} ms", target.authority,
                   deadline_ms);
  if (error) co_return std::unexpected(declined(error, answer));
  link->connecting = false;
  link->read_ahead();
  co_return std::make_unique<BeastClient>(link);
}

}  // namespace carapace::net
