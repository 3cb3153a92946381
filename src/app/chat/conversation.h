// The terminal chat: a person's lines in, streamed answers out. Talks to the gateway like any other
// client. Loop thread; lives for one `carapace chat`.
#pragma once

#include <memory>
#include <string>

#include "app/client/gateway_client.h"
#include "async/loop.h"
#include "async/task.h"
#include "base/random.h"

namespace carapace::app {

struct ChatOptions {
  std::string session = "main";
  bool colour = false;
  std::string history_file;
};

class Conversation {
 public:
  Conversation(Loop& loop, GatewayClient& client, Random& random, ChatOptions options);
  ~Conversation();

  Task<int> run();  // until /exit, Ctrl-D or the end of the connection; an exit code
  // Ctrl-C: stops the answer when there is one; true when it did.
  bool interrupt();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::app
