// The answer while it grows: text, thinking and tool calls in the order of their first appearance.
// What every wire's reader writes into; it joins cut characters, shows deltas to the sink and makes
// the blocks of the Completion. No I/O; one answer each; loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "domain/message.h"
#include "provider/contract.h"
#include "provider/surrogate_carry.h"

namespace carapace::provider {

class Answer {
 public:
  enum class Kind : std::uint8_t { text, thinking, redacted, call };
  struct Part {
    Kind kind = Kind::text;
    std::string text;       // words, opaque data, or the arguments' JSON text
    std::string signature;  // of thinking
    std::string id;         // of a call; empty gets a fresh one
    std::string name;
    SurrogateCarry carry;
  };

  // `fresh_id` names calls that came without an id.
  Answer(EventSink& events, std::span<const ToolDefinition> tools,
         std::function<std::string()> fresh_id);

  // Parts stay where they are while others are added.
  Part& add(Kind kind);
  // The last part when it is of this kind, else a new one.
  Part& current(Kind kind);
  // Appends to a part; words are shown. `marked`: see parse_event.
  void append(Part& part, std::string_view delta, bool marked);
  // All text so far turns out to have been thinking.
  void relabel_text();
  bool empty() const { return parts_.empty(); }
  bool has_calls() const;
  bool offers(std::string_view tool_name) const;

  // Once: empty text and thinking are left out; arguments are read; calls get unique ids.
  std::vector<Block> take_blocks();

 private:
  Block take_call(Part& part, std::vector<std::string>& used_ids);

  EventSink& events_;
  std::span<const ToolDefinition> tools_;
  std::function<std::string()> fresh_id_;
  std::deque<Part> parts_;
};

// `call_` and 24 hex digits: unique over turns, fits every wire.
std::function<std::string()> call_id_source(Random& random);

}  // namespace carapace::provider
