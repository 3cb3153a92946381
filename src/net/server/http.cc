// The first life of a connection: requests in, answers out, one after the other.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "async/coro.h"
#include "base/text.h"
#include "log/log.h"
#include "net/server/connection.h"
#include "net/server/request.h"
#include "net/server/response.h"

namespace carapace::net {

namespace {

constexpr log::Log kLog{"net"};
constexpr std::size_t kFirstRead = 1 << 10;
constexpr std::size_t kBodyRead = 64 << 10;
constexpr std::size_t kFreeBody = 16 << 10;   // a body that is read before anybody is asked
constexpr std::size_t kKeepBuffer = 4 << 10;  // an idle connection keeps no more than this
// A body earns a new deadline with every so many bytes: a slow line is served, a trickle is not.
constexpr std::size_t kBodyProgress = 256 << 10;
constexpr std::int64_t kWriteStallMs = 60'000;

OutQueue::Frame frame(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

bool is_cancellation(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& system) {
    return system.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "unknown exception";
  }
}

// The answer to one request. Lives in the frame of `HttpTalk::answer`, which outlives the handler.
class Answer final : public Responder {
 public:
  Answer(Connection& connection, bool is_head, bool http10, bool keep_alive)
      : connection_(connection), is_head_(is_head), http10_(http10), keep_alive_(keep_alive) {}
  ~Answer() override { stop_watching(); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // A peer that closes while nothing has been said may still read: it is told, when there is
  // something to say. A stream ends there.
  void tell_when_left(Stop left) {
    watching_ = true;
    connection_.watch_peer([this, left] {
      watching_ = false;
      if (state_ == State::streaming) connection_.abort();
      left.request("the client left");
    });
  }

  void send(ServerResponse response) override {
    if (refuse_second()) return;
    state_ = State::sent;
    const bool empty = has_no_body(response.status);
    note_close(response);
    push(response_head(response, connection_.core().options.always,
                       {empty ? BodyForm::none : BodyForm::sized, response.body.size(), keep_alive_,
                        std::time(nullptr)}));
    if (!is_head_ && !empty) push(std::move(response.body));
    connection_.flush();
  }

  void begin(ServerResponse head) override {
    if (refuse_second()) return;
    state_ = State::streaming;
    form_ = has_no_body(head.status) ? BodyForm::none
            : http10_                ? BodyForm::to_close
                                     : BodyForm::chunked;
    if (form_ == BodyForm::to_close) keep_alive_ = false;
    note_close(head);
    push(response_head(head, connection_.core().options.always,
                       {form_, 0, keep_alive_, std::time(nullptr)}));
    connection_.flush();
  }

  Task<bool> write(std::string chunk) override {
    if (state_ != State::streaming) co_return false;
    if (is_head_ || form_ == BodyForm::none || chunk.empty()) co_return !connection_.gone();
    if (form_ == BodyForm::chunked) {
      auto size = fmt::format("{:x}\r\n", chunk.size());
      chunk.insert(0, size);
      chunk += "\r\n";
    }
    push(std::move(chunk));
    connection_.flush();
    co_await connection_.drained(kWriteStallMs);
    co_return !connection_.gone();
  }

  // The handler has ended well, whatever it did or did not say.
  void finish() {
    stop_watching();
    if (state_ == State::silent) send(error_response(500, "internal error"));
    if (state_ != State::streaming) return;
    if (form_ == BodyForm::chunked && !is_head_) push("0\r\n\r\n");
    connection_.flush();
  }
  // The handler threw. An answer that has begun cannot be taken back: it is cut off visibly.
  void finish_broken() {
    if (state_ == State::streaming) return connection_.abort();
    if (state_ == State::silent) send(error_response(500, "internal error"));
  }
  bool keep_alive() const { return keep_alive_; }

 private:
  enum class State : std::uint8_t { silent, sent, streaming };

  void stop_watching() {
    if (std::exchange(watching_, false)) connection_.stop_watching();
  }
  bool refuse_second() const {
    if (state_ == State::silent) return false;
    kLog.error("a handler answered a request twice; the second answer is dropped");
    return true;
  }
  void note_close(const ServerResponse& response) {
    for (const auto& header : response.headers)
      if (iequals(header.name, "connection") && iequals(header.value, "close")) keep_alive_ = false;
    if (connection_.core().draining) keep_alive_ = false;
  }
  void push(std::string bytes) {
    if (!connection_.gone()) connection_.out().push(frame(std::move(bytes)));
  }

  Connection& connection_;
  State state_ = State::silent;
  BodyForm form_ = BodyForm::sized;
  bool is_head_;
  bool http10_;
  bool keep_alive_;
  bool watching_ = false;
};

class HttpTalk {
 public:
  HttpTalk(ConnectionPtr connection, Peer peer)
      : connection_(std::move(connection)), peer_(std::move(peer)) {
    boost::system::error_code ignored;
    port_ = connection_->socket().local_endpoint(ignored).port();
  }

  Task<std::unique_ptr<ServerRequest>> run();

 private:
  enum class Read : std::uint8_t { request, fault, ended };

  Task<Read> read_request(RequestParser& parser);
  // Feeds what is buffered. False: more bytes are needed.
  bool feed(RequestParser& parser);
  // The head is there: may its body come? False: `fault_` or `refusal_` says why not.
  bool admit_body(RequestParser& parser);
  Task<bool> fill(std::size_t at_least);
  Task<bool> answer(ServerRequest request, bool http10, bool keep_alive);
  Task<bool> may_upgrade(const ServerRequest& request);
  Task<void> refuse(ServerResponse response);
  RequestLimits limits() const;
  void release_buffer();

  ConnectionPtr connection_;
  Peer peer_;
  std::string input_;
  std::size_t used_ = 0;    // of input_
  std::uint16_t port_ = 0;  // ours
  RequestFault fault_;
  std::optional<ServerResponse> refusal_;  // wins over the fault
};

RequestLimits HttpTalk::limits() const {
  const auto& options = connection_->core().options;
  return {options.max_header_bytes, options.max_body_bytes};
}

Task<std::unique_ptr<ServerRequest>> HttpTalk::run() {
  for (;;) {
    RequestParser parser(limits());
    const auto read = co_await read_request(parser);
    if (read == Read::ended) co_return nullptr;
    if (read == Read::fault) {
      co_await refuse(refusal_ ? std::move(*refusal_)
                               : error_response(fault_.status, fault_.message));
      co_return nullptr;
    }
    const bool upgrade = parser.upgrades_to_websocket() && connection_->core().handler.websocket;
    const bool keep = parser.keep_alive();
    auto request = parser.take();
    request.peer = peer_;
    request.local_port = port_;
    if (upgrade) {
      if (!co_await may_upgrade(request)) co_return nullptr;
      connection_->unread = input_.substr(used_);
      co_return std::make_unique<ServerRequest>(std::move(request));
    }
    const bool again = co_await answer(std::move(request), parser.http10(), keep);
    if (connection_->gone()) co_return nullptr;
    if (!again || connection_->core().draining) {
      co_await connection_->linger();
      co_return nullptr;
    }
    release_buffer();
  }
}

void HttpTalk::release_buffer() {
  input_.erase(0, used_);
  used_ = 0;
  if (input_.capacity() > kKeepBuffer && input_.size() < kKeepBuffer) input_.shrink_to_fit();
}

bool HttpTalk::admit_body(RequestParser& parser) {
  const auto& judge = connection_->core().handler.judge_body;
  if (!judge || parser.done() || parser.declared_length().value_or(kFreeBody + 1) <= kFreeBody)
    return true;
  auto head = parser.head();
  head.peer = peer_;
  head.local_port = port_;
  try {
    auto verdict = judge(head);
    refusal_ = std::move(verdict.refusal);
    if (refusal_) fault_ = {refusal_->status, "refused before its body"};
    if (auto fault = refusal_ ? std::nullopt : parser.limit_body(verdict.max_bytes))
      fault_ = *std::move(fault);
  } catch (const std::exception& error) {
    kLog.error("judging a body threw", {{"what", error.what()}});
    fault_ = {500, "internal error"};
  }
  return fault_.status == 0;
}

bool HttpTalk::feed(RequestParser& parser) {
  while (used_ < input_.size() && !parser.done()) {
    const bool had_head = parser.has_head();
    const auto taken = parser.feed(std::string_view(input_).substr(used_));
    if (!taken) {
      fault_ = taken.error();
      return true;
    }
    used_ += *taken;
    if (!had_head && parser.has_head()) {
      if (!admit_body(parser)) return true;
      connection_->expect_within(connection_->core().options.body_deadline_ms,
                                 Connection::Expiry::stop_reading);
      if (parser.expects_continue() && !parser.done() && used_ == input_.size()) {
        connection_->out().push(frame("HTTP/1.1 100 Continue\r\n\r\n"));
        connection_->flush();
      }
    } else if (*taken == 0) {
      break;
    }
  }
  return parser.done();
}

Task<bool> HttpTalk::fill(std::size_t at_least) {
  input_.erase(0, used_);
  used_ = 0;
  const auto kept = input_.size();
  const auto want = std::max(at_least, kept);  // a header that does not end doubles
  input_.resize_and_overwrite(kept + want, [](char*, std::size_t size) { return size; });
  const auto count = co_await connection_->read_some(input_.data() + kept, want);
  input_.resize(kept + count);
  co_return count > 0;
}

Task<HttpTalk::Read> HttpTalk::read_request(RequestParser& parser) {
  const auto& options = connection_->core().options;
  bool begun = used_ < input_.size();
  std::size_t since_progress = 0;
  fault_ = {0, ""};
  refusal_ = std::nullopt;
  connection_->phase = begun ? Connection::Phase::busy : Connection::Phase::idle;
  connection_->expect_within(options.header_deadline_ms, Connection::Expiry::stop_reading);
  while (!feed(parser)) {
    if (!co_await fill(parser.has_head() ? kBodyRead : kFirstRead)) {
      if (connection_->timed_out() && begun) {
        fault_ = {408, parser.has_head() ? "the request body took too long"
                                         : "the request header took too long"};
        co_return Read::fault;
      }
      // Half a request and FIN: the peer may still read.
      if (begun && !connection_->gone()) fault_ = {400, "malformed request: it ends too early"};
      co_return begun && !connection_->gone() ? Read::fault : Read::ended;
    }
    if (!begun) {
      begun = true;
      connection_->phase = Connection::Phase::busy;
      connection_->expect_within(options.header_deadline_ms, Connection::Expiry::stop_reading);
    }
    since_progress += input_.size() - used_;
    if (parser.has_head() && since_progress >= kBodyProgress) {
      since_progress = 0;
      connection_->expect_within(options.body_deadline_ms, Connection::Expiry::stop_reading);
    }
  }
  connection_->expect_nothing();
  co_return fault_.status == 0 ? Read::request : Read::fault;
}

Task<bool> HttpTalk::answer(ServerRequest request, bool http10, bool keep_alive) {
  Answer answer(*connection_, request.method == "HEAD", http10, keep_alive);
  answer.tell_when_left(request.left);
  const auto line = request.method + " " + request.path;
  std::exception_ptr failure;
  try {
    co_await connection_->core().handler.http(std::move(request), answer);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure && connection_->core().draining && is_cancellation(failure))
    std::rethrow_exception(failure);
  if (failure) {
    kLog.error("a request handler threw", {{"request", line}, {"what", text_of(failure)}});
    answer.finish_broken();
  } else {
    answer.finish();
  }
  co_await connection_->drained(kWriteStallMs);
  co_return answer.keep_alive();
}

Task<bool> HttpTalk::may_upgrade(const ServerRequest& request) {
  const auto& handler = connection_->core().handler;
  std::optional<ServerResponse> refusal;
  try {
    if (handler.refuse_upgrade) refusal = handler.refuse_upgrade(request);
  } catch (const std::exception& error) {
    kLog.error("judging an upgrade threw", {{"what", error.what()}});
    refusal = error_response(500, "internal error");
  }
  if (!refusal) {
    const auto fault = check_handshake(request);
    if (fault.status == 0) co_return true;
    refusal = error_response(fault.status, fault.message);
    if (fault.status == 426) refusal->headers.push_back({"sec-websocket-version", "13"});
  }
  co_await refuse(std::move(*refusal));
  co_return false;
}

Task<void> HttpTalk::refuse(ServerResponse response) {
  const auto size = response.body.size();
  auto& out = connection_->out();
  out.push(frame(response_head(response, connection_->core().options.always,
                               {BodyForm::sized, size, false, std::time(nullptr)})));
  out.push(frame(std::move(response.body)));
  connection_->flush();
  std::string().swap(input_);
  co_await connection_->linger();
}

}  // namespace

Task<std::unique_ptr<ServerRequest>> serve_http(ConnectionPtr connection, Peer peer) {
  HttpTalk talk(std::move(connection), std::move(peer));
  co_return co_await talk.run();
}

Task<void> serve_refusal(ConnectionPtr connection) {
  auto response = error_response(503, "too many connections");
  const auto size = response.body.size();
  auto& out = connection->out();
  out.push(frame(response_head(response, connection->core().options.always,
                               {BodyForm::sized, size, false, std::time(nullptr)})));
  out.push(frame(std::move(response.body)));
  connection->flush();
  co_await connection->linger();
}

}  // namespace carapace::net
