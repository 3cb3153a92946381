#include "app/start/config_desk.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/reload/restart_note.h"
#include "app/start/fields.h"
#include "base/json.h"
#include "secret/hash.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::app {
namespace {

using gateway::ConfigAnswer;
using gateway::ConfigChange;
using gateway::ConfigFault;
using gateway::ConfigLook;
using gateway::ConfigWrite;
using test::read_text;
using test::write_text;
using Kind = ConfigFault::Kind;

constexpr std::string_view kFile = R"({
  hooks: { token: 'planted-1', path: '/a' }, // mine
  gateway: { port: 18789 },
}
)";

class ConfigDeskTest : public test::LoopTest {
 protected:
  void SetUp() override {
    write_text(file_, std::string(kFile));
    auto found = config::Config::load(file_, schema(), environment());
    ASSERT_TRUE(found) << found.error().detail;
    plan_ = std::make_shared<const Plan>(
        Plan{.place = {}, .config = std::move(*found), .environment = environment()});
  }
  config::Environment environment() const {
    return config::Environment(
        std::map<std::string, std::string, std::less<>>{{"HOME", dir_.path()}});
  }
  std::unique_ptr<gateway::ConfigPort> desk(DeskEnds ends = {}) {
    return make_config_desk(schema(), pool_, clock_, random_,
                            {file_, dir_.path(), environment(), "1.2.3"}, std::move(ends));
  }
  DeskEnds ends() {
    return {.in_force = [this]() -> const json::value& { return plan_->config.tree(); },
            .taken_over = [this] { return plan_; },
            .mode = [] { return config::ReloadMode::hybrid; },
            .reload = [this]() -> Task<ReloadOutcome> {
              ++reloads_;
              co_return ReloadOutcome::hot;
            },
            .request_restart =
                [this](std::int64_t delay_ms, std::string reason) {
                  restarts_.push_back(reason + " in " + std::to_string(delay_ms));
                  return true;
                }};
  }
  ConfigWrite wish(ConfigChange change, std::string raw, std::string path = {}) {
    return {.change = change,
            .raw = std::move(raw),
            .path = std::move(path),
            .base_hash = secret::sha256_hex(read_text(file_)),
            .session_key = "agent:main:main",
            .note = "a note",
            .restart_delay_ms = 700};
  }
  ConfigAnswer write(gateway::ConfigPort& desk, ConfigWrite wanted) {
    return run(desk.write(std::move(wanted)));
  }
  json::value payload(const ConfigAnswer& answer) {
    EXPECT_FALSE(answer.fault) << answer.fault->message << answer.fault->issues;
    return parse_json(answer.payload).value_or(json::object());
  }
  Kind refused(gateway::ConfigPort& desk, ConfigWrite wanted) {
    const auto before = read_text(file_);
    last_ = write(desk, std::move(wanted));
    EXPECT_TRUE(last_.fault);
    EXPECT_FALSE(last_.fault && (last_.fault->message + last_.fault->issues).contains("planted"));
    EXPECT_EQ(read_text(file_), before);
    return last_.fault ? last_.fault->kind : Kind::failed;
  }

  test::TempDir dir_;
  std::string file_ = dir_ / "carapace.json5";
  Pool pool_{"desk", 1};
  test::ManualClock clock_;
  test::FixedRandom random_;
  std::shared_ptr<const Plan> plan_;
  ConfigAnswer last_;
  int reloads_ = 0;
  std::vector<std::string> restarts_;
};

TEST_F(ConfigDeskTest, ShowsTheFileWithoutSecrets) {
  const auto port = desk();
  const auto answer = run(port->look(ConfigLook::file, ""));
  EXPECT_FALSE(answer.payload.contains("planted"));
  const auto shown = payload(answer);
  EXPECT_EQ(shown.at("hash"), json::string(secret::sha256_hex(kFile)));
  EXPECT_TRUE(std::string_view(shown.at("raw").as_string())
                  .contains("token: '__CARAPACE_REDACTED__', path: '/a' }, // mine"));
  EXPECT_EQ(payload(run(port->look(ConfigLook::file, "gateway.port"))).at("value"), 18789);
  EXPECT_EQ(run(port->look(ConfigLook::file, "gatewy")).fault->kind, Kind::not_found);
  const auto schema_answer = payload(run(port->look(ConfigLook::schema, "")));
  for (const auto* key : {"schema", "uiHints", "version", "generatedAt"})
    EXPECT_TRUE(schema_answer.as_object().contains(key)) << key;
}

TEST_F(ConfigDeskTest, AppliesWhatNeedsNoRestart) {
  const auto port = desk(ends());
  const auto done = payload(write(*port, wish(ConfigChange::patch, "{logging: {level: 'debug'}}")));
  EXPECT_EQ(done.at("restart").at("mode"), "hot");
  EXPECT_EQ(done.at("sentinel").at("path"), nullptr);
  EXPECT_EQ(done.at("config").at("logging").at("level"), "debug");
  EXPECT_EQ(reloads_, 1);
  EXPECT_TRUE(restarts_.empty());
  EXPECT_TRUE(read_text(file_).contains("'planted-1', path: '/a' }, // mine"));
}

TEST_F(ConfigDeskTest, LeavesANoteAndAsksForTheRestart) {
  const auto port = desk(ends());
  const auto done = payload(write(*port, wish(ConfigChange::patch, "{gateway: {port: 18790}}")));
  EXPECT_EQ(done.at("restart").at("mode"), "emit");
  EXPECT_EQ(done.at("restart").at("delayMs"), 700);
  EXPECT_EQ(restarts_, std::vector<std::string>{"config.patch in 700"});
  EXPECT_EQ(done.at("sentinel").at("path"), json::string(restart_note_path(dir_.path())));
  const auto note = take_restart_note(dir_.path());
  ASSERT_TRUE(note);
  EXPECT_EQ(note->session_key, "agent:main:main");
  EXPECT_EQ(note->message, "a note");
  EXPECT_EQ(note->mode, "config.patch");
  // `config.set` restarts nothing by itself and does not speak of it.
  const auto set = payload(write(*port, wish(ConfigChange::set, read_text(file_))));
  EXPECT_FALSE(set.as_object().contains("restart"));
  EXPECT_EQ(restarts_.size(), 1U);
}

TEST_F(ConfigDeskTest, RefusesInTheKindThatFits) {
  const auto port = desk(ends());
  auto stale = wish(ConfigChange::patch, "{}");
  stale.base_hash = "other";
  EXPECT_EQ(refused(*port, stale), Kind::stale);
  stale.base_hash.reset();
  EXPECT_EQ(refused(*port, stale), Kind::stale);
  EXPECT_EQ(refused(*port, wish(ConfigChange::patch, "{nope")), Kind::request);
  EXPECT_EQ(refused(*port, wish(ConfigChange::patch, "{bogus: 1}")), Kind::invalid);
  EXPECT_TRUE(last_.fault->issues.contains("Unrecognized key"));
  EXPECT_EQ(refused(*port, wish(ConfigChange::patch, "{hooks: {token: 'x'}}")),
            Kind::protected_key);
  EXPECT_EQ(refused(*port, wish(ConfigChange::value, "1", "a[")), Kind::request);
  EXPECT_EQ(refused(*port, wish(ConfigChange::value, "null", "ui.seamColor")), Kind::not_found);
  EXPECT_EQ(reloads_, 0);
}

// The rows let any text be an address, since files name modes of many versions.
TEST_F(ConfigDeskTest, WritesNothingThatNoGatewayCouldStartWith) {
  const auto port = desk(ends());
  for (const auto change :
       {ConfigChange::patch, ConfigChange::apply, ConfigChange::set, ConfigChange::validate}) {
    const auto text = std::string(kFile);
    const auto whole =
        text.substr(0, text.find("port:")) + "bind: 'moon', " + text.substr(text.find("port:"));
    const auto raw = change == ConfigChange::patch ? "{gateway: {bind: 'moon'}}" : whole;
    EXPECT_EQ(refused(*port, wish(change, raw)), Kind::invalid);
    EXPECT_TRUE(last_.fault->issues.contains("gateway.bind is 'moon'")) << last_.fault->issues;
  }
  EXPECT_EQ(refused(*port, wish(ConfigChange::value, "\"moon\"", "gateway.bind")), Kind::invalid);
  EXPECT_TRUE(restarts_.empty());
  // A file that has it already may still be changed.
  write_text(file_, "{gateway: {bind: 'moon'}}\n");
  (void)payload(write(*port, wish(ConfigChange::patch, "{logging: {level: 'debug'}}")));
}

TEST_F(ConfigDeskTest, OneKeyOverHttp) {
  const auto port = desk(ends());
  const auto done = payload(write(*port, wish(ConfigChange::value, "\"/b\"", "hooks.path")));
  EXPECT_EQ(done.at("applied"), json::value(json::object{{"path", "hooks.path"}, {"value", "/b"}}));
  EXPECT_EQ(done.at("hash"), json::string(secret::sha256_hex(read_text(file_))));
  const auto kept =
      payload(write(*port, wish(ConfigChange::value, "\"__CARAPACE_REDACTED__\"", "hooks.token")));
  EXPECT_EQ(kept.at("applied").at("value"), "__CARAPACE_REDACTED__");
  (void)payload(write(*port, wish(ConfigChange::value, "null", "hooks.path")));
  EXPECT_FALSE(read_text(file_).contains("/b"));
}

}  // namespace
}  // namespace carapace::app
