// What a gateway has around it, as far as a test needs it: a WebSocket that is two lists, a
// responder that keeps what it is given, a router with two models, and a door that accepts durably
// and lets the test play the run. Header only.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/coro.h"
#include "async/mailbox.h"
#include "async/signal.h"
#include "base/clock.h"
#include "base/random.h"
#include "dispatch/door.h"
#include "net/server.h"
#include "provider/router.h"
#include "store/runs.h"

namespace carapace::test {

class FakeSocket final : public net::WebSocket {
 public:
  Task<Result<std::string>> receive() override {
    auto message = co_await incoming.pop();
    if (!message) co_return fail(Errc::unavailable, "gone");
    co_return std::move(*message);
  }
  void send(Frame frame) override {
    if (close_code) return;
    frames.push_back(frame);
    changed.notify_all();
  }
  void close(std::uint16_t code, std::string reason) override {
    if (close_code) return;
    close_code = code;
    close_reason = reason.substr(0, 120);
    incoming.close();
    changed.notify_all();
  }
  net::Backlog backlog() const override { return {unsent, stalled_ms}; }

  Mailbox<std::string> incoming{1000};
  std::vector<Frame> frames;
  std::uint16_t close_code = 0;
  std::string close_reason;
  std::size_t unsent = 0;
  std::int64_t stalled_ms = 0;
  Signal changed;
};

class FakeResponder final : public net::Responder {
 public:
  void send(net::ServerResponse response) override {
    ++answers;
    whole = std::move(response);
  }
  void begin(net::ServerResponse head) override {
    ++answers;
    streamed = true;
    whole = std::move(head);
    whole.body.clear();
  }
  Task<bool> write(std::string chunk) override {
    whole.body += chunk;
    co_return !gone;
  }
  net::ServerResponse whole;
  int answers = 0;
  bool streamed = false, gone = false;
};

class FakeRouter final : public provider::Router {
 public:
  FakeRouter() {
    for (const auto* id : {"small", "large"}) {
      provider::ModelInfo model;
      model.id = id;
      model.name = id;
      model.provider = "fake";
      models_.push_back(model);
    }
  }
  Result<provider::Route> route(std::string_view reference) override {
    if (broken) return fail(Errc::not_found, "no model");
    for (const auto& model : models_)
      if (reference.empty() || reference == "fake/" + model.id)
        return provider::Route{nullptr, nullptr, model};
    return fail(Errc::not_found, "known: fake/small, fake/large");
  }
  std::vector<provider::ModelInfo> models() const override { return models_; }
  const provider::Choice& choice() const override { return choice_; }
  bool broken = false;

 private:
  provider::Choice choice_{{"fake", "small"}, false, "the test says so"};
  std::vector<provider::ModelInfo> models_;
};

// Accepts into the real store; what the run says and how it ends is the test's business.
class FakeDoor final : public dispatch::Door {
 public:
  FakeDoor(store::Runs& runs, const Clock& clock, Random& random)
      : runs_(runs), clock_(clock), random_(random) {}

  Task<Result<dispatch::Acceptance>> submit(Inbound inbound) override {
    inbounds.push_back(inbound);
    const auto key = canonical_key(inbound.session_key, AgentId("main"));
    if (!key) co_return fail(Errc::invalid_request, "bad session key");
    if (refuse) co_return std::unexpected(*refuse);
    auto accepted =
        co_await runs_.accept(inbound, *key, SessionId(uuid_v4(random_)), clock_.wall_ms(), true);
    if (!accepted) co_return std::unexpected(accepted.error());
    dispatch::Acceptance out;
    out.run = accepted->run;
    out.state = accepted->fresh                 ? dispatch::Acceptance::State::started
                : outcomes.contains(out.run.id) ? dispatch::Acceptance::State::ended
                                                : dispatch::Acceptance::State::in_flight;
    if (accepted->fresh) live[out.run.id] = *key;
    changed.notify_all();
    co_return out;
  }
  Task<Result<std::optional<dispatch::Outcome>>> wait(RunId run, std::int64_t limit_ms) override {
    while (true) {
      if (const auto found = outcomes.find(run); found != outcomes.end()) {
        // What the turn would have written when it stopped.
        if (found->second.state == store::RunState::aborted && live.erase(run) > 0) {
          store::Finish finish;
          finish.run = run;
          finish.state = store::RunState::aborted;
          co_await runs_.finish(std::move(finish));
        }
        co_return outcomes.at(run);
      }
      if (!live.contains(run)) co_return fail(Errc::not_found, "no such run");
      if (!co_await changed.wait_for(
              std::chrono::milliseconds(std::min<std::int64_t>(limit_ms, 10'000))))
        co_return std::nullopt;
    }
  }
  std::vector<RunId> abort(const SessionKey& key, const RunId& run, std::string reason) override {
    std::vector<RunId> out;
    for (const auto& [id, at] : live)
      if (at == key && (run.empty() || run == id) && !outcomes.contains(id)) out.push_back(id);
    for (const auto& id : out) {
      dispatch::Outcome outcome;
      outcome.state = store::RunState::aborted;
      outcome.stop_reason = reason;
      outcomes[id] = outcome;
    }
    changed.notify_all();
    return out;
  }

  std::vector<Inbound> inbounds;
  std::map<RunId, SessionKey> live;
  std::map<RunId, dispatch::Outcome> outcomes;
  std::optional<Error> refuse;
  Signal changed;

 private:
  store::Runs& runs_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace carapace::test
