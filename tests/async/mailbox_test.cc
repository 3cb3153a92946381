#include "async/mailbox.h"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <vector>

#include "async/task_group.h"
#include "support/loop_fixture.h"

namespace carapace {
namespace {

using MailboxTest = test::LoopTest;

Task<void> drain(Mailbox<int>* mailbox, std::vector<int>* out) {
  while (auto item = co_await mailbox->pop()) out->push_back(*item);
  out->push_back(-1);
}

Task<void> send_and_join(Loop* loop, Mailbox<int>* mailbox, std::vector<int>* out) {
  TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
  group.spawn(drain(mailbox, out));
  co_await yield_now();  // the reader waits now
  for (int i = 0; i < 100; ++i) {
    while (!mailbox->push(i)) co_await yield_now();
  }
  mailbox->close();
  co_await group.join();
}

TEST_F(MailboxTest, KeepsOrderThroughBackPressure) {
  Mailbox<int> mailbox(3);
  std::vector<int> out;
  run(send_and_join(&loop_, &mailbox, &out));
  ASSERT_EQ(out.size(), 101U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(out[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(out.back(), -1) << "the reader saw the end";
}

TEST_F(MailboxTest, FullMeansFalse) {
  Mailbox<int> mailbox(2);
  EXPECT_TRUE(mailbox.push(1));
  EXPECT_TRUE(mailbox.push(2));
  EXPECT_FALSE(mailbox.push(3));
  EXPECT_EQ(mailbox.size(), 2U);
  EXPECT_EQ(mailbox.try_pop(), 1);
  EXPECT_TRUE(mailbox.push(3));
}

TEST_F(MailboxTest, WhatWasQueuedComesAfterTheClose) {
  Mailbox<int> mailbox(5);
  ASSERT_TRUE(mailbox.push(1));
  ASSERT_TRUE(mailbox.push(2));
  mailbox.close();
  EXPECT_FALSE(mailbox.push(3));
  EXPECT_EQ(run(mailbox.pop()), 1);
  EXPECT_EQ(run(mailbox.pop()), 2);
  EXPECT_EQ(run(mailbox.pop()), std::nullopt);
  EXPECT_EQ(run(mailbox.pop()), std::nullopt);
  EXPECT_TRUE(mailbox.empty());
}

TEST_F(MailboxTest, ItemsThatOnlyMove) {
  Mailbox<std::unique_ptr<int>> mailbox(1);
  ASSERT_TRUE(mailbox.push(std::make_unique<int>(5)));
  EXPECT_EQ(**run(mailbox.pop()), 5);
}

TEST_F(MailboxTest, CancelledReaderLosesNoItem) {
  Mailbox<int> mailbox(5);
  std::vector<int> out;
  run([](Loop* loop, Mailbox<int>* box, std::vector<int>* seen) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(drain(box, seen));
    co_await yield_now();
    group.cancel();
    co_await group.join();
  }(&loop_, &mailbox, &out));
  EXPECT_TRUE(out.empty());
  ASSERT_TRUE(mailbox.push(7));
  EXPECT_EQ(mailbox.try_pop(), 7);
}

}  // namespace
}  // namespace carapace
