// The text of an HTTP/1.1 answer, without I/O. Header names and values from handlers are made
// harmless here, once: nothing a handler passes on can end a header line. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace carapace::net {

enum class BodyForm : std::uint8_t {
  sized,     // Content-Length
  chunked,   // Transfer-Encoding: chunked
  to_close,  // HTTP/1.0 stream: the end of the connection ends the body
  none,      // 204, 304, 1xx: neither header
};

struct HeadOptions {
  BodyForm form = BodyForm::sized;
  std::size_t length = 0;  // sized
  bool keep_alive = true;
  std::int64_t at_s = 0;  // of the Date header, seconds since 1970; 0 leaves it out
};

// Status line and headers, up to and with the blank line. `always` is added where the response says
// nothing by that name; Content-Length, Transfer-Encoding and Connection are ours alone.
std::string response_head(const ServerResponse& response, const Headers& always,
                          const HeadOptions& options);
// {"error":{"message":…,"type":…}} with its content type. The type follows the status.
ServerResponse error_response(int status, std::string_view message);
std::string_view reason_phrase(int status);
bool has_no_body(int status);

}  // namespace carapace::net
