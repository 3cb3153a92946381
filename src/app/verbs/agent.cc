// agent: one question, one answer; the question from --message or standard input.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>

#include "app/client/session.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "async/coro.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kDefaultSeconds = 600;

std::string text_of(const json::object& answer) {
  std::string text;
  const auto* result = find_object(answer, "result");
  const auto* payloads = result ? find_array(*result, "payloads") : nullptr;
  if (!payloads) return text;
  for (const auto& item : *payloads) {
    if (!item.is_object()) continue;
    if (!text.empty()) text += "\n\n";
    text += string_or(item.get_object(), "text", "");
  }
  return text;
}

Task<int> ask(GatewayClient& client, Options options) {
  SystemRandom random;
  const std::string session = options.session.empty() ? "main" : options.session;
  if (!options.model.empty()) {
    const auto patched = co_await client.call("sessions.patch",
                                              {{"key", session}, {"model", options.model}}, 15'000);
    if (!patched) co_return report(patched.error(), options.json);
  }
  const auto limit = (options.timeout_s > 0 ? options.timeout_s : kDefaultSeconds) * 1'000;
  json::object params{
      {"message", options.message}, {"sessionKey", session}, {"idempotencyKey", uuid_v4(random)}};
  if (options.timeout_s > 0) params["timeout"] = options.timeout_s;
  const auto answer = co_await client.call("agent", std::move(params), limit + 10'000, true);
  if (!answer) co_return report(answer.error(), options.json);
  if (options.json) {
    print_line(dump_json(*answer));
  } else if (answer->is_object()) {
    print_line(strip_controls(text_of(answer->get_object()), true));
  }
  co_return kExitOk;
}

}  // namespace

int run_agent(const Options& options, const config::Environment& environment) {
  Options filled = options;
  if (!options.message_given) {
    if (is_terminal(0)) {
      print_error("give the question with --message, or on standard input");
      return kExitUsage;
    }
    filled.message.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  filled.message = sanitize_utf8(filled.message);
  if (trim(filled.message).empty()) {
    print_error("the question is empty");
    return kExitUsage;
  }
  return with_gateway(filled, environment,
                      [filled](Loop&, GatewayClient& client) { return ask(client, filled); });
}

}  // namespace carapace::app
