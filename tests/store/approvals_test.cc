#include "store/approvals.h"

#include "store_fixture.h"

namespace carapace::store {
namespace {

using ApprovalsTest = StoreTest;

ApprovalRow question(std::string id, std::int64_t created_ms = 10) {
  return {.id = std::move(id),
          .run = RunId("r1"),
          .key = kMain,
          .principal = kOwner,
          .tool = "send",
          .request = R"({"to":"x"})",
          .arguments_hash = "abc",
          .created_ms = created_ms,
          .expires_ms = 1'000,
          .decision = {},
          .resolved_by = {}};
}

TEST_F(ApprovalsTest, AQuestionIsAskedAndAnsweredOnce) {
  must(approvals().open(question("q1")));
  const auto open = must(approvals().pending());
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].tool, "send");
  EXPECT_EQ(open[0].request, R"({"to":"x"})");
  EXPECT_EQ(open[0].arguments_hash, "abc");
  EXPECT_EQ(open[0].key, kMain);
  const auto answered = must(approvals().resolve("q1", "allow-once", "ann", 20));
  EXPECT_EQ(answered.decision, "allow-once");
  EXPECT_EQ(answered.resolved_by, "ann");
  EXPECT_EQ(answered.run.value, "r1");
  EXPECT_TRUE(must(approvals().pending()).empty());
  EXPECT_EQ(error_of(approvals().resolve("q1", "deny", "bob", 21)).code, Errc::not_found);
}

TEST_F(ApprovalsTest, PendingIsOldestFirstAndSurvivesARestart) {
  must(approvals().open(question("late", 30)));
  must(approvals().open(question("early", 20)));
  open();
  const auto pending = must(approvals().pending());
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].id, "early");
}

TEST_F(ApprovalsTest, TooLateIsNotAnAnswerButExpires) {
  must(approvals().open(question("q1")));
  EXPECT_EQ(error_of(approvals().resolve("q1", "allow-always", "ann", 1'000)).code,
            Errc::not_found);
  EXPECT_EQ(must(approvals().resolve("q1", "expired", "", 1'001)).decision, "expired");
}

TEST_F(ApprovalsTest, BadInputIsRefused) {
  must(approvals().open(question("q1")));
  EXPECT_EQ(error_of(approvals().open(question("q1"))).code, Errc::conflict);
  EXPECT_EQ(error_of(approvals().open(question(""))).code, Errc::invalid_request);
  for (const auto* decision : {"", "allow", "ALLOW-ONCE", "yes"})
    EXPECT_EQ(error_of(approvals().resolve("q1", decision, "ann", 20)).code, Errc::invalid_request)
        << decision;
  EXPECT_EQ(error_of(approvals().resolve("q2", "deny", "ann", 20)).code, Errc::not_found);
  EXPECT_EQ(must(approvals().pending()).size(), 1U);
}

}  // namespace
}  // namespace carapace::store
