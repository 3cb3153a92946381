// The only place where our messages become a model's: system text, history within the context
// window, tool rows → a provider Request. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "domain/message.h"
#include "domain/session_key.h"
#include "provider/contract.h"
#include "provider/spec.h"
#include "tool/registry.h"

namespace carapace::agent {

// What the system prompt says about the run; everything in it is stable over a conversation, so
// that the providers' prompt caches hit: no clock, no counters.
struct PromptFacts {
  AgentId agent;
  SessionKey session;
  std::string channel;
  std::string host;
  std::string os;
  std::string version;
  std::string model;  // provider/model
  std::string time_zone;
  std::string thinking;
  std::string extra_system;  // of this run
};

std::string system_prompt(const PromptFacts& facts, std::span<const tool::Registry::Entry> tools);

// The newest whole turns that fit `budget_tokens`; a turn is a user message and all that follows
// it. At least the last turn is kept. When something was left out, a first line says how much, so
// that nothing disappears silently; `older` counts what was not even loaded. Messages that only
// report a failure to people, and runs that the house answered itself (their answer is marked
// injected), are not for the model and are skipped.
struct History {
  std::vector<Message> messages;
  std::size_t left_out = 0;
};
History select_history(std::vector<Message> all, std::int64_t budget_tokens, std::size_t older = 0);

provider::Request build_request(const provider::ModelInfo& model, std::string system,
                                std::vector<Message> history,
                                std::span<const tool::Registry::Entry> tools,
                                provider::Thinking thinking);

std::int64_t estimate_tokens(const Message& message);
provider::Thinking thinking_from(std::string_view level);  // unknown text: off
// The level that holds when `level` is what was chosen: where nobody chose, a model that reasons
// thinks a little.
std::string thinking_level(std::string level, const provider::ModelInfo& model);

}  // namespace carapace::agent
