// Can the gateway listen, or does the one that runs answer?
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "app/doctor/check.h"
#include "net/listeners.h"

namespace carapace::doctor {
namespace {

constexpr int kNeighbours = 50;

std::string in_words(const net::Listener& listener) {
  if (listener.pid == 0) return "a program of another user";
  return fmt::format("{} (pid {})", listener.program.empty() ? "a program" : listener.program,
                     listener.pid);
}

// The next port where we could listen instead.
std::uint16_t free_port_after(const std::string& address, std::uint16_t port) {
  for (int step = 1; step <= kNeighbours && port + step <= 65'535; ++step)
    if (net::try_bind(address, static_cast<std::uint16_t>(port + step)) == 0)
      return static_cast<std::uint16_t>(port + step);
  return 0;
}

Finding taken(const Ground& ground, const std::string& address) {
  const auto port = ground.plan->port;
  const auto listeners = net::listeners_on(port, ground.proc);
  const auto who = listeners.empty() ? "something" : in_words(listeners.front());
  const auto other = free_port_after(address, port);
  auto mend =
      other == 0 ? std::string() : ground.command(fmt::format("config set gateway.port {}", other));
  if (!listeners.empty() && listeners.front().pid != 0)
    mend += fmt::format("{}kill {}", mend.empty() ? "" : "   # or: ", listeners.front().pid);
  return {.check_id = "gateway.port_taken",
          .severity = Severity::critical,
          .title = fmt::format("Port {} is taken", port),
          .detail = fmt::format("{} listens there, so the gateway cannot start.", who),
          .remediation = mend.empty() ? ground.command("start --port N") : mend};
}

void look_at_free_port(const Ground& ground, Findings& out) {
  const auto& address = ground.plan->addresses.front();
  const auto port = ground.plan->port;
  const int error = net::try_bind(address, port);
  if (error == EADDRINUSE) {
    out.push_back(taken(ground, address));
  } else if (error == EACCES) {
    out.push_back({.check_id = "gateway.port_forbidden",
                   .severity = Severity::critical,
                   .title = fmt::format("This user may not listen on port {}", port),
                   .detail = "Ports below 1024 belong to the administrator.",
                   .remediation = ground.command("config set gateway.port 18789")});
  } else if (error != 0) {
    out.push_back({.check_id = "gateway.bind_address",
                   .severity = Severity::critical,
                   .title = fmt::format("The gateway cannot listen at {}", address),
                   .detail = fmt::format("{} (gateway.bind).", std::strerror(error)),
                   .remediation = ground.command("config set gateway.bind loopback")});
  }
}

void look_at_running(const Ground& ground, Findings& out) {
  const auto& running = *ground.running;
  if (!running.answers) {
    out.push_back(
        {.check_id = "gateway.probe_failed",
         .severity = Severity::critical,
         .title = "A gateway runs, but does not answer",
         .detail = running.port == 0
                       ? fmt::format("pid {} holds the state folder and listens on no port that "
                                     "can be seen.",
                                     running.pid)
                       : fmt::format("pid {} did not answer at port {} within two seconds.",
                                     running.pid, running.port),
         .remediation = fmt::format("kill {} && {}   # first, what it does: {}", running.pid,
                                    ground.command("start"), ground.command("logs"))});
  } else if (ground.plan->port != 0 && running.port != ground.plan->port) {
    out.push_back({.check_id = "gateway.other_port",
                   .severity = Severity::warn,
                   .title = "The gateway listens on another port than the configuration names",
                   .detail = fmt::format("pid {} listens on {}; a start would listen on {}. Other "
                                         "commands look for it there.",
                                         running.pid, running.port, ground.plan->port),
                   .remediation =
                       fmt::format("kill {} && {}   # or name the port: {}", running.pid,
                                   ground.command("start"),
                                   ground.command(fmt::format("status --port {}", running.port)))});
  }
}

Findings run(const Ground& ground) {
  Findings out;
  if (!ground.plan) return out;
  if (ground.running) {
    look_at_running(ground, out);
  } else if (ground.plan->port != 0) {
    look_at_free_port(ground, out);
  }
  return out;
}

}  // namespace

extern const Check port_check;
constinit const Check port_check{.id = "port", .title = "port", .run = run};

}  // namespace carapace::doctor
