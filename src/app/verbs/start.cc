// start: runs the gateway in the foreground until it is told to stop.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "app/reload/keeper.h"
#include "app/start/house.h"
#include "app/start/plan.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "app/version.h"
#include "async/coro.h"
#include "fs/directory.h"
#include "fs/read_file.h"
#include "log/log.h"
#include "secret/no_dump.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"gateway"};
constexpr std::int64_t kDrainMs = 10'000;
// A port that was given up a moment ago may be taken back only a little later.
constexpr int kReturns = 10;
constexpr std::chrono::milliseconds kBetweenReturns{300};

// What the signals act on: houses come and go, the process stays.
struct Running {
  Keeper& keeper;
  House* house = nullptr;  // null between two
  bool stop_asked = false;

  void stop(const std::string& reason) {
    stop_asked = true;
    if (house) house->begin_shutdown(reason, kDrainMs);
  }
};

// The first signal drains; the second one leaves at once, which loses nothing that was
// acknowledged.
void watch_signals(Loop& loop, Running& running) {
  loop.on_signal({SIGINT, SIGTERM}, [&running](int) {
    if (running.stop_asked) std::_Exit(130);
    running.stop("gateway stopping");
  });
}

// A terminal that closes takes its gateway with it, in order. Without one SIGHUP is what log
// rotation sends, and people who changed the configuration: the log file is opened anew, and the
// configuration is looked at. SIGUSR1 restarted the ancestor; scripts that still send it must not
// kill us.
void watch_hang_up(Loop& loop, Running& running) {
  std::signal(SIGUSR1, SIG_IGN);
  loop.on_signal({SIGHUP}, [&running, attached = is_terminal(0)](int) {
    if (attached) return running.stop("the terminal was closed");
    log::configure(running.keeper.plan()->log);
    kLog.info("log file opened anew");
    running.keeper.reload_soon();
  });
}

// Before the first log line, so that it has a place to go.
Status make_folders(const Plan& plan) {
  TRY_STATUS(fs::ensure_dir(plan.place.state_dir));
  const auto slash = plan.log.file.rfind('/');
  return slash == std::string::npos || slash == 0 ? Status{}
                                                  : fs::ensure_dir(plan.log.file.substr(0, slash));
}

// A file that somebody named and that is not there is more likely a slip than a wish.
void warn_of_missing_file(const Place& place) {
  if (place.config_named && !fs::exists(place.config_path))
    kLog.warn(
        "there is no configuration file of that name, so the defaults are used; "
        "`carapace config set KEY VALUE --config FILE` makes one",
        {{"file", place.config_path}});
}

// Each client is an open file; the usual soft limit of 1,024 would end at a thousand of them.
void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

std::string http_address(const std::string& host, std::uint16_t port) {
  return host.contains(':') ? fmt::format("http://[{}]:{}/", host, port)
                            : fmt::format("http://{}:{}/", host, port);
}

// Says what is wrong with the file, when the last good configuration had to be used instead of it.
void tell_of_file(const Plan& plan) {
  for (const auto& issue : sentences(plan.file, config::Severity::warning))
    kLog.warn("configuration", {{"issue", issue}});
  for (const auto& issue : sentences(plan.file, config::Severity::error))
    kLog.error("configuration", {{"issue", issue}});
  if (!plan.file_error) return;
  kLog.error(
      "the configuration file cannot be used: the gateway starts with the last one that worked",
      {{"file", plan.place.config_path}, {"kept", plan.file.in_force.substr(0, 12)}});
  print_error(plan.file_error->detail);
  print_error(
      "The gateway starts with the last configuration that worked. Mended, the file is "
      "used at once.");
}

Result<std::unique_ptr<House>> open_house(Loop& loop, std::shared_ptr<const Plan> plan,
                                          Keeper& keeper) {
  TRY(auto house, House::build(loop, plan, keeper));
  TRY_STATUS(house->listen());
  kLog.info("ready", {{"version", kVersion},
                      {"address", http_address(plan->addresses.front(), house->port())},
                      {"state", plan->place.state_dir}});
  return house;
}

// The next house; when it cannot be, the one before once more, loudly.
Result<std::unique_ptr<House>> reopen_house(Loop& loop, std::shared_ptr<const Plan> plan,
                                            Keeper& keeper) {
  log::configure(plan->log);
  auto house = open_house(loop, std::move(plan), keeper);
  if (house) return house;
  kLog.error("the gateway cannot start with the changed configuration: the one before is used",
             {{"cause", house.error().detail}});
  const auto before = keeper.fall_back(house.error());
  log::configure(before->log);
  for (int i = 0; i < kReturns; ++i) {
    house = open_house(loop, before, keeper);
    if (house || house.error().code != Errc::conflict) break;
    std::this_thread::sleep_for(kBetweenReturns);
  }
  return house;
}

}  // namespace

int run_start(const Options& options, const config::Environment& environment) {
  secret::keep_out_of_dumps();
  auto plan = make_usable_plan(options, environment);
  if (!plan) return report(plan.error());
  if (const auto ready = make_folders(*plan); !ready) return report(ready.error());
  log::configure(plan->log);
  tell_of_file(*plan);
  warn_of_missing_file(plan->place);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  Loop loop;
  Keeper keeper(loop, options, environment, std::move(*plan));
  Running running{keeper};
  watch_signals(loop, running);
  watch_hang_up(loop, running);
  auto house = open_house(loop, keeper.plan(), keeper);
  if (house && is_terminal(2))
    print_error(
        "in another terminal: carapace chat, or carapace open for the browser; Ctrl-C stops it");
  while (house) {
    running.house = house->get();
    loop.run();
    running.house = nullptr;
    loop.run_task((*house)->ended());
    const auto port = (*house)->port();
    house->reset();
    if (running.stop_asked) return kExitOk;
    auto next = keeper.next_plan(port);
    if (!next) return kExitOk;
    house = reopen_house(loop, std::move(next), keeper);
  }
  return report(house.error());
}

}  // namespace carapace::app
