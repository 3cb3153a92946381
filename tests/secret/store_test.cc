#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/json.h"
#include "secret/store/rows.h"
#include "secret/store_contract.h"
#include "support/temp_dir.h"

namespace carapace::secret {
namespace {

using test::read_text;
using test::TempDir;
using test::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

StorePlace place_in(const TempDir& dir, Random& random, std::string password = {}) {
  return {dir / "credentials", Sealed(std::move(password)), &random};
}

TEST(StoreFaults, EachIsReadFromItsDetailAgain) {
  for (int i = 0; i <= static_cast<int>(StoreFault::io); ++i) {
    const auto fault = static_cast<StoreFault>(i);
    const auto error = store_fail(fault, "why: because").error();
    EXPECT_EQ(fault_of(error), fault);
    EXPECT_EQ(error.code, fault_row(fault).code);
  }
  EXPECT_EQ(fault_of(Error{Errc::internal, "Something: else", -1}), std::nullopt);
  EXPECT_EQ(fault_of(Error{Errc::internal, "", -1}), std::nullopt);
}

TEST(StoreRows, TheEncryptedFileIsTheLastOneAndNamesAreUnique) {
  std::set<std::string_view> ids;
  for (const auto& row : store_rows()) EXPECT_TRUE(ids.insert(row.id).second);
  EXPECT_EQ(store_rows().back().id, "file");
  EXPECT_FALSE(store_rows().back().of_platform);
  EXPECT_EQ(store_row("plaintext"), nullptr);
}

// Every row that answers on this machine; the keyring has a test of its own with a real daemon.
TEST(StoreContract, TheEncryptedFileKeepsIt) {
  SystemRandom random;
  for (const auto* password : {"", "a password"}) {
    const TempDir dir;
    auto store = open_file_store(place_in(dir, random, password));
    ASSERT_TRUE(store);
    std::vector<std::string> broken;
    test::hold_to_contract(**store, broken);
    EXPECT_THAT(broken, IsEmpty());
  }
}

TEST(FileStore, HoldsNoSecretInTheClearAndIsPrivate) {
  SystemRandom random;
  const TempDir dir;
  auto store = open_file_store(place_in(dir, random)).value();
  ASSERT_TRUE(store->set("carapace", "k:main:a", Sealed("planted-secret")));
  for (const auto& name : test::names_in(dir / "credentials")) {
    const auto path = dir / ("credentials/" + name);
    EXPECT_THAT(read_text(path), Not(HasSubstr("planted-secret"))) << name;
    EXPECT_EQ(test::mode_of(path) & 0077U, 0U) << name;
  }
  EXPECT_THAT(read_text(dir / "credentials/store.json"), HasSubstr("\"enc:v2:"));
}

TEST(FileStore, IsReadByAnotherProcessWithTheSameKeyOnly) {
  SystemRandom random;
  const TempDir dir;
  ASSERT_TRUE(
      open_file_store(place_in(dir, random, "one")).value()->set("s", "k:m:a", Sealed("v")));
  EXPECT_EQ(open_file_store(place_in(dir, random, "one")).value()->get("s", "k:m:a")->reveal(),
            "v");
  for (const auto* password : {"", "two"}) {
    const auto locked = open_file_store(place_in(dir, random, password)).value()->get("s", "k:m:a");
    ASSERT_FALSE(locked);
    EXPECT_EQ(fault_of(locked.error()), StoreFault::store_locked) << locked.error().detail;
  }
}

TEST(FileStore, WhatWasPutWithTheKeyFileIsReadAlsoWhenAPasswordCameLater) {
  SystemRandom random;
  const TempDir dir;
  ASSERT_TRUE(open_file_store(place_in(dir, random)).value()->set("s", "k:m:a", Sealed("v")));
  auto later = open_file_store(place_in(dir, random, "word")).value();
  EXPECT_EQ(later->get("s", "k:m:a")->reveal(), "v");
  ASSERT_TRUE(later->set("s", "k:m:b", Sealed("w")));
  std::filesystem::remove(dir / "credentials/store.key");
  auto without = open_file_store(place_in(dir, random, "word")).value();
  EXPECT_EQ(without->get("s", "k:m:b")->reveal(), "w");
  EXPECT_EQ(fault_of(without->get("s", "k:m:a").error()), StoreFault::store_locked);
}

TEST(FileStore, ABrokenFileIsToldAndNotWrittenOver) {
  SystemRandom random;
  const TempDir dir;
  std::filesystem::create_directory(dir / "credentials");
  ::chmod((dir / "credentials").c_str(), 0700);
  for (const auto* text : {"", "{", "[]", "{}", "{\"entries\": 3}"}) {
    write_text(dir / "credentials/store.json", text);
    auto store = open_file_store(place_in(dir, random)).value();
    EXPECT_EQ(fault_of(store->get("s", "k:m:a").error()), StoreFault::json) << text;
    EXPECT_EQ(fault_of(store->set("s", "k:m:a", Sealed("v")).error()), StoreFault::json) << text;
    EXPECT_EQ(read_text(dir / "credentials/store.json"), text);
  }
  write_text(dir / "credentials/store.json",
             R"({"entries": [7, {"service": "s", "account": "k:m:a", "value": "enc:v2:x"}]})");
  auto store = open_file_store(place_in(dir, random)).value();
  EXPECT_EQ(fault_of(store->get("s", "k:m:b").error()), StoreFault::not_found);
  EXPECT_EQ(fault_of(store->get("s", "k:m:a").error()), StoreFault::json);
}

TEST(FileStore, WritersAtOnceLoseNothing) {
  SystemRandom random;
  const TempDir dir;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 6; ++i)
      writers.emplace_back([&, i] {
        auto mine = open_file_store(place_in(dir, random)).value();
        for (int k = 0; k < 5; ++k)
          EXPECT_TRUE(
              mine->set("s", fmt::format("k:{}:{}", i, k), Sealed(std::to_string(i * 10 + k))));
      });
  }
  auto store = open_file_store(place_in(dir, random)).value();
  for (int i = 0; i < 6; ++i)
    for (int k = 0; k < 5; ++k) {
      const auto found = store->get("s", fmt::format("k:{}:{}", i, k));
      ASSERT_TRUE(found);
      EXPECT_EQ(found->reveal(), std::to_string(i * 10 + k));
    }
}

#if defined(__linux__)
TEST(SecretService, WithoutASessionItIsUnavailableAndSaysWhatToDo) {
  ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
  SystemRandom random;
  const TempDir dir;
  const auto store = open_secret_service(place_in(dir, random));
  ::unsetenv("DBUS_SESSION_BUS_ADDRESS");
  ASSERT_FALSE(store);
  EXPECT_EQ(fault_of(store.error()), StoreFault::store_unavailable);
  EXPECT_THAT(store.error().detail, HasSubstr("CARAPACE_CREDENTIAL_STORE=file"));
}

// Run by tests/secret/with_keyring, which starts a daemon in a home and a session of their own.
class Keyring : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* state = std::getenv("CARAPACE_TEST_KEYRING");
    if (state == nullptr) GTEST_SKIP() << "needs tests/secret/with_keyring";
    state_ = state;
  }
  TempDir dir_;
  SystemRandom random_;
  std::string state_;
};

TEST_F(Keyring, KeepsTheContract) {
  if (state_ != "open") GTEST_SKIP() << "for the unlocked keyring";
  auto store = open_secret_service(place_in(dir_, random_));
  ASSERT_TRUE(store) << store.error().detail;
  std::vector<std::string> broken;
  test::hold_to_contract(**store, broken);
  EXPECT_THAT(broken, IsEmpty());
}

TEST_F(Keyring, ALockedOneIsLockedForEveryCallAndAsksNobody) {
  if (state_ != "locked") GTEST_SKIP() << "for the locked keyring";
  auto store = open_secret_service(place_in(dir_, random_));
  ASSERT_TRUE(store) << store.error().detail;
  const auto began = std::chrono::steady_clock::now();
  const auto got = (*store)->get("carapace", "test:main:a");
  const auto set = (*store)->set("carapace", "test:main:a", Sealed("v"));
  const auto removed = (*store)->remove("carapace", "test:main:a");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(3));
  for (const auto* error : {&got.error(), &set.error(), &removed.error()}) {
    EXPECT_EQ(fault_of(*error), StoreFault::store_locked) << error->detail;
    EXPECT_THAT(error->detail, HasSubstr("unlock"));
  }
}

// Last, because it takes the session away.
TEST_F(Keyring, ZTheEndOfTheSessionEndsNobodyElse) {
  if (state_ != "open") GTEST_SKIP() << "for the unlocked keyring";
  auto store = open_secret_service(place_in(dir_, random_));
  ASSERT_TRUE(store) << store.error().detail;
  const char* bus = std::getenv("CARAPACE_TEST_BUS_PID");
  ASSERT_NE(bus, nullptr);
  ASSERT_EQ(::kill(static_cast<pid_t>(std::atoi(bus)), SIGKILL), 0);
  // By default GLib raises SIGTERM when the connection closes; here the next call says what is
  // wrong.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::optional<StoreFault> fault;
  while (fault != StoreFault::store_unavailable && std::chrono::steady_clock::now() < until) {
    const auto answer = (*store)->get("carapace", "test:main:a");
    ASSERT_FALSE(answer);
    fault = fault_of(answer.error());
  }
  EXPECT_EQ(fault, StoreFault::store_unavailable);
}
#endif

}  // namespace
}  // namespace carapace::secret
