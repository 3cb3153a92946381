// The terminal chat: a person's lines in, streamed answers out. Talks to the gateway like any other
// client. Loop thread; lives for one `carapace chat`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/client/gateway_client.h"
#include "app/terminal/markdown.h"
#include "async/loop.h"
#include "async/task.h"
#include "base/random.h"

namespace carapace::app {

struct ChatOptions {
  std::string session = "main";
  Look look;
  std::string history_file;
};

// A new connection to the gateway, signed in; asked for whenever the last one has ended.
using Reconnect = std::function<Task<Result<std::unique_ptr<GatewayClient>>>()>;

class Conversation {
 public:
  // `client` is connected and outlives the conversation.
  Conversation(Loop& loop, GatewayClient& client, Reconnect reconnect, Random& random,
               ChatOptions options);
  ~Conversation();

  Task<int> run();  // until /exit or Ctrl-D; an exit code
  // Ctrl-C: stops the answer, or the wait for a gateway that went away.
  void interrupt();
  // The terminal is gone or the program is asked to end: `run` returns soon.
  void leave();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::app
