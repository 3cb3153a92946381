// What leaves for a chat: one reply of ours on its way to a channel. Made by dispatch, handed to
// the channel's Delivery; the receipt closes it. Value.
#pragma once

#include <cstdint>
#include <string>

#include "domain/ids.h"

namespace carapace {

struct Outgoing {
  std::string id;       // logical id: one provider send each
  std::string channel;  // channel row id
  std::string account;
  std::string peer;
  std::string text;  // Markdown; the channel's row says what becomes of it
  RunId run;
};

struct Receipt {
  std::string remote_id;  // the channel's id of what was sent; empty when it has none
  std::int64_t at_ms = 0;
};

}  // namespace carapace
