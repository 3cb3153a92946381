// An HTTP route as one row: path, verbs, authority and handler stand together (routes/*.cc). Loop
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.h"
#include "gateway/settings.h"
#include "net/http.h"
#include "net/server.h"

namespace carapace::gateway {

struct Face;

// One request on its way through a route. The caller waits, so `out` lives as long as the handler.
struct RouteCall {
  Face& face;
  net::ServerRequest request;
  net::Responder& out;
  std::string rest;    // of the path, below a prefix route
  bool local = false;  // local direct
};

enum class RouteAuth : std::uint8_t {
  unset,       // a mistake: the table refuses it
  open,        // anybody may ask
  credential,  // Authorization: Bearer with the gateway's token or password
};

struct RouteRow {
  std::string_view path;   // exact, or a prefix that ends with '/'
  std::string_view verbs;  // separated by '|'; the Allow header is made of it
  RouteAuth auth;          // no default
  Task<void> (*work)(RouteCall call);
  bool (*enabled)(const Settings& settings) = nullptr;  // null: always; off means 404
  std::size_t max_body = 64UL << 10U;                   // bytes; more is answered 413
};

// First segments of paths that belong to machines: a typing error there must not look like the
// browser app.
bool is_machine_path(std::string_view path);

net::ServerResponse json_response(int status, std::string body);
net::ServerResponse text_response(int status, std::string text);
// {"error":{"message":…,"type":…}}, the shape that clients of the HTTP routes read.
net::ServerResponse error_response(int status, std::string_view message, std::string_view type);

// Percent-decodes once. nullopt for a broken escape or a NUL byte.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace carapace::gateway
