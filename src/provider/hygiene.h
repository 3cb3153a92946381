// Transcript repair: whatever history we hold becomes one that a provider cannot refuse. Which
// repairs a wire needs stands in its row. Pure: messages in, messages out; the transcript is not
// changed. Applied to every request before `complete`. (Agent specification §1.8; provider cases
// A15, O15.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/message.h"
#include "provider/images.h"

namespace carapace::provider {

enum class IdRule : std::uint8_t {
  any,     // kept, except empty and duplicate ones
  word64,  // [A-Za-z0-9_-]{1,64}
  alnum9,  // exactly nine of [A-Za-z0-9]
};

// Which thinking of earlier turns goes back to the provider and model that gave it. Everybody
// else's is dropped.
enum class ThinkingReplay : std::uint8_t { none, signed_only, any };

struct Hygiene {
  IdRule ids = IdRule::word64;
  bool pair_tools = true;    // every call answered right after it; orphans and duplicates dropped
  bool merge_roles = false;  // neighbours of one role become one message
  bool user_first = false;   // a history that starts otherwise gets a short user line before it
  bool user_last = true;  // a history that ends with the assistant gets a short user line after it
  bool assistant_after_tool =
      false;  // a user message right after a result gets a short assistant line before it
  bool drop_empty = true;  // empty text blocks, then empty messages
  ThinkingReplay thinking = ThinkingReplay::none;
  bool images_in_results = true;  // else images of tool results move to a following user message
  ImageRules images = {};
};

// `provider_id`, `model`: as the assistant messages' origin names them (a dated alias counts as the
// same model).
std::vector<Message> repair(std::vector<Message> messages, const Hygiene& rules,
                            std::string_view provider_id, std::string_view model,
                            bool model_sees_images);

// `claude-x` and `claude-x-20250929` are one model: providers answer with the dated name.
bool same_model(std::string_view a, std::string_view b);

}  // namespace carapace::provider
