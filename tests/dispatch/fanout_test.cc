// Events are numbered once per run and reach every reader in order.
#include "dispatch/fanout.h"

#include <gtest/gtest.h>

#include <vector>

namespace carapace::dispatch {
namespace {

RunEvent event(std::string run, decltype(RunEvent::what) what) {
  RunEvent out;
  out.run = RunId(std::move(run));
  out.what = std::move(what);
  return out;
}

TEST(Fanout, NumbersEachRunFromOne) {
  Fanout fanout;
  std::vector<std::pair<std::string, std::int64_t>> first, second;
  fanout.add_reader([&](const RunEvent& it) { first.emplace_back(it.run.value, it.seq); });
  fanout.add_reader([&](const RunEvent& it) { second.emplace_back(it.run.value, it.seq); });
  fanout.publish(event("a", RunStarted{}));
  fanout.publish(event("b", RunStarted{}));
  fanout.publish(event("a", RunText{"x", "x"}));
  fanout.publish(event("a", RunEnded{}));
  fanout.publish(event("a", RunStarted{}));  // a counter that has ended is forgotten
  const std::vector<std::pair<std::string, std::int64_t>> expected{
      {"a", 1}, {"b", 1}, {"a", 2}, {"a", 3}, {"a", 1}};
  EXPECT_EQ(first, expected);
  EXPECT_EQ(second, expected);
}

TEST(Fanout, WithoutReadersNothingHappens) {
  Fanout fanout;
  fanout.publish(event("a", RunStarted{}));
}

}  // namespace
}  // namespace carapace::dispatch
