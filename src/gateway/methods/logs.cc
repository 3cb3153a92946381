// logs.tail: the gateway's own log, for clients that show it.

#include "async/coro.h"
#include "async/pool.h"
#include "base/json.h"
#include "gateway/face.h"
#include "gateway/log_tail.h"
#include "gateway/method_row.h"
#include "rpc/json_text.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ParamType;

constexpr rpc::ParamRow kTail[] = {
    {.name = "cursor", .type = ParamType::integer, .min = 0},
    {.name = "limit", .type = ParamType::integer, .min = 1, .max = 5000},
    {.name = "maxBytes", .type = ParamType::integer, .min = 1, .max = 1'000'000},
};

Task<Reply> tail(Call call) {
  const auto& arguments = call.arguments();
  TailRequest request{.file = call.face->settings.log_file,
                      .cursor = find_int(arguments, "cursor")};
  request.limit = find_int(arguments, "limit").value_or(request.limit);
  request.max_bytes = find_int(arguments, "maxBytes").value_or(request.max_bytes);
  const auto read =
      co_await offload(call.face->ports.pool, [request] { return tail_log(request); });
  if (!read) co_return failed(read.error());
  rpc::ArrayText lines;
  for (const auto& line : read->lines) lines.text(line);
  const auto& file = call.face->settings.log_file;
  co_return answered(rpc::ObjectText()
                         .text("file", file.empty() ? "(no log file)" : file)
                         .number("cursor", read->size)
                         .number("size", read->size)
                         .raw("lines", lines.take())
                         .boolean("truncated", read->truncated)
                         .boolean("reset", read->reset)
                         .take());
}

constexpr MethodRow kRows[] = {
    {.name = "logs.tail", .authority = Authority::read, .params = {kTail}, .work = tail},
};

}  // namespace

extern const std::span<const MethodRow> logs;
constinit const std::span<const MethodRow> logs{kRows};

}  // namespace carapace::gateway::methods
