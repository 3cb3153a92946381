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
#include <vector>

#include "app/reload/config_look.h"
#include "app/reload/keeper.h"
#include "app/start/house.h"
#include "app/start/plan.h"
#include "app/start/standing.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "app/version.h"
#include "async/coro.h"
#include "async/stop.h"
#include "config/read/document.h"
#include "config/read/shell_env.h"
#include "extensions/providers/builtin.h"
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
  Stop opening = {};  // ends what a house that is only being built waits for

  void stop(const std::string& reason) {
    stop_asked = true;
    opening.request(reason);
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
    open_log(*running.keeper.plan());
    kLog.info("log file opened anew");
    running.keeper.reload_soon();
  });
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

// Loudly, on the log and on the console: the owner believes that his file is in force.
void tell_of_last_good(const Plan& plan) {
  kLog.error(
      "the configuration file cannot be used: the gateway starts with the last one that worked",
      {{"file", plan.place.config_path}, {"kept", plan.file.in_force.substr(0, 12)}});
  print_error(plan.file_error->detail);
  print_error(
      "The gateway starts with the last configuration that worked. Mended, the file is "
      "used at once.");
}

// Says what is wrong with the file, when the last good configuration had to be used instead of it.
void tell_of_file(const Plan& plan) {
  log_issues(plan.file, config::Severity::error);
  log_issues(plan.file, config::Severity::warning);
  if (plan.place.inherited)
    kLog.info(
        "the configuration is that of an earlier program; `carapace config import FILE` makes "
        "your own of it",
        {{"file", plan.place.config_path}});
  if (const auto older = plan.config.legacy_issues().size(); older > 0)
    kLog.info(
        "keys of the configuration have older spellings, which are understood; `carapace config "
        "validate` lists them",
        {{"keys", std::to_string(older)}});
  if (plan.file_error) tell_of_last_good(plan);
}

Result<std::unique_ptr<House>> open_house(Loop& loop, std::shared_ptr<const Plan> plan,
                                          Running& running) {
  TRY(auto house, House::build(loop, plan, running.keeper, running.opening));
  TRY_STATUS(house->listen());
  kLog.info("ready", {{"version", kVersion},
                      {"address", http_address(plan->addresses.front(), house->port())},
                      {"state", plan->place.state_dir}});
  return house;
}

// A file that reads well can still be one that no gateway can start with: an address that is not
// this machine's, for example. Then the last good one is better than none. Not so when it is the
// gateway's own credential that cannot be opened: an older one may be one that others know.
Result<std::unique_ptr<House>> open_first_house(Loop& loop, const Options& options,
                                                const config::Environment& environment,
                                                Running& running) {
  auto& keeper = running.keeper;
  const auto plan = keeper.plan();
  auto house = open_house(loop, plan, running);
  if (house || running.stop_asked || house.error().code == Errc::unauthorized ||
      gateway_runs(plan->place.state_dir))
    return house;
  auto good = last_good_plan(options, environment, *plan, house.error());
  if (!good) return house;
  tell_of_last_good(*good);
  const auto used = keeper.fall_back(house.error(), std::move(*good));
  open_log(*used);
  if (auto other = open_house(loop, used, running)) return other;
  return house;
}

// The next house; when it cannot be, the one before once more, loudly.
Result<std::unique_ptr<House>> reopen_house(Loop& loop, std::shared_ptr<const Plan> plan,
                                            Running& running) {
  auto& keeper = running.keeper;
  open_log(*plan);
  auto house = open_house(loop, std::move(plan), running);
  if (house || running.stop_asked) return house;
  kLog.error("the gateway cannot start with the changed configuration: the one before is used",
             {{"cause", house.error().detail}});
  const auto before = keeper.fall_back(house.error());
  open_log(*before);
  for (int i = 0; i < kReturns; ++i) {
    house = open_house(loop, before, running);
    if (house || running.stop_asked || house.error().code != Errc::conflict) break;
    std::this_thread::sleep_for(kBetweenReturns);
  }
  return house;
}

// A service gets few variables; the owner's shell may have the others, if he wants it to be asked.
config::Environment with_shell(const Options& options, const config::Environment& process) {
  const auto place = find_place(options, process);
  if (!place) return process;  // told of by whoever needs it
  std::vector<std::string> wanted;
  for (const auto* spec : providers::builtin_providers())
    wanted.insert(wanted.end(), spec->env_keys.begin(), spec->env_keys.end());
  const auto document = config::read_document(place->config_path, config::read_rules(process));
  auto got = config::with_login_shell(process, document.tree(), std::move(wanted));
  if (!got) {
    print_error(got.error().detail);
    return process;
  }
  return std::move(got->environment);
}

}  // namespace

int run_start(const Options& options, const config::Environment& process) {
  secret::keep_out_of_dumps();
  const auto environment = with_shell(options, process);
  auto plan = make_usable_plan(options, environment);
  if (!plan) return report(plan.error());
  // Before the first log line, so that it has a place to go.
  if (const auto ready = fs::ensure_dir(plan->place.state_dir); !ready)
    return report(ready.error());
  open_log(*plan);
  tell_of_file(*plan);
  warn_of_missing_file(plan->place);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  Loop loop;
  Keeper keeper(loop, options, environment, std::move(*plan));
  Running running{keeper};
  watch_signals(loop, running);
  watch_hang_up(loop, running);
  auto house = open_first_house(loop, options, environment, running);
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
    house = reopen_house(loop, std::move(next), running);
  }
  return running.stop_asked ? kExitOk : report(house.error());
}

}  // namespace carapace::app
