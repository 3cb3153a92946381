// The /api/chat wire without I/O: our request as its body, its lines as a Completion. (Provider
// specification A.7, cases D.6.) Pure functions and one reader per answer; loop thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "extensions/providers/think_tags.h"
#include "net/event_stream_text.h"
#include "provider/answer.h"
#include "provider/contract.h"
#include "provider/spec.h"
#include "provider/transport.h"

namespace carapace::providers {

// What the model was found not to take; remembered for the instance.
struct OllamaRefusals {
  bool thinking = false;
  bool tools = false;
  bool operator==(const OllamaRefusals&) const = default;
};

std::string ollama_body(const provider::Request& request, const provider::Settings& settings,
                        const OllamaRefusals& refused);

// Adds what this refusal names; false when it names nothing that can be left out.
bool learn_refusal(const Error& error, OllamaRefusals& refused);

class OllamaStream final : public provider::StreamReader {
 public:
  OllamaStream(provider::EventSink& events, std::span<const provider::ToolDefinition> tools,
               std::function<std::string()> fresh_id);

  Status feed(std::string_view bytes) override;
  bool done() const override { return done_; }
  Result<provider::Completion> finish() override;

 private:
  Status on_line(std::string_view line);
  void on_message(const json::object& message, bool marked);
  void on_call(const json::object& call, bool marked);
  void show(const std::vector<ThinkTags::Piece>& pieces);

  net::NdjsonParser lines_;
  provider::Answer answer_;
  ThinkTags tags_;
  provider::SurrogateCarry content_carry_;
  provider::Completion completion_;
  std::string reason_;
  Status failed_;
  bool done_ = false;
};

}  // namespace carapace::providers
