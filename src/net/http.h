// HTTP as values, for both halves. Header names are lower case. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/stop.h"

namespace carapace::net {

struct Header {
  std::string name;  // lower case
  std::string value;
};
using Headers = std::vector<Header>;

// First value of a header; nullopt when absent. `name` in lower case.
inline std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
  for (const auto& header : headers)
    if (header.name == name) return std::string_view(header.value);
  return std::nullopt;
}

struct Peer {
  std::string address;  // text form, IPv4-mapped folded to IPv4
  std::uint16_t port = 0;
  bool loopback = false;
};

struct ServerRequest {
  std::string method;  // as sent, upper case for the known ones
  std::string target;  // as sent
  std::string path;    // target without the query; not percent-decoded
  std::string query;   // without '?'
  Headers headers;
  std::string body;
  Peer peer;
  std::uint16_t local_port = 0;  // it was sent to; 0: unknown
  Stop left;                     // requested when the peer leaves before it has its answer
};

struct ServerResponse {
  int status = 200;
  Headers headers;
  std::string body;
};

}  // namespace carapace::net
