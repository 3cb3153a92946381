// Channels as the contract allows them, for its suite: one that only sends, one that only listens,
// one with every part. And the nets that they meet: one that is down, one that never answers.
// Header only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "async/coro.h"
#include "async/signal.h"
#include "channel/contract.h"

namespace carapace::channels {

class Net final : public net::Client {
 public:
  enum class Mood { down, silent };
  explicit Net(Mood mood) : mood_(mood) {}

  Task<Result<net::Reply>> call(const net::Call&, const net::BodySink&, const Stop& stop) override {
    ++calls;
    if (mood_ == Mood::down) co_return fail(Errc::unavailable, "nobody is there");
    Signal stopped;
    const auto registration = stop.on_stop([&] { stopped.notify_all(); });
    while (!stop.requested()) co_await stopped.wait();
    co_return fail(Errc::cancelled, "stopped");
  }

  int calls = 0;

 private:
  Mood mood_;
};

class Sends final : public channel::Delivery {
 public:
  explicit Sends(const channel::Ports& ports) : ports_(ports) {}
  Task<Result<Receipt>> deliver(Outgoing piece) override {
    const net::Call call{.method = "POST", .url = "https://far.example/", .body = piece.text};
    CO_TRY(const auto reply, co_await ports_.client.call(call, {}, Stop()));
    co_return Receipt{std::to_string(reply.status), ports_.clock.wall_ms()};
  }

 private:
  channel::Ports ports_;
};

// Polls; every answer is one message.
class Listens final : public channel::Ingress {
 public:
  Listens(const channel::Ports& ports, std::string channel)
      : ports_(ports), channel_(std::move(channel)) {}
  Task<Status> run(Accept accept, Stop stop) override {
    for (int number = 1; !stop.requested(); ++number) {
      std::string body;
      const net::BodySink sink{.on_head = {}, .on_bytes = [&](std::string_view bytes) {
                                 body = bytes;
                                 return true;
                               }};
      const net::Call call{.url = "https://far.example/next"};
      const auto reply = co_await ports_.client.call(call, sink, stop);
      co_await yield_now();
      if (!reply) continue;
      while (!stop.requested() && !co_await accept(message(number, body))) co_await yield_now();
    }
    co_return Status{};
  }

 private:
  Inbound message(int number, const std::string& text) const {
    Inbound inbound;
    inbound.channel = channel_;
    inbound.peer = "somebody";
    inbound.label = {Integrity::open, Confidentiality::personal};
    inbound.text = text;
    inbound.dedupe_id = std::to_string(number);
    return inbound;
  }

  channel::Ports ports_;
  std::string channel_;
};

class Shows final : public channel::LiveEdit {
 public:
  void update(const std::string&, const RunId&, std::string_view) override {}
};
class Types final : public channel::Presence {
 public:
  void working(const std::string&, bool) override {}
};

inline constexpr channel::Spec kPager{
    .id = "pager", .label = "Pager", .max_piece = 160, .open = +[](const channel::Ports& ports) {
      channel::Parts parts;
      parts.delivery = std::make_unique<Sends>(ports);
      return parts;
    }};

inline constexpr channel::Spec kFeed{
    .id = "feed", .label = "Feed", .open = +[](const channel::Ports& ports) {
      channel::Parts parts;
      parts.ingress = std::make_unique<Listens>(ports, "feed");
      return parts;
    }};

inline constexpr channel::Spec kWhole{.id = "whole",
                                      .label = "Whole",
                                      .markup = channel::Markup::markdown,
                                      .max_piece = 4'000,
                                      .open = +[](const channel::Ports& ports) {
                                        return channel::Parts{
                                            std::make_unique<Listens>(ports, "whole"),
                                            std::make_unique<Sends>(ports),
                                            std::make_unique<Shows>(), std::make_unique<Types>()};
                                      }};

inline constexpr std::array<const channel::Spec*, 3> kDoubles{&kPager, &kFeed, &kWhole};

}  // namespace carapace::channels
