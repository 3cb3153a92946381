// What the doctor's checks say about a machine that a test cannot make: a full disk, a wrong clock,
// a strict kernel. The rest is seen from outside (tests/integration/doctor_test.py).
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "app/doctor/check.h"
#include "app/doctor/checks/disk.h"
#include "app/doctor/report.h"
#include "base/json.h"
#include "support/temp_dir.h"

namespace carapace::doctor {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kMiB = 1ULL << 20U;
constexpr std::int64_t kToday = 1'800'000'000'000;

struct FixedClock final : Clock {
  std::int64_t wall = kToday;
  std::int64_t wall_ms() const override { return wall; }
  std::int64_t steady_ms() const override { return 0; }
};

class DoctorTest : public ::testing::Test {
 protected:
  std::vector<std::string> ids(std::string_view check) {
    const auto rows = all_checks();
    const auto row =
        std::ranges::find_if(rows, [check](const auto* one) { return one->id == check; });
    EXPECT_NE(row, rows.end());
    std::vector<std::string> out;
    for (const auto& finding : (*row)->run(ground_)) out.push_back(finding.check_id);
    return out;
  }
  void put(const std::string& path, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    test::write_text(path, text);
  }

  test::TempDir dir_;
  FixedClock clock_;
  Ground ground_{
      .options = {},
      .environment = {},
      .paths = {.state_dir = dir_.path(), .config_file = dir_ / "carapace.json5", .older = {}},
      .clock = clock_,
      .proc = dir_ / "proc",
      .sys = dir_ / "sys"};
};

TEST_F(DoctorTest, RowsHaveNamesOfTheirOwn) {
  std::set<std::string_view> seen;
  for (const auto* check : all_checks()) {
    EXPECT_TRUE(seen.insert(check->id).second) << check->id;
    EXPECT_FALSE(check->title.empty());
  }
  EXPECT_GE(seen.size(), 12U);
}

TEST_F(DoctorTest, LittleRoomIsToldBeforeThereIsNone) {
  const auto id = [](std::uint64_t mib, std::uint64_t files, std::uint64_t free_files) {
    const auto finding = judge_room({mib * kMiB, files, free_files}, "/f");
    return finding ? finding->check_id : std::string();
  };
  EXPECT_EQ(id(100'000, 1000, 100'000), "");
  EXPECT_EQ(id(512, 0, 0), "");
  EXPECT_EQ(id(511, 0, 0), "disk.low");
  EXPECT_EQ(id(63, 0, 0), "disk.full");
  EXPECT_EQ(id(0, 0, 0), "disk.full");
  EXPECT_EQ(id(100'000, 1'000'000, 999), "disk.few_files");
  EXPECT_EQ(judge_room({1, 0, 0}, "/f")->severity, Severity::critical);
}

TEST_F(DoctorTest, AClockBeforeThisProgramOrFarAheadIsWrong) {
  EXPECT_THAT(ids("clock"), IsEmpty());
  for (const std::int64_t wall :
       {std::int64_t{0}, std::int64_t{1'500'000'000'000}, std::int64_t{9'000'000'000'000}}) {
    clock_.wall = wall;
    EXPECT_THAT(ids("clock"), Contains("clock.wrong")) << wall;
  }
}

TEST_F(DoctorTest, AStrictKernelIsNamed) {
  put(ground_.proc + "/sys/fs/inotify/max_user_instances", "128\n");
  put(ground_.proc + "/sys/fs/inotify/max_user_watches", "8192\n");
  put(ground_.proc + "/self/status", "Name:\tx\nSeccomp:\t0\n");
  put(ground_.sys + "/kernel/security/lsm", "capability,landlock,yama");
  auto found = ids("kernel");
  EXPECT_THAT(found, Not(Contains("kernel.inotify_limit")));
  EXPECT_THAT(found, Not(Contains("kernel.no_seccomp")));
  EXPECT_THAT(found, Not(Contains("kernel.no_landlock")));
  put(ground_.proc + "/sys/fs/inotify/max_user_watches", "4\n");
  put(ground_.proc + "/self/status", "Name:\tx\n");
  put(ground_.sys + "/kernel/security/lsm", "capability,yama");
  found = ids("kernel");
  EXPECT_THAT(found, Contains("kernel.inotify_limit"));
  EXPECT_THAT(found, Contains("kernel.no_seccomp"));
  EXPECT_THAT(found, Contains("kernel.no_landlock"));
}

TEST_F(DoctorTest, AReportCountsAndKeepsTheTerminalSafe) {
  Report report{.ts_ms = kToday, .versions = {{"carapace", "1"}}};
  report.sections.push_back({all_checks().front(),
                             {{.check_id = "a.b",
                               .severity = Severity::critical,
                               .title = "bad \x1b[31m name\n",
                               .detail = "d\ne",
                               .remediation = "r",
                               .mend = {.kind = Mend::Kind::keep_private, .path = "/x"}},
                              {.check_id = "a.c",
                               .severity = Severity::info,
                               .title = "t",
                               .detail = "",
                               .remediation = ""}}});
  EXPECT_EQ(report.count(Severity::critical), 1U);
  EXPECT_EQ(report.count(Severity::warn), 0U);
  const auto text = to_text(report, false);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("      d\n      e\n"));
  EXPECT_THAT(text, HasSubstr("1 critical, 0 warnings, 1 note\n"));
  EXPECT_THAT(to_text(report, true), HasSubstr("\x1b[31mcritical"));
  const auto value = parse_json(to_json(report));
  ASSERT_TRUE(value);
  const auto& findings = value->as_object().at("findings").as_array();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].as_object().at("checkId").as_string(), "a.b");
  EXPECT_TRUE(findings[0].as_object().at("fixable").as_bool());
  EXPECT_FALSE(findings[1].as_object().at("fixable").as_bool());
}

TEST_F(DoctorTest, WordsOfAShellAreQuotedWhereTheyHaveTo) {
  EXPECT_EQ(shell_word("/a/b-c.json5"), "/a/b-c.json5");
  EXPECT_EQ(shell_word("/a b"), "'/a b'");
  EXPECT_EQ(shell_word("a'b"), "'a'\\''b'");
  EXPECT_EQ(shell_word("$(id)"), "'$(id)'");
  EXPECT_EQ(shell_word("~/x"), "'~/x'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace carapace::doctor
