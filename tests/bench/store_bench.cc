// What the store costs, beside what one fsync of the same disk costs. Ratios within one run count;
// the folder is TMPDIR's, so put that on the disk in question.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "async/coro.h"
#include "async/loop.h"
#include "async/task_group.h"
#include "store/engine.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"
#include "support/temp_dir.h"

namespace carapace::store {
namespace {

constexpr int kSessions = 10'000;
const SessionKey kKey{"agent:main:main"};
const SessionId kSession{"session-main"};

template <typename T>
Task<void> keep(Task<Result<T>> task, Result<T>* out) {
  *out = co_await std::move(task);
}

struct Store {
  Store() { open(); }
  void open() {
    engine.reset();
    auto opened = open_engine({.path = dir / "carapace.db", .program_version = "bench"});
    if (!opened) throw std::runtime_error(opened.error().detail);
    engine = std::move(*opened);
  }
  template <typename T>
  Result<T> run(Task<Result<T>> task) {
    Result<T> result = fail(Errc::internal, "never ran");
    loop.run_task(keep(std::move(task), &result));
    if (!result) throw std::runtime_error(result.error().detail);
    return result;
  }
  // SQL for every number below `count`, in one transaction.
  void fill(std::string sql, std::int64_t count) {
    run(engine->transact([sql = std::move(sql), count](Statements& db) -> Status {
      for (std::int64_t i = 0; i < count; ++i) TRY_STATUS(db.run(sql, {i}));
      return {};
    }));
  }

  test::TempDir dir;
  Loop loop;
  std::unique_ptr<Engine> engine;
};

Message line(Role role) {
  Message message;
  message.role = role;
  message.blocks.emplace_back(TextBlock{std::string(400, 'x')});
  if (role == Role::assistant) message.origin.emplace();
  return message;
}

Inbound inbound(std::int64_t number) {
  Inbound message;
  message.channel = "webchat";
  message.principal = kOwner;
  message.text = std::string(200, 'q');
  message.run = RunId(fmt::format("run-{}", number));
  return message;
}

void append_messages(Store& store, std::int64_t count) {
  auto message = line(Role::user);
  Transcripts transcripts(*store.engine);
  TaskGroup group(store.loop, [](std::exception_ptr) {});
  for (std::int64_t i = 0; i < count; ++i)
    group.spawn([](Transcripts* all, Message one) -> Task<void> {
      (void)co_await all->append(kSession, std::move(one));
    }(&transcripts, message));
  store.loop.run_task([](TaskGroup* all) -> Task<void> { co_await all->join(); }(&group));
}

void plain_fsync(benchmark::State& state) {
  const test::TempDir dir;
  const int file = ::open((dir / "plain").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  for (auto _ : state) {
    if (::write(file, page.data(), page.size()) < 0 || ::fsync(file) != 0)
      state.SkipWithError("fsync");
  }
  ::close(file);
}

void append_alone(benchmark::State& state) {
  Store store;
  for (auto _ : state) append_messages(store, 1);
}

void append_together(benchmark::State& state) {
  Store store;
  for (auto _ : state) append_messages(store, state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void tail_50(benchmark::State& state) {
  Store store;
  for (std::int64_t done = 0; done < state.range(0); done += 1'000)
    append_messages(store, std::min<std::int64_t>(1'000, state.range(0)));
  Transcripts transcripts(*store.engine);
  for (auto _ : state) {
    auto messages = store.run(transcripts.tail_json(kSession, 50, 1 << 20));
    if (messages->empty()) state.SkipWithError("empty");
  }
}

// Two commits: the message is accepted and begun, then the run is closed with its answer.
void turn(benchmark::State& state) {
  Store store;
  if (state.range(0) > 0) append_messages(store, state.range(0));
  Runs runs(*store.engine);
  std::int64_t number = 0;
  for (auto _ : state) {
    ++number;
    store.run(runs.accept(inbound(number), kKey, kSession, number, true));
    Finish end;
    end.run = RunId(fmt::format("run-{}", number));
    end.messages = {line(Role::assistant)};
    store.run(runs.finish(std::move(end)));
  }
}

void fill_sessions(Store& store) {
  store.fill(
      "INSERT INTO sessions(key, id, agent, principal, created_ms, updated_ms, title) VALUES "
      "('agent:main:s' || ?1, 'session-' || ?1, 'main', 'owner', ?1, ?1, 'what was said first')",
      kSessions);
}

void open_store(benchmark::State& state) {
  Store store;
  fill_sessions(store);
  for (auto _ : state) {
    state.PauseTiming();
    store.engine.reset();
    state.ResumeTiming();
    store.open();
  }
}

void list_50(benchmark::State& state) {
  Store store;
  fill_sessions(store);
  Sessions sessions(*store.engine);
  for (auto _ : state) {
    SessionFilter filter;
    filter.principal = kOwner;
    filter.limit = 50;
    if (store.run(sessions.list(filter))->size() != 50) state.SkipWithError("not 50");
  }
}

// The round trip to a reader's thread and back, and nothing else.
void empty_query(benchmark::State& state) {
  Store store;
  for (auto _ : state) store.run(store.engine->query([](Statements&) -> Status { return {}; }));
}

BENCHMARK(plain_fsync)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(append_alone)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(append_together)->Arg(32)->Arg(256)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(turn)->Arg(10)->Arg(10'000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(empty_query)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(tail_50)->Arg(1'000)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(list_50)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(open_store)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace carapace::store

BENCHMARK_MAIN();
