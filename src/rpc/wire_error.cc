#include "rpc/wire_error.h"

#include "rpc/json_text.h"

namespace carapace::rpc {

WireError invalid_request(std::string message) {
  return {std::string(kInvalidRequest), std::move(message), {}};
}

WireError unavailable(std::string message) {
  return {std::string(kUnavailable), std::move(message), {}};
}

WireError wire_error(const Error& error) {
  const auto& row = errc_row(error.code);
  if (error.code == Errc::internal) return {std::string(row.rpc_code), "internal", {}};
  return {std::string(row.rpc_code),
          error.detail.empty() ? std::string(row.user_sentence) : error.detail,
          {}};
}

std::string to_json(const WireError& error) {
  std::string out = R"({"code":)";
  append_json_string(out, error.code);
  out += R"(,"message":)";
  append_json_string(out, error.message);
  if (!error.details.empty()) out.append(R"(,"details":)").append(error.details);
  out += '}';
  return out;
}

}  // namespace carapace::rpc
