// Is it there, and can it work? For supervisors and load balancers, without a credential and
// without details.

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "async/coro.h"
#include "async/pool.h"
#include "gateway/face.h"
#include "gateway/web/route_row.h"
#include "provider/router.h"
#include "rpc/json_text.h"
#include "store/engine.h"

namespace carapace::gateway::routes {
namespace {

Task<void> live(RouteCall call) {
  call.out.send(json_response(200, rpc::ObjectText()
                                       .text("status", "ok")
                                       .text("version", call.face.settings.version)
                                       .number("uptimeSeconds", call.face.uptime_ms() / 1000)
                                       .take()));
  co_return;
}

// Can a file be made where the gateway keeps its own?
bool can_write(const std::string& folder) {
  if (folder.empty()) return true;
  const auto path = std::filesystem::path(folder) / (".probe-" + std::to_string(::getpid()));
  std::ofstream file(path, std::ios::trunc);
  file << "probe\n";
  file.close();
  const bool written = file.good();
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return written;
}

Task<void> ready(RouteCall call) {
  auto& face = call.face;
  const auto folder = face.settings.state_dir;
  const bool disk = co_await offload(face.ports.pool, [folder] { return can_write(folder); });
  const auto committed =
      co_await face.ports.engine.transact([](store::Statements&) -> Status { return {}; });
  const bool model = face.ports.router.route({}).has_value();
  const bool running = !face.closing.requested() && !face.ports.draining.requested();
  const auto word = [](bool good) { return good ? "ok" : "failed"; };
  const bool all = disk && committed && model && running;
  auto response = json_response(all ? 200 : 503,
                                rpc::ObjectText()
                                    .text("status", all ? "ready" : "not_ready")
                                    .raw("checks", rpc::ObjectText()
                                                       .text("disk", word(disk))
                                                       .text("store", word(committed.has_value()))
                                                       .text("model", word(model))
                                                       .text("running", word(running))
                                                       .take())
                                    .take());
  if (!all) response.headers.push_back({"retry-after", "5"});
  call.out.send(std::move(response));
}

constexpr RouteRow kRows[] = {
    {.path = "/health", .verbs = "GET|HEAD", .auth = RouteAuth::open, .work = live},
    {.path = "/health/live", .verbs = "GET|HEAD", .auth = RouteAuth::open, .work = live},
    {.path = "/health/ready", .verbs = "GET|HEAD", .auth = RouteAuth::open, .work = ready},
    {.path = "/ready", .verbs = "GET|HEAD", .auth = RouteAuth::open, .work = ready},
};

}  // namespace

extern const std::span<const RouteRow> health;
constinit const std::span<const RouteRow> health{kRows};

}  // namespace carapace::gateway::routes
