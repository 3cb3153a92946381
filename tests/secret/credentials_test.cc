#include "secret/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <map>

#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::secret {
namespace {

using test::ManualClock;
using test::read_text;
using test::TempDir;
using test::write_text;
using ::testing::HasSubstr;
using ::testing::Not;

// A store in memory whose next answers can be told in advance. Rows hold functions without state,
// so the one of the test that runs is found here.
struct Shelf {
  std::map<std::string, std::string> values;
  std::deque<StoreFault> refusals;  // of the next calls, in order
  std::string bend;                 // what is written instead of the value, once
  bool answers = true;
  int calls = 0;

  Status pass() {
    ++calls;
    if (refusals.empty()) return {};
    const auto fault = refusals.front();
    refusals.pop_front();
    return store_fail(fault, "as told");
  }
};
Shelf* shelf = nullptr;
Shelf* second = nullptr;

class ShelfStore final : public Store {
 public:
  explicit ShelfStore(Shelf& on) : on_(on) {}
  Result<Sealed> get(const std::string& service, const std::string& account) override {
    TRY_STATUS(on_.pass());
    const auto found = on_.values.find(service + "/" + account);
    if (found == on_.values.end()) return store_fail(StoreFault::not_found, account);
    return Sealed(std::string(found->second));
  }
  Status set(const std::string& service, const std::string& account, const Sealed& value) override {
    TRY_STATUS(on_.pass());
    const auto bent = std::exchange(on_.bend, "");
    on_.values[service + "/" + account] = bent.empty() ? std::string(value.reveal()) : bent;
    return {};
  }
  Status remove(const std::string& service, const std::string& account) override {
    TRY_STATUS(on_.pass());
    if (on_.values.erase(service + "/" + account) == 0)
      return store_fail(StoreFault::not_found, account);
    return {};
  }

 private:
  Shelf& on_;
};

Result<std::unique_ptr<Store>> open_on(Shelf* on) {
  if (!on->answers) return store_fail(StoreFault::store_unavailable, "nobody answers");
  return std::make_unique<ShelfStore>(*on);
}
constexpr std::array kShelves{
    StoreRow{"first", "a shelf", true, [](const StorePlace&) { return open_on(shelf); }},
    StoreRow{"second", "another", false, [](const StorePlace&) { return open_on(second); }},
};

class CredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    shelf = &first_;
    second = &second_;
  }
  std::unique_ptr<Credentials> open(std::string choice = {}) {
    return std::make_unique<Credentials>(
        CredentialSettings{{folder(), Sealed(), &random_},
                           std::move(choice),
                           kShelves,
                           [this](std::chrono::milliseconds pause) { pauses_.push_back(pause); }},
        clock_);
  }
  std::string folder() const { return dir_ / "credentials"; }
  std::string index() const { return folder() + "/index.json"; }
  static std::string read(Credentials& from, const std::string& account) {
    const auto found = from.get(account);
    return found ? std::string(found->reveal()) : "error: " + found.error().detail;
  }
  template <typename T>
  static std::optional<StoreFault> fault(const T& answer) {
    return answer ? std::nullopt : fault_of(answer.error());
  }

  TempDir dir_;
  Shelf first_, second_;
  ManualClock clock_;
  SystemRandom random_;
  std::vector<std::chrono::milliseconds> pauses_;
};

TEST(CredentialName, HasItsPartsAndItsLength) {
  for (const auto* name : {"gateway:token:default", "a:b:c", "plugin:p:main:key", "k:A-b_c.d@e:0"})
    EXPECT_TRUE(check_account(name)) << name;
  for (const auto* name : {"", "a", "a:b", "a:b:c:d", "a::c", ":b:c", "a:b:", "a:b:c/d", "a:b:c d",
                           "plugin:p:key", "a:b:\xc3\xa4", "a:b:c:pending", "../a:b:c"})
    EXPECT_FALSE(check_account(name)) << name;
  EXPECT_TRUE(check_account("a:b:" + std::string(60, 'x')));
  EXPECT_EQ(fault_of(check_account("a:b:" + std::string(61, 'x')).error()),
            StoreFault::key_too_long);
  EXPECT_THAT(name_for_logs("gateway:token:default"), HasSubstr("gateway:"));
  EXPECT_THAT(name_for_logs("gateway:token:default"), Not(HasSubstr("default")));
}

TEST_F(CredentialsTest, AreKeptListedAndDeleted) {
  auto credentials = open();
  EXPECT_EQ(fault(credentials->get("a:b:c")), StoreFault::not_found);
  ASSERT_TRUE(credentials->set("a:b:c", Sealed("planted-one")));
  clock_.advance(5);
  ASSERT_TRUE(credentials->set("a:b:c", Sealed("planted-two")));
  ASSERT_TRUE(credentials->set("a:a:a", Sealed("planted-three")));
  EXPECT_EQ(read(*open(), "a:b:c"), "planted-two");
  const auto list = open()->list().value();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].account, "a:a:a");
  EXPECT_EQ(list[1].store, "first");
  EXPECT_EQ(list[1].updated_ms, list[1].created_ms + 5);
  for (const auto& name : test::names_in(folder()))
    EXPECT_THAT(read_text(folder() + "/" + name), Not(HasSubstr("planted"))) << name;
  ASSERT_TRUE(credentials->remove("a:b:c"));
  EXPECT_EQ(fault(credentials->remove("a:b:c")), StoreFault::not_found);
  EXPECT_EQ(open()->list()->size(), 1U);
}

TEST_F(CredentialsTest, ValuesHaveASize) {
  auto credentials = open();
  EXPECT_TRUE(credentials->set("a:b:c", Sealed(std::string(kMaxValueBytes, 'x'))));
  EXPECT_EQ(fault(credentials->set("a:b:c", Sealed(std::string(kMaxValueBytes + 1, 'x')))),
            StoreFault::value_too_long);
  EXPECT_EQ(credentials->set("a:b:c", Sealed()).error().code, Errc::invalid_request);
}

TEST_F(CredentialsTest, AStoreThatGivesBackSomethingElseGetsTheOldValueBack) {
  auto credentials = open();
  ASSERT_TRUE(credentials->set("a:b:c", Sealed("old")));
  first_.bend = "bent";
  EXPECT_EQ(fault(credentials->set("a:b:c", Sealed("new"))), StoreFault::verification_failed);
  EXPECT_EQ(read(*credentials, "a:b:c"), "old");
  first_.bend = "bent";
  EXPECT_EQ(fault(credentials->set("x:y:z", Sealed("new"))), StoreFault::verification_failed);
  EXPECT_EQ(fault(credentials->get("x:y:z")), StoreFault::not_found);
  EXPECT_EQ(credentials->list()->size(), 1U);
}

TEST_F(CredentialsTest, WhatMayPassIsTriedAgainAndALockIsNot) {
  using std::chrono::milliseconds;
  auto credentials = open();
  ASSERT_TRUE(credentials->set("a:b:c", Sealed("v")));
  first_.refusals = {StoreFault::timeout, StoreFault::store_unavailable};
  EXPECT_EQ(read(*credentials, "a:b:c"), "v");
  EXPECT_EQ(pauses_, (std::vector{milliseconds(100), milliseconds(500)}));
  pauses_.clear();
  first_.refusals = {StoreFault::timeout, StoreFault::timeout, StoreFault::timeout};
  EXPECT_EQ(fault(credentials->get("a:b:c")), StoreFault::timeout);
  EXPECT_EQ(pauses_.size(), 2U);
  pauses_.clear();
  first_.calls = 0;
  first_.refusals = {StoreFault::store_locked, StoreFault::store_locked};
  EXPECT_EQ(fault(credentials->get("a:b:c")), StoreFault::store_locked);
  EXPECT_EQ(first_.calls, 1);
  EXPECT_TRUE(pauses_.empty());
  first_.refusals.clear();
  // Of a change: the look at the old value, then three more attempts to write.
  first_.refusals = {StoreFault::not_found, StoreFault::io, StoreFault::io, StoreFault::io,
                     StoreFault::io};
  EXPECT_EQ(fault(credentials->set("a:b:c", Sealed("w"))), StoreFault::io);
  EXPECT_EQ(pauses_, (std::vector{milliseconds(100), milliseconds(500), milliseconds(2'000)}));
  EXPECT_EQ(read(*credentials, "a:b:c"), "v");
}

TEST_F(CredentialsTest, AStoreThatHoldsSomeIsNotQuietlyReplacedWhenItIsAway) {
  ASSERT_TRUE(open()->set("a:b:c", Sealed("v")));
  first_.answers = false;
  const auto refused = open()->set("a:b:new", Sealed("v"));
  EXPECT_EQ(fault(refused), StoreFault::store_unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("CARAPACE_CREDENTIAL_STORE"));
  EXPECT_TRUE(second_.values.empty());
  EXPECT_TRUE(open("second")->set("a:b:new", Sealed("v")));
}

TEST_F(CredentialsTest, NobodyIsWaitedForAtTheEnd) {
  first_.refusals.assign(100, StoreFault::timeout);
  const auto credentials = open();
  ASSERT_TRUE(credentials->chosen());
  EXPECT_EQ(fault(credentials->get("a:b:c")), StoreFault::timeout);
  const auto calls = first_.calls;
  credentials->give_up();
  EXPECT_EQ(fault(credentials->get("a:b:c")), StoreFault::store_unavailable);
  EXPECT_EQ(first_.calls, calls);
}

TEST_F(CredentialsTest, IsNeverLookedForInAnotherStoreThanItsOwn) {
  ASSERT_TRUE(open()->set("a:b:c", Sealed("v")));
  first_.answers = false;  // as after a log-out
  auto credentials = open();
  EXPECT_EQ(fault(credentials->get("a:b:c")), StoreFault::store_unavailable);
  EXPECT_EQ(fault(credentials->set("a:b:c", Sealed("w"))), StoreFault::store_unavailable);
  EXPECT_TRUE(second_.values.empty());
  // A new one goes to what is chosen, and the list says so.
  ASSERT_TRUE(open("second")->set("x:y:z", Sealed("new")));
  EXPECT_EQ(credentials->list()->at(1).store, "second");
  EXPECT_TRUE(credentials->set("x:y:z", Sealed("new"))) << "its own store answers";
  first_.answers = true;
  auto again = open();
  EXPECT_EQ(read(*again, "a:b:c"), "v");
  EXPECT_EQ(read(*again, "x:y:z"), "new");
}

TEST_F(CredentialsTest, WithoutAStoreNothingIsKeptAndTheErrorSaysWhatToDo) {
  for (const auto* choice : {"none", "plaintext"}) {
    auto credentials = open(choice);
    const auto refused = credentials->set("a:b:c", Sealed("v"));
    EXPECT_EQ(fault(refused), StoreFault::store_unavailable);
    EXPECT_THAT(refused.error().detail, HasSubstr("environment variable"));
  }
  first_.answers = second_.answers = false;
  EXPECT_EQ(fault(open()->set("a:b:c", Sealed("v"))), StoreFault::store_unavailable);
  EXPECT_TRUE(first_.values.empty() && second_.values.empty());
}

TEST_F(CredentialsTest, TheChoiceIsKept) {
  ASSERT_TRUE(open("second")->set("a:b:c", Sealed("v")));
  EXPECT_TRUE(first_.values.empty());
  EXPECT_EQ(open("second")->chosen()->row->id, "second");
}

TEST_F(CredentialsTest, PluginsHaveAQuotaAndAPace) {
  auto credentials = open();
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(credentials->set(fmt::format("plugin:p:m:{}", i), Sealed("v")));
  const auto refused = credentials->set("plugin:p:m:0", Sealed("w"));
  EXPECT_EQ(fault(refused), StoreFault::rate_limit_exceeded);
  EXPECT_EQ(fault(open()->set("plugin:p:m:0", Sealed("w"))), StoreFault::rate_limit_exceeded);
  EXPECT_TRUE(credentials->set("plugin:other:m:0", Sealed("v")));
  EXPECT_TRUE(credentials->set("owner:m:0", Sealed("v")));
  for (int round = 1; round < 10; ++round) {
    clock_.advance(60'001);
    for (int i = 0; i < 10; ++i)
      ASSERT_TRUE(credentials->set(fmt::format("plugin:p:m:{}", round * 10 + i), Sealed("v")));
  }
  clock_.advance(60'001);
  EXPECT_EQ(fault(credentials->set("plugin:p:m:100", Sealed("v"))), StoreFault::quota_exceeded);
  EXPECT_TRUE(credentials->set("plugin:p:m:99", Sealed("replaced")));
  EXPECT_TRUE(credentials->remove("plugin:p:m:0"));
  EXPECT_TRUE(credentials->set("plugin:p:m:100", Sealed("v")));
  // A clock that went back does not lock a plugin out.
  clock_.set_wall(1'000'000);
  EXPECT_TRUE(credentials->set("plugin:p:m:1", Sealed("v")));
}

TEST_F(CredentialsTest, AChangeInTwoSteps) {
  auto credentials = open();
  ASSERT_TRUE(credentials->set("a:b:c", Sealed("old")));
  ASSERT_TRUE(credentials->set_pending("a:b:c", Sealed("new")));
  EXPECT_EQ(read(*credentials, "a:b:c"), "old");
  ASSERT_TRUE(credentials->commit("a:b:c"));
  EXPECT_EQ(read(*credentials, "a:b:c"), "new");
  EXPECT_EQ(credentials->list()->size(), 1U);
  EXPECT_EQ(fault(credentials->commit("a:b:c")), StoreFault::not_found);
  ASSERT_TRUE(credentials->set_pending("a:b:c", Sealed("third")));
  ASSERT_TRUE(credentials->discard("a:b:c"));
  EXPECT_EQ(read(*credentials, "a:b:c"), "new");
  EXPECT_EQ(fault(credentials->discard("a:b:c")), StoreFault::not_found);
  EXPECT_EQ(fault(credentials->set_pending("a:b:" + std::string(60, 'x'), Sealed("v"))),
            StoreFault::key_too_long);
}

TEST_F(CredentialsTest, ABrokenIndexComesBackFromItsCopyOrStartsEmpty) {
  ASSERT_TRUE(open()->set("a:b:c", Sealed("v")));
  ASSERT_TRUE(open()->set("d:e:f", Sealed("w")));
  write_text(index(), "{ broken");
  EXPECT_EQ(open()->list()->size(), 1U);  // the copy is the one before the last change
  ASSERT_TRUE(open()->set("d:e:f", Sealed("x")));
  EXPECT_EQ(open()->list()->size(), 2U);
  for (const auto* text : {"", "[]", "{\"version\": 2, \"entries\": []}", "{\"version\": 1}",
                           "{\"version\":1,\"entries\":[{}]}", "{\"version\":1,\"entries\":[3]}"}) {
    write_text(index(), text);
    write_text(index() + ".bak", text);
    clock_.advance(1'000);
    EXPECT_EQ(open()->list()->size(), 0U) << text;
    EXPECT_FALSE(std::filesystem::exists(index()));
    EXPECT_EQ(read_text(folder() + fmt::format("/index.corrupt.{}", clock_.wall_ms())), text);
  }
  EXPECT_EQ(read(*open(), "a:b:c"), "v");  // the value was never lost
}

TEST_F(CredentialsTest, WhatIsGoneFromTheStoreIsDroppedFromTheIndex) {
  ASSERT_TRUE(open()->set("a:b:c", Sealed("v")));
  first_.values.clear();
  EXPECT_EQ(fault(open()->get("a:b:c")), StoreFault::not_found);
  EXPECT_TRUE(open()->remove("a:b:c"));
  EXPECT_EQ(open()->list()->size(), 0U);
}

TEST_F(CredentialsTest, AnotherServiceIsAskedInTheChosenStore) {
  first_.values["theirs/me"] = "foreign";
  EXPECT_EQ(open()->get("theirs", "me")->reveal(), "foreign");
  EXPECT_EQ(open()->list()->size(), 0U);
}

}  // namespace
}  // namespace carapace::secret
