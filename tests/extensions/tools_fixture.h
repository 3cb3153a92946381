// Tools with everything they may hold: the real store, a real client, a pool. And a call as the
// turn makes it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "async/pool.h"
#include "base/json.h"
#include "extensions/tools/builtin.h"
#include "net/client.h"
#include "support/turn_fixture.h"

namespace carapace::tools {

class ToolsTest : public test::LoopTest {
 protected:
  ToolsTest()
      : engine_(test::open_store(dir_)), rows_(*engine_), client_(net::make_client(loop_)) {}

  tool::Ports ports() {
    return {rows_.sessions, rows_.transcripts, *client_,   pool_,
            clock_,         private_hosts_,    max_bytes_, timeout_ms_};
  }
  static const tool::Spec& row(std::string_view name) {
    for (const auto* spec : builtin_tools())
      if (spec->name == name) return *spec;
    throw std::runtime_error("no such tool");
  }
  tool::Context context(PrincipalId who = kOwner) const {
    return {
        std::move(who), SessionKey("agent:main:main"), RunId("r"), AgentId("main"), "fake/m", stop_,
        confined_};
  }
  tool::Outcome call(std::string_view name, std::string arguments, PrincipalId who = kOwner) {
    const auto tool = row(name).make(ports());
    const ToolCall call{ToolCallId("c"), std::string(name), std::move(arguments), false};
    const auto where = context(std::move(who));
    return run(tool->call(call, where));
  }
  static json::object object_of(const tool::Outcome& outcome) {
    const auto parsed = parse_json(outcome.text);
    return parsed && parsed->is_object() ? parsed->get_object() : json::object{};
  }
  // A conversation of one person with one message in it.
  void conversation(std::string key, std::string words, PrincipalId who = kOwner,
                    Label label = {}) {
    auto inbound = test::from_owner("run-" + key + who.value, std::move(words), key);
    inbound.principal = std::move(who);
    inbound.label = label;
    auto accepted = run(rows_.runs.accept(inbound, *canonical_key(key, AgentId("main")),
                                          SessionId(uuid_v4(random_)), clock_.wall_ms(), true));
    ASSERT_TRUE(accepted) << accepted.error().detail;
    clock_.advance(1'000);
  }

  test::TempDir dir_;
  std::unique_ptr<store::Engine> engine_;
  test::Rows rows_;
  std::unique_ptr<net::Client> client_;
  Pool pool_{"test", 2};
  std::vector<std::string> private_hosts_{"127.0.0.1"};
  std::size_t max_bytes_ = 5 << 20;
  std::int64_t timeout_ms_ = 10'000;
  bool confined_ = false;
  Stop stop_;
};

}  // namespace carapace::tools
