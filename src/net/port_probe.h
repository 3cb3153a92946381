// Is anybody listening there? One TCP connect that is closed again: cheaper than loading the HTTP
// client to learn that nobody is. Loop thread.
#pragma once

#include <cstdint>
#include <string>

#include "async/loop.h"
#include "async/task.h"

namespace carapace::net {

// `address` is an IP address as text. False after `limit_ms` without a connection.
Task<bool> is_listening(Loop& loop, std::string address, std::uint16_t port, std::int64_t limit_ms);

}  // namespace carapace::net
