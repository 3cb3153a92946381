// chat: a conversation in the terminal.
#include <csignal>

#include "app/chat/conversation.h"
#include "app/client/session.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "async/coro.h"

namespace carapace::app {
namespace {

Task<int> talk(Loop& loop, GatewayClient& client, ChatOptions options) {
  SystemRandom random;
  Conversation conversation(loop, client, random, std::move(options));
  loop.on_signal({SIGINT}, [&conversation](int) { (void)conversation.interrupt(); });
  co_return co_await conversation.run();
}

}  // namespace

int run_chat(const Options& options, const config::Environment& environment) {
  ChatOptions chat;
  if (!options.session.empty()) chat.session = options.session;
  chat.colour = use_colour(1, environment.get("NO_COLOR").has_value());
  if (const auto paths =
          config::resolve_paths(environment, {options.state_dir, options.config_file}))
    chat.history_file = paths->state_dir + "/chat_history";
  return with_gateway(options, environment, [chat](Loop& loop, GatewayClient& client) {
    return talk(loop, client, chat);
  });
}

}  // namespace carapace::app
