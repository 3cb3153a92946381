#include "app/doctor/web_look.h"

#include <exception>

#include "async/coro.h"
#include "async/loop.h"
#include "async/task_group.h"
#include "net/client.h"

namespace carapace::doctor {
namespace {

constexpr std::size_t kMaxBody = 4096;

Task<void> look_at(net::Client& client, WebLook* look, std::int64_t limit_ms) {
  const net::Call call{.url = look->url,
                       .headers = {{"accept", "*/*"}},
                       .deadlines = {.connect_ms = limit_ms,
                                     .first_byte_ms = limit_ms,
                                     .idle_ms = limit_ms,
                                     .total_ms = limit_ms}};
  const net::BodySink sink{
      .on_head = [look](const net::Reply& reply) { look->status = reply.status; },
      .on_bytes =
          [look](std::string_view bytes) {
            look->body += bytes.substr(0, kMaxBody - look->body.size());
            return look->body.size() < kMaxBody;
          }};
  const auto reply = co_await client.call(call, sink, Stop());
  if (reply) {
    look->status = reply->status;
  } else {
    look->error = reply.error();
  }
}

Task<void> look_at_all(Loop& loop, net::Client& client, const std::vector<WebLook*>& looks,
                       std::int64_t limit_ms) {
  TaskGroup group(loop, [](std::exception_ptr) {});
  for (auto* look : looks) group.spawn(look_at(client, look, limit_ms));
  co_await group.join();
}

}  // namespace

void look_at_web(const std::vector<WebLook*>& looks, std::int64_t limit_ms) {
  if (looks.empty()) return;
  Loop loop;
  const auto client = net::make_client(loop);
  loop.run_task(look_at_all(loop, *client, looks, limit_ms));
}

}  // namespace carapace::doctor
