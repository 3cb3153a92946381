// A method of protocol 3 as one row: name, authority, parameters and handler stand together, and
// everything else – hello-ok's list, authorization, validation – is derived from rows
// (methods/*.cc, one noun each). Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/json_fwd.h"
#include "gateway/live/broadcast.h"
#include "rpc/params.h"
#include "rpc/wire_error.h"

namespace carapace::gateway {

struct Face;

struct Reply {
  std::string payload;                  // JSON text; may stand beside an error
  std::optional<rpc::WireError> error;  // absent: ok
};
Reply answered(std::string payload);
Reply refused(std::string message);  // INVALID_REQUEST
Reply failed(const Error& error);    // by its row of the error table

// One request on its way through a handler. A value: handlers may outlive the frame they came with.
struct Call {
  Face* face = nullptr;
  std::shared_ptr<const Client> client;
  std::shared_ptr<const json::value> params;  // fits the row's schema
  std::function<void(const Reply&)> first;    // for methods that answer twice

  const json::object& arguments() const;  // empty when the client sent none, or something else
  const PrincipalId& principal() const { return client->principal; }
};

enum class Authority : std::uint8_t {
  unset,      // a mistake: the table refuses it
  read,       // operator.read or operator.write
  write,      // operator.write
  approvals,  // operator.approvals
  pairing,    // operator.pairing
  admin,      // operator.admin
  node,       // role node, and nobody else
};

struct MethodRow {
  std::string_view name;
  Authority authority;  // no default
  rpc::ParamSchema params;
  bool advertised = true;  // named in hello-ok
  // Answers at once, or says nullopt to leave it to `work`. For methods that are called all the
  // time.
  std::optional<Reply> (*quick)(const Call& call) = nullptr;
  Task<Reply> (*work)(Call call) = nullptr;
};

// nullopt when this role and these scopes may call it. `row` is null for an unknown method, which
// needs what the most protected one needs (§1.13).
std::optional<rpc::WireError> authorize(const rpc::Caller& caller, const MethodRow* row);

}  // namespace carapace::gateway
