// chat: a conversation in the terminal.
#include <csignal>
#include <utility>

#include "app/chat/conversation.h"
#include "app/client/session.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "async/coro.h"

namespace carapace::app {
namespace {

Task<int> talk(Loop& loop, GatewayClient& client, ChatOptions options, Reconnect reconnect) {
  SystemRandom random;
  Conversation conversation(loop, client, std::move(reconnect), random, std::move(options));
  loop.on_signal({SIGINT}, [&conversation](int) { conversation.interrupt(); });
  loop.on_signal({SIGTERM, SIGHUP}, [&conversation](int) { conversation.leave(); });
  co_return co_await conversation.run();
}

}  // namespace

int run_chat(const Options& options, const config::Environment& environment) {
  ChatOptions chat;
  if (!options.session.empty()) chat.session = options.session;
  chat.look = {.colour = use_colour(1, environment.get("NO_COLOR").has_value()),
               .raw = !is_terminal(1),
               .columns = 0};
  const auto plan = make_usable_plan(options, environment);
  if (!plan) return report(plan.error());
  chat.history_file = plan->place.state_dir + "/chat_history";
  // The token is read anew: a gateway that was started again may have another one.
  return with_gateway(options, environment, [&](Loop& loop, GatewayClient& client) {
    return talk(loop, client, chat, [&loop, &plan] { return connect_again(loop, *plan); });
  });
}

}  // namespace carapace::app
