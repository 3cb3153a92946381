// What the tests of the HTTP client share: one client on a fresh loop, and everything that a call
// gave.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/coro.h"
#include "net/client.h"
#include "support/loop_fixture.h"

namespace carapace::net {

// What a call gave: pieces as they came, and how it ended.
struct Answer {
  Result<Reply> result = fail(Errc::internal, "not called");
  std::vector<int> heads;
  std::string body;
  std::size_t pieces = 0;
  std::chrono::steady_clock::duration took{};
};

struct ClientTest : test::LoopTest {
  std::unique_ptr<Client> client_ = make_client(loop_);
  Stop stop_;

  static Task<void> call_into(Client* client, Call request, Stop stop, Answer* answer,
                              std::function<bool(std::string_view)> on_bytes) {
    BodySink sink;
    sink.on_head = [answer](const Reply& reply) { answer->heads.push_back(reply.status); };
    sink.on_bytes = [answer, &on_bytes](std::string_view bytes) {
      answer->body += bytes;
      ++answer->pieces;
      return on_bytes ? on_bytes(bytes) : true;
    };
    answer->result = co_await client->call(request, sink, stop);
  }
  Answer call(Call request, std::function<bool(std::string_view)> on_bytes = {}) {
    Answer answer;
    const auto start = std::chrono::steady_clock::now();
    run(call_into(client_.get(), std::move(request), stop_, &answer, std::move(on_bytes)));
    answer.took = std::chrono::steady_clock::now() - start;
    return answer;
  }
  Answer get(const std::string& url) {
    Call request;
    request.url = url;
    return call(std::move(request));
  }
  static Errc code_of(const Answer& answer) {
    return answer.result ? Errc::not_found : answer.result.error().code;
  }
  static std::string text_of(const Answer& answer) {
    return answer.result ? "" : answer.result.error().detail;
  }
};

}  // namespace carapace::net
