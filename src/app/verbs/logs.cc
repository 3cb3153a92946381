// logs: the end of the log, and what comes after it. Asks the running gateway.
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "app/client/session.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kCallMs = 10'000;
constexpr std::chrono::milliseconds kFollowEvery{500};

// As on the console: quoted where it would not stay one word.
std::string field_text(const json::value& value) {
  const auto* text = value.if_string();
  const bool word = text && !text->empty() && text->find_first_of(" \"\\") == json::string::npos;
  return word ? std::string(std::string_view(*text)) : dump_json(value);
}

void print_entry(std::string_view line, bool as_json) {
  const auto parsed = parse_json(line);
  if (as_json || !parsed || !parsed->is_object()) {
    print_line(strip_controls(line, false));
    return;
  }
  const auto& entry = parsed->get_object();
  std::string out =
      fmt::format("{} {:<5} {}: {}", string_or(entry, "time", ""), string_or(entry, "level", ""),
                  string_or(entry, "subsystem", ""), string_or(entry, "message", ""));
  if (const auto* fields = find_object(entry, "fields")) {
    for (const auto& [key, value] : *fields)
      out += fmt::format(" {}={}", std::string_view(key), field_text(value));
  }
  print_line(strip_controls(out, false));
}

Task<int> show(GatewayClient& client, Options options) {
  json::object params{{"limit", options.lines}};
  for (;;) {
    const auto answer = co_await client.call("logs.tail", params, kCallMs);
    if (!answer) co_return report(answer.error());
    if (!answer->is_object()) co_return kExitFailed;
    if (const auto* lines = find_array(answer->get_object(), "lines"))
      for (const auto& line : *lines)
        if (line.is_string()) print_entry(std::string_view(line.get_string()), options.json);
    if (!options.follow) co_return kExitOk;
    params = {{"cursor", find_int(answer->get_object(), "cursor").value_or(0)}, {"limit", 5'000}};
    co_await sleep_for(kFollowEvery);
  }
}

}  // namespace

int run_logs(const Options& options, const config::Environment& environment) {
  return with_gateway(options, environment,
                      [options](Loop&, GatewayClient& client) { return show(client, options); });
}

}  // namespace carapace::app
