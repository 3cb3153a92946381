#include "log/log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "log/line.h"
#include "support/temp_dir.h"

namespace carapace::log {
namespace {

using test::mode_of;
using test::names_in;
using test::read_text;
using test::TempDir;

constexpr Log kTest{"test"};
constexpr Log kDeep{"gateway/ws"};

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override { reset_for_tests(); }
  void TearDown() override { reset_for_tests(); }
  static Settings quiet() {
    Settings settings;
    settings.console = Style::off;
    return settings;
  }
};

// What goes to standard error while `work` runs.
template <typename F>
std::string console_of(F work) {
  ::testing::internal::CaptureStderr();
  work();
  return ::testing::internal::GetCapturedStderr();
}

TEST_F(LogTest, LevelsAndSubsystems) {
  auto settings = quiet();
  settings.level = Level::warn;
  settings.subsystems = {{"gateway", Level::debug}, {"noisy", Level::off}};
  configure(settings);
  EXPECT_FALSE(kTest.enabled(Level::info));
  EXPECT_TRUE(kTest.enabled(Level::warn));
  EXPECT_TRUE(Log("gateway").enabled(Level::debug));
  EXPECT_FALSE(Log("gateway").enabled(Level::trace));
  EXPECT_TRUE(kDeep.enabled(Level::debug)) << "gateway/ws has the level of gateway";
  EXPECT_FALSE(Log("gatewayish").enabled(Level::info));
  EXPECT_FALSE(Log("noisy").enabled(Level::error));
  EXPECT_FALSE(kTest.enabled(Level::off));
  kTest.info("unheard");
  kTest.warn("heard");
  ASSERT_EQ(recent(10).size(), 1U);
  EXPECT_EQ(recent(10).front().message, "heard");
}

TEST_F(LogTest, LevelNames) {
  EXPECT_EQ(level_from("debug", Level::info), Level::debug);
  EXPECT_EQ(level_from(" WARN ", Level::info), Level::warn);
  EXPECT_EQ(level_from("warning", Level::info), Level::warn);
  EXPECT_EQ(level_from("silent", Level::info), Level::off);
  EXPECT_EQ(level_from("loud", Level::info), Level::info);
  EXPECT_EQ(to_text(Level::error), "error");
}

TEST_F(LogTest, RingIsBoundedAndNumbered) {
  auto settings = quiet();
  settings.ring_entries = 3;
  configure(settings);
  for (int i = 0; i < 10; ++i) kTest.info(std::to_string(i), {{"i", std::to_string(i)}});
  const auto all = recent(100);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.front().message, "7");
  EXPECT_EQ(all.back().message, "9");
  EXPECT_EQ(all.back().seq, all.front().seq + 2);
  EXPECT_EQ(all.back().fields, R"({"i":"9"})");
  EXPECT_EQ(all.back().subsystem, "test");
  EXPECT_GT(all.back().at_ms, 1'600'000'000'000);
  ASSERT_EQ(recent(1).size(), 1U);
  EXPECT_EQ(recent(1).front().message, "9");
  EXPECT_TRUE(recent(0).empty());
}

TEST_F(LogTest, SecretsReachNoSink) {
  const TempDir dir;
  Settings settings;
  settings.file = dir / "gateway.log";
  configure(settings);
  const std::string key = "sk-abcdefghijklmnopqrstuvwxyz012345";
  const auto console = console_of([&] {
    kTest.info("calling with " + key, {{"header", "Bearer hunter2hunter2"},
                                       {"password", "hunter3"},
                                       {"url", "https://u:hunter4@h/"}});
  });
  const auto file = read_text(settings.file);
  const auto entry = recent(1).at(0);
  for (const auto& text : {console, file, entry.message + entry.fields}) {
    EXPECT_FALSE(text.empty());
    for (const auto& secret :
         {key, std::string("hunter2"), std::string("hunter3"), std::string("hunter4")})
      EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
}

TEST_F(LogTest, PlainConsole) {
  const auto text = console_of(
      [] { kTest.warn("port in use", {{"port", "18789"}, {"note", "two words"}, {"none", ""}}); });
  EXPECT_NE(text.find("warn  test: port in use port=18789 note=\"two words\" none=\"\"\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << "colour only when asked";
  Settings settings;
  settings.colour = true;
  configure(settings);
  EXPECT_NE(console_of([] { kTest.warn("x"); }).find("\x1b[33m"), std::string::npos);
}

TEST_F(LogTest, JsonConsoleAndConsoleLevel) {
  Settings settings;
  settings.console = Style::json;
  settings.console_level = Level::warn;
  configure(settings);
  const auto text = console_of([] {
    kTest.info("not here");
    kTest.error("line\none", {{"k", "v"}});
  });
  const auto parsed = parse_json(text);
  ASSERT_TRUE(parsed) << text;
  EXPECT_EQ(parsed->at("level"), "error");
  EXPECT_EQ(parsed->at("subsystem"), "test");
  EXPECT_EQ(parsed->at("message"), "line one");
  EXPECT_EQ(parsed->at("fields").at("k"), "v");
  EXPECT_EQ(recent(2).size(), 2U) << "the ring has both";
}

TEST_F(LogTest, HostileTextBecomesOneHarmlessLine) {
  configure(quiet());
  kTest.info("a\x1b[31mred\x07\r\nforged: line\u202Egnp.exe\xff\u2066",
             {{"k\n\x01", std::string("v\0\x7f\tw", 5)}});
  const auto entry = recent(1).at(0);
  EXPECT_EQ(entry.message, "a[31mred forged: linegnp.exe\uFFFD");
  EXPECT_EQ(entry.fields, R"({"k ":"v w"})");
}

// A control character inside a key hides it from a first look; when it is gone the key must be gone
// too.
TEST_F(LogTest, SecretsHiddenByControlCharacters) {
  configure(quiet());
  kTest.info("sk-abcdefghij\x01klmnopqrstuvwx and toke\x02n=hunter2hunter2");
  const auto message = recent(1).at(0).message;
  EXPECT_EQ(message.find("klmnopqrstuvwx"), std::string::npos) << message;
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
}

TEST_F(LogTest, LongLinesAreCutWithAMarker) {
  configure(quiet());
  kTest.info(std::string(100'000, 'x'));
  auto entry = recent(1).at(0);
  EXPECT_LE(entry.message.size() + entry.fields.size(), kMaxLine);
  EXPECT_NE(entry.message.find("[cut: "), std::string::npos);
  kTest.info(std::string(9000, 'x'),
             {{"a", std::string(9000, '\\')}, {"b", std::string(50'000, 'y')}});
  entry = recent(1).at(0);
  EXPECT_LE(entry.message.size() + entry.fields.size(), kMaxLine);
  EXPECT_TRUE(parse_json(entry.fields)) << entry.fields;
  kTest.info("m", {{"b", std::string(50'000, 'y')}, {"c", "d"}});
  entry = recent(1).at(0);
  EXPECT_LE(entry.message.size() + entry.fields.size(), kMaxLine);
  EXPECT_NE(entry.fields.find("[cut: "), std::string::npos);
  std::string wide;
  for (int i = 0; i < 5000; ++i) wide += "é";
  kTest.info(wide);
  EXPECT_TRUE(is_valid_utf8(recent(1).at(0).message));
}

TEST_F(LogTest, FileIsJsonLinesOwnerOnly) {
  const TempDir dir;
  auto settings = quiet();
  settings.file = dir / "logs/gateway.log";
  configure(settings);
  kTest.info("one", {{"n", "1"}});
  kTest.info("two \"quoted\"");
  EXPECT_EQ(mode_of(settings.file), 0600U);
  const auto text = read_text(settings.file);
  const auto lines = split(text, '\n');
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(parse_json(lines[0])->at("message"), "one");
  EXPECT_EQ(parse_json(lines[1])->at("message"), "two \"quoted\"");
  EXPECT_EQ(parse_json(lines[0])->at("time").as_string().size(), 24U);
}

TEST_F(LogTest, RotationKeepsSoManyFiles) {
  const TempDir dir;
  auto settings = quiet();
  settings.file = dir / "g.log";
  settings.rotate_bytes = 1000;
  settings.keep_files = 3;
  configure(settings);
  for (int i = 0; i < 100; ++i) kTest.info(fmt::format("line {:03} {}", i, std::string(80, 'x')));
  auto names = names_in(dir.path());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"g.log", "g.log.1", "g.log.2"}));
  std::string all;
  for (const char* name : {"g.log.2", "g.log.1", "g.log"}) {
    const auto text = read_text(dir / name);
    EXPECT_LE(text.size(), 1000U);
    EXPECT_EQ(mode_of(dir / name), 0600U);
    all += text;
  }
  EXPECT_TRUE(all.ends_with("\n"));
  EXPECT_NE(all.find("line 099"), std::string::npos);
  // What is kept is gapless.
  const auto first = all.find("line ");
  const int start = std::stoi(all.substr(first + 5, 3));
  for (int i = start; i < 100; ++i)
    EXPECT_NE(all.find(fmt::format("line {:03} ", i)), std::string::npos) << i;
}

TEST_F(LogTest, SizeCountsWhatWasThereBefore) {
  const TempDir dir;
  test::write_text(dir / "g.log", std::string(950, 'o') + "\n");
  auto settings = quiet();
  settings.file = dir / "g.log";
  settings.rotate_bytes = 1000;
  configure(settings);
  kTest.info("the first line that does not fit any more");
  EXPECT_EQ(read_text(dir / "g.log.1").size(), 951U);
}

TEST_F(LogTest, UnusableFileIsReportedAndNothingBreaks) {
  const TempDir dir;
  auto settings = quiet();
  settings.file = dir.path();
  configure(settings);
  kTest.info("still here");
  ASSERT_EQ(recent(10).size(), 2U);
  EXPECT_EQ(recent(10).at(0).level, Level::error);
  EXPECT_NE(recent(10).at(0).message.find(dir.path()), std::string::npos);
  EXPECT_EQ(recent(10).at(1).message, "still here");
}

TEST_F(LogTest, LostLinesAreCountedWhenTheFileWorksAgain) {
  const TempDir dir;
  auto settings = quiet();
  settings.file = dir / "a/b/c.log";
  configure(settings);
  kTest.info("lost");
  kTest.info("lost too");
  std::filesystem::create_directories(dir / "a/b");
  kTest.info("written");
  const auto text = read_text(settings.file);
  EXPECT_NE(text.find("\"written\""), std::string::npos);
  EXPECT_NE(text.find("could not be written for a while"), std::string::npos) << text;
}

TEST_F(LogTest, LinkInsteadOfAFileIsRefused) {
  const TempDir dir;
  test::write_text(dir / "target", "keep");
  ASSERT_EQ(::symlink("target", (dir / "g.log").c_str()), 0);
  auto settings = quiet();
  settings.file = dir / "g.log";
  configure(settings);
  kTest.info("x");
  EXPECT_EQ(read_text(dir / "target"), "keep");
}

TEST_F(LogTest, ManyThreadsWhileSettingsChange) {
  const TempDir dir;
  auto settings = quiet();
  settings.file = dir / "g.log";
  settings.rotate_bytes = 0;
  configure(settings);
  constexpr int kThreads = 4;
  constexpr int kLines = 300;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < kLines; ++i) kDeep.info("line", {{"i", std::to_string(i)}});
      });
    for (int i = 0; i < 20; ++i) {
      settings.subsystems = i % 2 == 0 ? decltype(settings.subsystems){{"gateway", Level::debug}}
                                       : decltype(settings.subsystems){};
      configure(settings);
    }
  }
  const auto text = read_text(settings.file);
  const auto lines = split(text, '\n');
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(kThreads * kLines) + 1);
  std::uint64_t last = 0;
  for (const auto& entry : recent(1000)) {
    EXPECT_GT(entry.seq, last);
    last = entry.seq;
  }
}

}  // namespace
}  // namespace carapace::log
