// What every channel keeps, asked of every row – and of three doubles, because a suite that only
// knew the gateway's own clients would ask nothing.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "async/task_group.h"
#include "extensions/channel_doubles.h"
#include "extensions/channels/builtin.h"
#include "extensions/channels/names.h"
#include "support/loop_fixture.h"

namespace carapace::channels {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<const channel::Spec*> everyone() {
  std::vector<const channel::Spec*> rows(builtin_channels().begin(), builtin_channels().end());
  rows.insert(rows.end(), kDoubles.begin(), kDoubles.end());
  return rows;
}

std::vector<std::string> complaints(const channel::Spec& row, const channel::Ports& ports) {
  std::vector<std::string> out;
  const auto expect = [&](bool good, const char* what) {
    if (!good) out.emplace_back(what);
  };
  // Ids are parts of session keys: lower case, no separator.
  expect(!row.id.empty() && row.id.size() <= 32 &&
             row.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                 std::string_view::npos,
         "the id is no part of a session key");
  expect(!row.label.empty(), "it has no label");
  expect(row.open != nullptr, "it cannot be opened");
  if (!row.open) return out;
  const auto parts = row.open(ports);
  const auto again = row.open(ports);
  expect(!parts.delivery || parts.delivery != again.delivery, "two openings share a part");
  if (row.gateway_clients) {
    // Its people send by RPC and read events.
    expect(!parts.ingress && !parts.delivery && !parts.live_edit && !parts.presence,
           "the gateway's clients need no part");
    return out;
  }
  expect(parts.ingress || parts.delivery, "it can do nothing");
  expect(!parts.live_edit || parts.delivery, "it edits what it cannot send");
  expect(!parts.presence || parts.delivery, "it types what it cannot send");
  expect(!parts.delivery || row.max_piece > 0, "the size of a piece is not said");
  return out;
}

class ChannelContract : public test::LoopTest {
 protected:
  ~ChannelContract() override { run(work_.join()); }

  channel::Parts open(const channel::Spec& row, Net& net) {
    return row.open({net, clock_, random_});
  }
  static Task<Status> never(Inbound) {
    ADD_FAILURE() << "nothing came, and yet something was handed over";
    co_return Status{};
  }
  static Task<void> keep(channel::Ingress* ingress, Stop stop, std::optional<Status>* out) {
    out->emplace(co_await ingress->run(&never, stop));
  }
  void settle() {
    for (int i = 0; i < 20; ++i) run(yield_now());
  }

  TaskGroup work_{loop_, {}};
};

TEST_F(ChannelContract, RowsAndPartsFit) {
  Net net(Net::Mood::down);
  std::set<std::string_view> ids;
  ASSERT_FALSE(builtin_channels().empty());
  for (const auto* row : everyone()) {
    EXPECT_THAT(complaints(*row, {net, clock_, random_}), IsEmpty()) << row->id;
    EXPECT_TRUE(ids.insert(row->id).second) << row->id << " twice";
    EXPECT_FALSE(row->open && net.calls) << row->id << " calls before it is asked to";
  }
}

TEST_F(ChannelContract, WhatDoesNotFitIsSeen) {
  Net net(Net::Mood::down);
  const auto said = [&](channel::Spec row) { return complaints(row, {net, clock_, random_}); };
  channel::Spec row = kWhole;
  row.id = "agent:Main";
  EXPECT_THAT(said(row), ElementsAre(HasSubstr("session key")));
  row = kWhole;
  row.gateway_clients = true;
  EXPECT_THAT(said(row), ElementsAre(HasSubstr("need no part")));
  row = kPager;
  row.max_piece = 0;
  EXPECT_THAT(said(row), ElementsAre(HasSubstr("size of a piece")));
  row.open = +[](const channel::Ports&) {
    channel::Parts parts;
    parts.live_edit = std::make_unique<Shows>();
    return parts;
  };
  EXPECT_THAT(said(row), ElementsAre("it can do nothing", HasSubstr("edits what")));
  row.open = nullptr;
  EXPECT_THAT(said(row), ElementsAre(HasSubstr("opened")));
}

TEST_F(ChannelContract, ANetThatIsDownIsAnErrorThatMayBeTriedAgain) {
  for (const auto* row : everyone()) {
    Net net(Net::Mood::down);
    const auto parts = open(*row, net);
    if (!parts.delivery) continue;
    const auto receipt = run(parts.delivery->deliver({.id = "1",
                                                      .channel = std::string(row->id),
                                                      .account = "default",
                                                      .peer = "somebody",
                                                      .text = "hello",
                                                      .run = RunId("r")}));
    ASSERT_FALSE(receipt) << row->id << " claims to have sent what it could not send";
    EXPECT_TRUE(errc_row(receipt.error().code).retryable)
        << row->id << ' ' << receipt.error().detail;
    EXPECT_FALSE(receipt.error().detail.empty()) << row->id;
  }
}

TEST_F(ChannelContract, AnIngressEndsWhenItIsAskedTo) {
  for (const auto* row : everyone()) {
    for (const auto mood : {Net::Mood::silent, Net::Mood::down}) {
      Net net(mood);
      const auto parts = open(*row, net);
      if (!parts.ingress) continue;
      Stop before;
      before.request("shutdown");
      EXPECT_TRUE(run(parts.ingress->run(&never, before))) << row->id;

      Stop stop;
      std::optional<Status> ended;
      work_.spawn(keep(parts.ingress.get(), stop, &ended));
      settle();
      EXPECT_FALSE(ended) << row->id << " gives up on a net that does not answer";
      stop.request("shutdown");
      settle();
      ASSERT_TRUE(ended) << row->id << " does not hear";
      EXPECT_TRUE(*ended) << row->id;
    }
  }
}

TEST(ChannelNames, RowsAndThoseThatClientsKnow) {
  for (const auto* row : builtin_channels()) EXPECT_THAT(known_names(), Contains(row->id));
  for (const auto* name : {"telegram", "webchat", "signal"})
    EXPECT_THAT(known_names(), Contains(name));
  EXPECT_EQ(std::set(known_names().begin(), known_names().end()).size(), known_names().size());
}

}  // namespace
}  // namespace carapace::channels
