#include "provider/transport.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "base/text.h"
#include "provider/peer_error.h"

namespace carapace::provider {
namespace {

constexpr std::size_t kMaxErrorBytes = 64UL << 10U;

net::Call to_net(PeerCall call) {
  net::Call out;
  out.method = std::move(call.method);
  out.url = std::move(call.url);
  out.headers = std::move(call.headers);
  out.body = std::move(call.body);
  out.deadlines = call.deadlines;
  if (!out.body.empty()) out.headers.push_back({"content-type", "application/json"});
  return out;
}

// What is known of a reply while its body arrives.
struct Arriving {
  net::Reply reply;
  std::string kept;  // of an error or a page; the rest is dropped
  Status read;       // what the reader said

  bool readable() const {
    const auto type = find_header(reply.headers, "content-type").value_or("");
    return reply.status >= 200 && reply.status < 300 && !icontains(type, "text/html");
  }
  bool keep(std::string_view bytes) {
    kept.append(bytes.substr(0, kMaxErrorBytes - kept.size()));
    return kept.size() < kMaxErrorBytes;
  }
};

Error without_key(Error error, std::string_view key) {
  error.detail = scrub(error.detail, key);
  return error;
}

std::unexpected<Error> refuse(Error error, std::string_view key) {
  return std::unexpected(without_key(std::move(error), key));
}

Error judge_reply(const Arriving& arriving, const Clock& clock) {
  const auto& reply = arriving.reply;
  if (reply.status >= 200 && reply.status < 300)
    return error_from_page(reply.status, arriving.kept);
  return error_from_reply(reply.status, reply.headers, arriving.kept, clock.wall_ms());
}

}  // namespace

net::Deadlines deadlines_for(const Settings& settings, const Request& request, bool thinks) {
  return thinks || request.thinking != Thinking::off ? settings.thinking_deadlines
                                                     : settings.deadlines;
}

Task<Result<Completion>> stream_completion(const Ports& ports, PeerCall call, StreamReader& reader,
                                           Stop stop) {
  const auto key = call.key;
  auto wire_call = to_net(std::move(call));
  wire_call.headers.push_back(
      {"accept", "text/event-stream, application/x-ndjson, application/json"});
  Arriving arriving;
  const net::BodySink sink{[&arriving](const net::Reply& reply) { arriving.reply = reply; },
                           [&arriving, &reader](std::string_view bytes) {
                             if (!arriving.readable()) return arriving.keep(bytes);
                             arriving.read = reader.feed(bytes);
                             return arriving.read.has_value() && !reader.done();
                           }};
  const auto reply = co_await ports.client.call(wire_call, sink, stop);
  if (stop.requested()) co_return fail(Errc::cancelled, stop.reason());
  if (!arriving.read) co_return refuse(arriving.read.error(), key);
  if (reply) arriving.reply = *reply;
  if (!reply && arriving.reply.status == 0) co_return refuse(reply.error(), key);
  if (!arriving.readable()) co_return refuse(judge_reply(arriving, ports.clock), key);
  auto completion = reader.finish();
  if (!completion && !reply) co_return refuse(reply.error(), key);
  if (!completion) {
    auto error = std::move(completion).error();
    if (const auto id = request_id(arriving.reply.headers);
        !id.empty() && !error.detail.contains(id))
      error.detail += fmt::format(" (request {})", id);
    co_return refuse(std::move(error), key);
  }
  if (completion->request_id.empty()) completion->request_id = request_id(arriving.reply.headers);
  co_return completion;
}

Task<Result<std::string>> fetch_text(const Ports& ports, PeerCall call, std::size_t limit,
                                     Stop stop) {
  const auto key = call.key;
  auto wire_call = to_net(std::move(call));
  wire_call.max_body_bytes = limit;
  wire_call.headers.push_back({"accept", "application/json"});
  std::string body;
  const net::BodySink sink{{}, [&body](std::string_view bytes) {
                             body += bytes;
                             return true;
                           }};
  const auto reply = co_await ports.client.call(wire_call, sink, stop);
  if (!reply) co_return refuse(reply.error(), key);
  if (reply->status < 200 || reply->status >= 300)
    co_return refuse(error_from_reply(reply->status, reply->headers, body, ports.clock.wall_ms()),
                     key);
  co_return body;
}

}  // namespace carapace::provider
