// The stream readers of all wires read the same answer for every cut of the bytes, end in a
// Completion or an Error, show only valid UTF-8, and hand on no tool call whose arguments are
// neither an object nor marked malformed. Input: one byte that picks the wire and the cut, then the
// stream.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "extensions/providers/anthropic_stream.h"
#include "extensions/providers/ollama_wire.h"
#include "extensions/providers/openai_stream.h"
#include "provider/recording_sink.h"
#include "provider/tool_arguments.h"

namespace {

using carapace::Result;
using carapace::provider::Completion;
using carapace::test::RecordingSink;

struct Outcome {
  bool failed = false;
  carapace::Errc code{};
  std::vector<carapace::Block> blocks;
  carapace::StopReason stop{};
  std::string text;
  std::string thinking;
  bool operator==(const Outcome&) const = default;
};

std::unique_ptr<carapace::provider::StreamReader> reader(int wire, RecordingSink& sink, int& ids) {
  auto fresh = [&ids] { return "fresh_" + std::to_string(++ids); };
  if (wire == 0)
    return std::make_unique<carapace::providers::MessagesStream>(
        sink, std::span<const carapace::provider::ToolDefinition>{}, fresh);
  if (wire == 1)
    return std::make_unique<carapace::providers::OllamaStream>(
        sink, std::span<const carapace::provider::ToolDefinition>{}, fresh);
  return std::make_unique<carapace::providers::ChatStream>(
      sink, std::span<const carapace::provider::ToolDefinition>{}, fresh,
      carapace::providers::ChatStreamOptions{wire == 3, wire == 3, 1000});
}

void check(const Completion& completion) {
  if (!carapace::test::all_utf8(completion)) std::abort();
  for (const auto& call : carapace::test::calls_in(completion)) {
    if (call.id.empty() || call.name.empty()) std::abort();
    if (!call.malformed && !carapace::provider::is_json_object(call.arguments)) std::abort();
    if (!carapace::provider::is_json_object(carapace::provider::replay_arguments(call)))
      std::abort();
  }
}

Outcome read(int wire, std::string_view bytes, std::size_t piece) {
  RecordingSink sink;
  int ids = 0;
  const auto stream = reader(wire, sink, ids);
  auto result = carapace::test::read_all(*stream, bytes, piece);
  if (!sink.valid) std::abort();
  Outcome out{!result,      result ? carapace::Errc{} : result.error().code, {}, {}, sink.text,
              sink.thinking};
  if (result) {
    check(*result);
    out.blocks = std::move(result->blocks);
    out.stop = result->stop;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int wire = data[0] % 4;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(wire, bytes, bytes.size() + 1);
  if (read(wire, bytes, 1) != whole || read(wire, bytes, 2 + data[0] / 4) != whole) std::abort();
  return 0;
}
