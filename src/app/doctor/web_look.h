// One harmless request to each of some addresses, all at once: is anybody there? No key and no
// cookie is sent. Blocks until all have answered or their time is over; makes a loop of its own, so
// for commands only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::doctor {

struct WebLook {
  std::string url;
  int status = 0;         // any status says that a server is there
  std::string body = {};  // its first 4 KiB
  Error error = {};       // when the status is 0
};

void look_at_web(const std::vector<WebLook*>& looks, std::int64_t limit_ms);

}  // namespace carapace::doctor
