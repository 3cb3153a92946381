// start: runs the gateway in the foreground until it is told to stop.
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "app/start/house.h"
#include "app/start/plan.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "app/version.h"
#include "fs/directory.h"
#include "fs/read_file.h"
#include "log/log.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"gateway"};
constexpr std::int64_t kDrainMs = 10'000;

// The first signal drains; the second one leaves at once, which loses nothing that was
// acknowledged.
void watch_signals(Loop& loop, House& house) {
  loop.on_signal({SIGINT, SIGTERM}, [&house, asked = false](int) mutable {
    if (asked) std::_Exit(130);
    asked = true;
    house.begin_shutdown("gateway stopping", kDrainMs);
  });
}

// A terminal that closes takes its gateway with it, in order. Without one SIGHUP is what log
// rotation sends: the file is opened anew. SIGUSR1 restarted the ancestor; scripts that still send
// it must not kill us.
void watch_hang_up(Loop& loop, House& house, const log::Settings& logging) {
  std::signal(SIGUSR1, SIG_IGN);
  loop.on_signal({SIGHUP}, [&house, logging, attached = is_terminal(0)](int) {
    if (attached) return house.begin_shutdown("the terminal was closed", kDrainMs);
    log::configure(logging);
    kLog.info("log file opened anew; a changed configuration needs a restart");
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

}  // namespace

int run_start(const Options& options, const config::Environment& environment) {
  const auto plan = make_plan(options, environment);
  if (!plan) return report(plan.error());
  if (const auto ready = make_folders(*plan); !ready) return report(ready.error());
  log::configure(plan->log);
  for (const auto& issue : plan->config.warnings())
    kLog.warn("configuration", {{"issue", config::to_text(issue)}});
  warn_of_missing_file(plan->place);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  Loop loop;
  auto house = House::build(loop, *plan);
  if (!house) return report(house.error());
  if (const auto listening = (*house)->listen(); !listening) return report(listening.error());
  watch_signals(loop, **house);
  watch_hang_up(loop, **house, plan->log);
  kLog.info("ready", {{"version", kVersion},
                      {"address", http_address(plan->addresses.front(), (*house)->port())},
                      {"state", plan->place.state_dir}});
  if (is_terminal(2))
    print_error(
        "in another terminal: carapace chat, or carapace open for the browser; Ctrl-C stops it");
  loop.run();
  return kExitOk;
}

}  // namespace carapace::app
