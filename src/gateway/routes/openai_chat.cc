// POST /v1/chat/completions: the wire that most clients speak. A call becomes an Inbound like any
// other message, goes through the door, and is answered whole or as a stream of chunks.

#include <chrono>
#include <memory>
#include <optional>

#include "async/coro.h"
#include "async/signal.h"
#include "async/stop.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "dispatch/door.h"
#include "gateway/face.h"
#include "gateway/routes/openai_request.h"
#include "gateway/web/route_row.h"
#include "provider/router.h"
#include "rpc/json_text.h"

namespace carapace::gateway::routes {
namespace {

using rpc::ObjectText;

constexpr std::size_t kMaxBody = 4UL << 20U;
constexpr std::int64_t kLongestMs = 24LL * 3'600'000;
constexpr std::chrono::seconds kHeartbeat{15};  // silence on a stream is filled with comments

// What a run has said so far; written by the follower, drained by the answer.
struct Progress {
  std::string whole;    // all messages of the run, a blank line between them
  std::string pending;  // not streamed yet
  std::optional<RunEnded> ended;
  Signal changed;

  void take(const RunEvent& event) {
    if (const auto* text = std::get_if<RunText>(&event.what)) {
      // The first piece of a message is all of it so far.
      const bool begins = text->text.size() == text->delta.size() && !whole.empty();
      const auto piece = (begins ? "\n\n" : "") + text->delta;
      whole += piece;
      pending += piece;
    } else if (const auto* end = std::get_if<RunEnded>(&event.what)) {
      // Nothing was streamed: the whole answer is one piece. What a failed run says is not an
      // answer.
      if (whole.empty() && end->outcome == RunEnded::Outcome::done) whole = pending = end->text;
      ended = *end;
    } else {
      return;
    }
    changed.notify_all();
  }
};

std::string usage_json(const Usage& usage) {
  return ObjectText()
      .number("prompt_tokens", usage.prompt())
      .number("completion_tokens", usage.output)
      .number("total_tokens", usage.total())
      .take();
}

std::string_view finish_reason(std::string_view stop) {
  return stop == "length" ? "length" : "stop";
}

// Members that every object of one answer shares.
struct Envelope {
  std::string id;
  std::int64_t created_s = 0;
  std::string model;

  ObjectText open(std::string_view object) const {
    ObjectText out;
    out.text("id", id).text("object", object).number("created", created_s).text("model", model);
    return out;
  }
  // `finish` is JSON text; empty leaves the member out.
  std::string chunk(std::string_view delta, std::string_view finish) const {
    ObjectText choice;
    choice.number("index", 0).raw("delta", delta);
    if (!finish.empty()) choice.raw("finish_reason", finish);
    auto out = open("chat.completion.chunk");
    return "data: " + out.raw("choices", rpc::ArrayText().raw(choice.take()).take()).take() +
           "\n\n";
  }
  std::string text_chunk(std::string_view text) const {
    return chunk(ObjectText().text("content", text).take(), "null");
  }
  std::string usage_chunk(const Usage& usage) const {
    auto out = open("chat.completion.chunk");
    return "data: " + out.raw("choices", "[]").raw("usage", usage_json(usage)).take() + "\n\n";
  }
};

// A client library repeats what failed, and the repetition would be a second paid run: it is told
// not to.
net::ServerResponse failure(int status, std::string_view message, std::string_view type) {
  auto out = error_response(status, message, type);
  out.headers.push_back({"x-should-retry", "false"});
  return out;
}

net::ServerResponse refusal_of(const Error& error) {
  const auto& row = errc_row(error.code);
  const bool callers = error.code == Errc::invalid_request || error.code == Errc::too_large;
  const auto message = error.code == Errc::internal || error.detail.empty()
                           ? std::string(row.user_sentence)
                           : error.detail;
  return failure(row.http_status, message, callers ? "invalid_request_error" : "api_error");
}

std::string whole_answer(const Envelope& envelope, std::string_view text, std::string_view stop,
                         const Usage& usage) {
  const auto message = ObjectText().text("role", "assistant").text("content", text).take();
  const auto choice = ObjectText()
                          .number("index", 0)
                          .raw("message", message)
                          .text("finish_reason", finish_reason(stop))
                          .take();
  auto out = envelope.open("chat.completion");
  return out.raw("choices", rpc::ArrayText().raw(choice).take())
      .raw("usage", usage_json(usage))
      .take();
}

std::string_view or_nothing(std::string_view text) {
  return text.empty() ? "No response from Carapace." : text;
}

// Answered whole: by what was followed, or by what the door remembers of a run that was there
// before.
Task<void> answer_whole(RouteCall& call, Envelope envelope, RunId run,
                        std::shared_ptr<Progress> progress) {
  const auto outcome = co_await call.face.ports.door.wait(run, kLongestMs);
  if (!outcome) co_return call.out.send(refusal_of(outcome.error()));
  if (!*outcome) co_return call.out.send(failure(504, "the run did not end in time", "api_error"));
  const auto& end = **outcome;
  const auto text = progress->whole.empty() ? end.text : progress->whole;
  if (end.state != store::RunState::done)
    co_return call.out.send(
        failure(500, end.error.empty() ? "The answer was stopped." : end.error, "api_error"));
  call.out.send(
      json_response(200, whole_answer(envelope, or_nothing(text), end.stop_reason, end.usage)));
}

std::string closing_chunks(const Envelope& envelope, const Progress& progress, bool with_usage) {
  const auto& end = *progress.ended;
  std::string out;
  if (end.outcome == RunEnded::Outcome::done) {
    if (progress.whole.empty()) out += envelope.text_chunk(or_nothing({}));
    out += envelope.chunk("{}", rpc::json_string(finish_reason(end.stop_reason)));
    if (with_usage) out += envelope.usage_chunk(end.usage);
  } else {
    // Clients that know no errors in a stream show the chunk; the others read the object after it.
    const auto message = end.error.empty() ? std::string("The answer was stopped.") : end.error;
    out += envelope.chunk(ObjectText().text("content", "Error: " + message).take(), R"("stop")");
    const auto error = ObjectText().text("message", message).text("type", "api_error").take();
    out += "data: " + ObjectText().raw("error", error).take() + "\n\n";
  }
  return out + "data: [DONE]\n\n";
}

bool failed_before_speaking(const Progress& progress) {
  return progress.ended && progress.whole.empty() &&
         progress.ended->outcome != RunEnded::Outcome::done;
}

// The head waits for the first words, so that a run that fails at once is an error with a status.
Task<void> answer_stream(RouteCall& call, Envelope envelope, std::shared_ptr<Progress> progress,
                         bool with_usage) {
  if (!progress->ended && progress->pending.empty())
    co_await progress->changed.wait_for(kHeartbeat);
  if (failed_before_speaking(*progress)) {
    const auto& error = progress->ended->error;
    co_return call.out.send(
        failure(500, error.empty() ? "The answer was stopped." : error, "api_error"));
  }
  call.out.begin({200,
                  {{"content-type", "text/event-stream; charset=utf-8"},
                   {"cache-control", "no-cache"},
                   {"x-accel-buffering", "no"}},
                  {}});
  if (!co_await call.out.write(envelope.chunk(R"({"role":"assistant"})", {}))) co_return;
  while (true) {
    if (!progress->pending.empty()) {
      const auto text = std::exchange(progress->pending, {});
      if (!co_await call.out.write(envelope.text_chunk(text))) co_return;
    } else if (progress->ended) {
      co_await call.out.write(closing_chunks(envelope, *progress, with_usage));
      co_return;
    } else if (!co_await progress->changed.wait_for(kHeartbeat)) {
      if (!co_await call.out.write(": still there\n\n")) co_return;
    }
  }
}

// A run that was there before is told in one piece, in the same shape.
Task<void> answer_repeated(RouteCall& call, Envelope envelope, RunId run,
                           std::shared_ptr<Progress> progress, const CompletionRequest& request) {
  if (!request.stream)
    co_return co_await answer_whole(call, std::move(envelope), std::move(run), progress);
  const auto outcome = co_await call.face.ports.door.wait(run, kLongestMs);
  if (!outcome || !*outcome)
    co_return call.out.send(failure(503, "the run cannot be followed", "api_error"));
  const auto& end = **outcome;
  RunEnded ended;
  if (end.state != store::RunState::done) ended.outcome = RunEnded::Outcome::failed;
  ended.text = end.text;
  ended.error = end.error;
  ended.stop_reason = end.stop_reason;
  ended.usage = end.usage;
  if (!progress->ended) {
    RunEvent event;
    event.what = std::move(ended);
    progress->take(event);
  }
  co_await answer_stream(call, std::move(envelope), progress, request.stream_usage);
}

Inbound inbound_of(const RouteCall& call, const CompletionRequest& request, const AgentId& agent) {
  auto& face = call.face;
  Inbound out;
  out.channel = "webchat";
  out.peer = "http";
  out.principal = kOwner;
  out.text = request.text;
  out.images = request.images;
  out.extra_system = request.system;
  const auto repeat = net::find_header(call.request.headers, "idempotency-key");
  out.run = RunId(repeat && !trim(*repeat).empty() && repeat->size() <= 256
                      ? "http:" + std::string(trim(*repeat))
                      : uuid_v4(face.ports.random));
  out.dedupe_id = out.run.value;
  if (!request.session_key.empty())
    out.session_key = request.session_key;
  else if (!request.user.empty())
    out.session_key = fmt::format("agent:{}:openai-user:{}", agent.value, request.user);
  else
    out.session_key = fmt::format("agent:{}:openai:{}", agent.value, uuid_v4(face.ports.random));
  // A name that the router knows is a wish for this run; any other is just a name that the client
  // had to fill in.
  if (!is_gateway_model(request.model) && agent_in_model(request.model).empty())
    if (const auto route = face.ports.router.route(request.model);
        route && !route->model.id.empty())
      out.model = route->model.provider + "/" + route->model.id;
  return out;
}

// Nobody else knows a session that was made for one call: when its caller leaves, the rest of the
// answer would be paid for and read by no one. A named session keeps it, and so does a call that
// can be repeated.
bool ends_with_its_caller(const RouteCall& call, const CompletionRequest& request) {
  return request.session_key.empty() && request.user.empty() &&
         !net::find_header(call.request.headers, "idempotency-key");
}

Stop::Registration abort_when_left(const RouteCall& call, const store::RunRow& run) {
  return call.request.left.on_stop([&door = call.face.ports.door, key = run.key, id = run.id] {
    static_cast<void>(door.abort(key, id, "stop"));
  });
}

Task<void> complete(RouteCall call) {
  auto& face = call.face;
  if (net::find_header(call.request.headers, "content-encoding").value_or("identity") != "identity")
    co_return call.out.send(
        error_response(415, "a compressed body is not read here: send it without Content-Encoding",
                       "invalid_request_error"));
  const auto body = parse_json(trim(call.request.body).empty() ? "{}" : call.request.body);
  if (!body)
    co_return call.out.send(error_response(400, body.error().detail, "invalid_request_error"));
  if (!body->is_object())
    co_return call.out.send(
        error_response(400, "the body must be a JSON object", "invalid_request_error"));
  const auto request = read_completion(body->get_object(), call.request.headers);
  if (!request)
    co_return call.out.send(error_response(400, request.error(), "invalid_request_error"));
  const auto agent =
      request->agent.empty() ? face.settings.default_agent : agent_slug(request->agent);
  if (!face.find_agent(agent))
    co_return call.out.send(error_response(404, fmt::format("unknown agent id \"{}\"", agent.value),
                                           "invalid_request_error"));

  auto inbound = inbound_of(call, *request, agent);
  const auto run = inbound.run;
  const auto progress = std::make_shared<Progress>();
  const auto following =
      face.run_events.follow(run, [progress](const RunEvent& event) { progress->take(event); });
  const auto acceptance = co_await face.ports.door.submit(std::move(inbound));
  if (!acceptance) co_return call.out.send(refusal_of(acceptance.error()));
  std::optional<Stop::Registration> leaving;
  if (ends_with_its_caller(call, *request)) leaving.emplace(abort_when_left(call, acceptance->run));
  Envelope envelope{"chatcmpl_" + uuid_v4(face.ports.random), face.ports.clock.wall_ms() / 1000,
                    request->model};
  if (acceptance->state != dispatch::Acceptance::State::started)
    co_await answer_repeated(call, std::move(envelope), run, progress, *request);
  else if (request->stream)
    co_await answer_stream(call, std::move(envelope), progress, request->stream_usage);
  else
    co_await answer_whole(call, std::move(envelope), run, progress);
}

bool enabled(const Settings& settings) { return settings.chat_completions; }

constexpr RouteRow kRows[] = {
    {.path = "/v1/chat/completions",
     .verbs = "POST",
     .auth = RouteAuth::credential,
     .work = complete,
     .enabled = enabled,
     .max_body = kMaxBody},
};

}  // namespace

extern const std::span<const RouteRow> chat_completions;
constinit const std::span<const RouteRow> chat_completions{kRows};

}  // namespace carapace::gateway::routes
