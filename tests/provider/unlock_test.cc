// A provider whose key is a reference: opened at the first call, once for many, tried again after a
// failure, looked for anew after the vendor refused it.
#include "provider/stack/unlock.h"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <optional>

#include "async/coro.h"
#include "async/task_group.h"
#include "net/client.h"
#include "provider/recording_sink.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::provider {
namespace {

using test::TempDir;
using test::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What the vendors of one test were made with; rows hold functions without state.
std::vector<Settings>* made = nullptr;
std::string* refuses = nullptr;

class Vendor final : public Provider {
 public:
  explicit Vendor(std::string key) : key_(std::move(key)) {}
  Task<Result<Completion>> complete(const Request&, EventSink&, const CallContext&) override {
    co_await yield_now();
    if (key_ == *refuses) co_return fail(Errc::unauthorized, "no such key");
    Completion completion;
    completion.blocks.emplace_back(TextBlock{key_});
    co_return completion;
  }

 private:
  std::string key_;
};

std::unique_ptr<Provider> make_vendor(const Settings& settings, const Ports&) {
  made->push_back(settings);
  return std::make_unique<Vendor>(settings.api_key);
}

class NoClient final : public net::Client {
 public:
  Task<Result<net::Reply>> call(const net::Call&, const net::BodySink&, const Stop&) override {
    co_return fail(Errc::unavailable, "no network in this test");
  }
};

class UnlockTest : public test::LoopTest {
 protected:
  UnlockTest() {
    made = &made_;
    refuses = &refuses_;
    spec_.id = "v";
    spec_.make = make_vendor;
  }

  std::unique_ptr<Provider> provider(std::string key, net::Headers headers = {}) {
    Settings settings;
    settings.id = "v";
    settings.api_key = std::move(key);
    settings.key_path = "models.providers.v.apiKey";
    settings.headers = std::move(headers);
    return make_unlock(spec_, std::move(settings), {client_, clock_, random_}, secrets_);
  }
  // The key that the vendor was built with, or why there was no answer.
  std::string ask(Provider& provider) {
    test::RecordingSink sink;
    const auto answer = run(provider.complete({}, sink, {}));
    return answer ? test::text_in(*answer) : "error: " + answer.error().detail;
  }

  TempDir dir_;
  NoClient client_;
  Spec spec_;
  config::SecretOpener secrets_{config::Environment({{"PATH", "/usr/bin:/bin"}})};
  std::vector<Settings> made_;
  std::string refuses_;
};

TEST_F(UnlockTest, WithoutReferencesTheVendorIsBuiltAtOnce) {
  const auto plain = provider("sk-plain", {{"x-team", "red"}});
  EXPECT_EQ(made_.size(), 1U);
  EXPECT_EQ(ask(*plain), "sk-plain");
}

TEST_F(UnlockTest, AReferenceIsOpenedAtTheFirstCallAndThenKept) {
  write_text(dir_ / "key", "sk-file\n");
  write_text(dir_ / "team", "blue");
  const auto locked =
      provider("file:" + (dir_ / "key"), {{"x-team", "file:" + (dir_ / "team")}, {"x", "y"}});
  EXPECT_TRUE(made_.empty());
  EXPECT_EQ(ask(*locked), "sk-file");
  write_text(dir_ / "key", "other");
  EXPECT_EQ(ask(*locked), "sk-file");
  ASSERT_EQ(made_.size(), 1U);
  EXPECT_EQ(made_[0].headers[0].value, "blue");
  EXPECT_EQ(made_[0].headers[1].value, "y");
}

TEST_F(UnlockTest, AFailureIsTheAnswerAndIsTriedAgain) {
  const auto locked = provider("file:" + (dir_ / "later"));
  test::RecordingSink sink;
  const auto refused = run(locked->complete({}, sink, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unauthorized);  // trying it again at once would not help
  EXPECT_FALSE(errc_row(refused.error().code).retryable);
  EXPECT_THAT(refused.error().detail, HasSubstr("models.providers.v.apiKey"));
  EXPECT_EQ(sink.begun, 0);
  write_text(dir_ / "later", "sk-now");
  EXPECT_EQ(ask(*locked), "sk-now");
}

TEST_F(UnlockTest, AHeaderThatCannotBeOpenedIsNamed) {
  const auto locked = provider("sk", {{"x-team", "file:/nonexistent"}});
  EXPECT_THAT(ask(*locked), HasSubstr("models.providers.v.headers.x-team"));
}

TEST_F(UnlockTest, AKeyThatWasRefusedIsLookedForAnew) {
  write_text(dir_ / "key", "sk-old");
  refuses_ = "sk-old";
  const auto locked = provider("file:" + (dir_ / "key"));
  EXPECT_THAT(ask(*locked), HasSubstr("no such key"));
  write_text(dir_ / "key", "sk-new");
  EXPECT_EQ(ask(*locked), "sk-new");
  EXPECT_EQ(made_.size(), 2U);
}

Task<void> ask_into(Provider& provider, std::vector<std::string>* answers) {
  test::RecordingSink sink;
  const auto answer = co_await provider.complete({}, sink, {});
  answers->push_back(answer ? test::text_in(*answer) : answer.error().detail);
}

TEST_F(UnlockTest, ManyAtOnceOpenItOnce) {
  const auto locked = provider("exec:['sh', '-c', 'echo x >> " + (dir_ / "calls") + "; echo sk']");
  std::vector<std::string> answers;
  TaskGroup group(loop_, nullptr);
  for (int i = 0; i < 3; ++i) group.spawn(ask_into(*locked, &answers));
  run(group.join());
  EXPECT_THAT(answers, ElementsAre("sk", "sk", "sk"));
  EXPECT_EQ(test::read_text(dir_ / "calls"), "x\n");
  EXPECT_EQ(made_.size(), 1U);
}

TEST_F(UnlockTest, AStopEndsTheWaitAndIsNoCallThatMayBeBilled) {
  const auto locked = provider("exec:sleep 600");
  CallContext context;
  std::optional<Result<Completion>> answer;
  test::RecordingSink sink;
  TaskGroup group(loop_, nullptr);
  group.spawn(test::keep_value(locked->complete({}, sink, context), &answer));
  run(yield_now());
  context.stop.request("rpc");
  run(group.join());
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(answer->error().code, Errc::unauthorized);
  EXPECT_EQ(context.stop.reason(), "rpc");
}

TEST_F(UnlockTest, TheEndOfTheGatewayEndsTheTurnAsItEndsOthers) {
  const auto locked = provider("exec:sleep 600");
  CallContext context;
  std::optional<Result<Completion>> answer;
  test::RecordingSink sink;
  TaskGroup group(loop_, nullptr);
  group.spawn(test::keep_value(locked->complete({}, sink, context), &answer));
  run(yield_now());
  secrets_.give_up();
  run(group.join());
  ASSERT_TRUE(answer && !*answer);
  EXPECT_EQ(context.stop.reason(), "shutdown");
}

TEST_F(UnlockTest, AtTheEndWhoWaitsIsTold) {
  const auto locked = provider("exec:sleep 60");
  std::vector<std::string> answers;
  TaskGroup group(loop_, nullptr);
  group.spawn(ask_into(*locked, &answers));
  run(yield_now());
  secrets_.give_up();
  run(group.join());
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0], HasSubstr("stop"));
}

}  // namespace
}  // namespace carapace::provider
