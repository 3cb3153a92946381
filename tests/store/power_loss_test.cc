// What was acknowledged survives the power, and the control: the same test notices a store that
// does not sync and a disk that lies about it.
#include <random>

#include "async/task_group.h"
#include "store_fixture.h"
#include "support/unsynced_vfs.h"

namespace carapace::store {
namespace {

using Texts = std::vector<std::string>;

// What one conversation did: acknowledged texts in order, and those of the one step that nobody
// answered.
struct Ledger {
  SessionKey key;
  SessionId session;
  Texts kept, maybe;
  std::string open_run;   // acknowledged as accepted and not as finished
  std::string open_text;  // its words
  bool moved = false;     // its words were acknowledged to be in the transcript
  std::vector<std::string> finished;
  std::string unanswered;  // a run whose accept was never answered
};

struct World {
  Repositories* store = nullptr;
  std::mt19937_64* random = nullptr;
  std::int64_t* counter = nullptr;
  test::UnsyncedDisk* disk = nullptr;
  bool chance(unsigned percent) const { return (*random)() % 100 < percent; }
  std::string word(const char* kind) const { return fmt::format("{}-{}", kind, ++*counter); }
};

bool take(Ledger& ledger, bool acknowledged) {
  if (!acknowledged) return false;
  ledger.kept.insert(ledger.kept.end(), ledger.maybe.begin(), ledger.maybe.end());
  ledger.maybe.clear();
  return true;
}

// Runs turns until a step fails; then the ledger says what was being done. (A store that
// acknowledges too early would go on for ever: it is stopped when the power is gone.)
Task<void> talk(World world, Ledger* ledger) {
  while (!world.disk->power_lost()) {
    const auto run = world.word("run");
    ledger->open_text = world.word("question");
    const bool begin_now = world.chance(50);
    if (begin_now) ledger->maybe = {ledger->open_text};
    ledger->unanswered = run;
    auto message = inbound(run, ledger->open_text);
    message.dedupe_id = run;
    if (world.chance(20)) message.images = {{"image/png", std::string(20'000, 'A')}};
    const auto accepted =
        co_await world.store->runs.accept(message, ledger->key, ledger->session, 1, begin_now);
    if (!take(*ledger, accepted.has_value())) co_return;
    ledger->unanswered.clear();
    ledger->open_run = run;
    ledger->moved = begin_now;
    if (!begin_now) {
      ledger->maybe = {ledger->open_text};
      if (!take(*ledger, (co_await world.store->runs.begin(RunId(run), 2)).has_value())) co_return;
      ledger->moved = true;
    }
    while (world.chance(40)) {
      ledger->maybe = {world.word("step"), world.word("step")};
      std::vector<Message> messages = {says(Role::assistant, ledger->maybe[0]),
                                       says(Role::user, ledger->maybe[1])};
      if (!take(*ledger, (co_await world.store->runs.append(RunId(run), std::move(messages),
                                                            {{.kind = "note", .body = "{}"}}))
                             .has_value()))
        co_return;
    }
    ledger->maybe = {world.word("answer")};
    Finish end;
    end.run = RunId(run);
    end.messages = {says(Role::assistant, ledger->maybe[0])};
    if (!take(*ledger, (co_await world.store->runs.finish(std::move(end))).has_value())) co_return;
    ledger->open_run.clear();
    ledger->finished.push_back(run);
  }
}

Task<void> talk_all(Loop* loop, World world, std::vector<Ledger>* ledgers) {
  TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE() << "a turn threw"; });
  for (auto& ledger : *ledgers) group.spawn(talk(world, &ledger));
  co_await group.join();
}

class Trial {
 public:
  Trial(std::uint64_t seed, EngineTuning tuning, bool lying_disk)
      : random_(seed),
        vfs_(fmt::format("unsynced-{}-{}-{}", seed, tuning.synchronous, lying_disk), seed),
        tuning_(tuning) {
    vfs_.disk().lie_about_sync(lying_disk);
    for (int i = 0; i < 4; ++i) {
      Ledger ledger;
      ledger.key = SessionKey(fmt::format("agent:main:talk{}", i));
      ledger.session = SessionId(fmt::format("session-{}", i));
      ledgers_.push_back(std::move(ledger));
    }
  }

  // Several losses after each other on one disk; the first thing that is wrong, or nothing.
  std::string play() {
    for (int round = 0; round < 3; ++round) {
      // Now and then long enough for the log to be moved into the file.
      const auto longest = random_() % 6 == 0 ? 4'000U : 300U;
      vfs_.disk().lose_power_after(static_cast<std::int64_t>(random_() % longest));
      if (auto engine = open()) {
        Repositories store(**engine);
        run(talk_all(&loop_, {&store, &random_, &counter_, &vfs_.disk()}, &ledgers_));
      }
      if (!vfs_.disk().power_lost()) return "a step failed while the power was on";
      vfs_.disk().restore_power();
      if (auto wrong = check_all(); !wrong.empty()) return wrong;
    }
    return {};
  }
  std::size_t acknowledged() const {
    std::size_t count = 0;
    for (const auto& ledger : ledgers_) count += ledger.kept.size();
    return count;
  }

 private:
  std::string check_all() {
    auto engine = open();
    if (!engine) return "the store does not open: " + engine.error().detail;
    Repositories store(**engine);
    for (auto& ledger : ledgers_)
      if (auto wrong = check_and_mend(store, ledger); !wrong.empty()) return wrong;
    if (random_() % 2 != 0) return {};
    // The power goes while the store tidies up at its end.
    vfs_.disk().lose_power_after(static_cast<std::int64_t>(random_() % 60));
    engine->reset();
    vfs_.disk().restore_power();
    return {};
  }
  Result<std::unique_ptr<Engine>> open() {
    return open_sqlite_engine(
        {.path = dir_ / "carapace.db", .program_version = "1", .vfs = vfs_.name()}, tuning_);
  }
  template <typename T>
  T run(Task<T> task) {
    return test::run(loop_, std::move(task));
  }

  // The transcript is what was acknowledged, and the last step entirely or not at all.
  std::string check_and_mend(Repositories& store, Ledger& ledger) {
    const auto stored = run(store.transcripts.tail(ledger.session, 0));
    if (!stored) return "a transcript cannot be read: " + stored.error().detail;
    const auto texts = texts_of(*stored);
    auto with_last = ledger.kept;
    with_last.insert(with_last.end(), ledger.maybe.begin(), ledger.maybe.end());
    if (texts != ledger.kept && texts != with_last)
      return fmt::format("lost: transcript of {} has {} messages; acknowledged were {}",
                         ledger.key.value, texts.size(), ledger.kept.size());
    for (const auto& id : ledger.finished) {
      const auto found = run(store.runs.find(RunId(id)));
      if (!found || !*found || (*found)->state != RunState::done)
        return "lost: the end of run " + id;
    }
    return mend(store, ledger);
  }

  // What a gateway does after a crash: repeats the unanswered, ends the open, and nothing doubles.
  std::string mend(Repositories& store, Ledger& ledger) {
    if (!ledger.unanswered.empty()) ledger.open_run = std::exchange(ledger.unanswered, {});
    if (!ledger.open_run.empty()) {
      auto message = inbound(ledger.open_run, ledger.open_text);
      message.dedupe_id = ledger.open_run;
      const auto again = run(store.runs.accept(message, ledger.key, ledger.session, 3, true));
      if (!again) return "a repeat was refused: " + again.error().detail;
      Finish end;
      end.run = RunId(ledger.open_run);
      end.state = RunState::interrupted;
      end.messages = {says(Role::assistant, "interrupted")};
      const auto ended = run(store.runs.finish(std::move(end)));
      if (!ended && ended.error().code != Errc::conflict)
        return "an open run does not end: " + ended.error().detail;
    }
    const auto stored = run(store.transcripts.tail(ledger.session, 0));
    if (!stored) return "a transcript cannot be read: " + stored.error().detail;
    const auto texts = texts_of(*stored);
    if (!ledger.open_run.empty() && std::ranges::count(texts, ledger.open_text) != 1)
      return "a question is not there exactly once";
    ledger.kept = texts;
    ledger.maybe.clear();
    ledger.open_run.clear();
    return {};
  }

  test::TempDir dir_;
  std::mt19937_64 random_;
  std::int64_t counter_ = 0;
  test::UnsyncedVfs vfs_;
  EngineTuning tuning_;
  Loop loop_;
  std::vector<Ledger> ledgers_;
};

constexpr std::uint64_t kTrials = 60;

TEST(PowerLoss, KeepsWhatWasAcknowledgedExactlyOnce) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= kTrials; ++seed) {
    Trial trial(seed, {}, false);
    ASSERT_EQ(trial.play(), "") << "seed " << seed;
    acknowledged += trial.acknowledged();
  }
  EXPECT_GT(acknowledged, 20 * kTrials);  // it was not the empty store that survived
}

// Trials until acknowledged words are gone; nothing else counts as noticing.
bool loses_words(EngineTuning tuning, bool lying_disk) {
  for (std::uint64_t seed = 1; seed <= kTrials; ++seed)
    if (Trial(seed, tuning, lying_disk).play().starts_with("lost: ")) return true;
  return false;
}

TEST(PowerLoss, TheTestNoticesAStoreThatDoesNotSync) {
  EXPECT_TRUE(loses_words({.synchronous = false}, false));
}

TEST(PowerLoss, TheTestNoticesADiskThatLies) { EXPECT_TRUE(loses_words({}, true)); }

}  // namespace
}  // namespace carapace::store
