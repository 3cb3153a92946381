#include "tool/policy.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace carapace::tool {
namespace {

// The host of the URL that begins at `at`; empty when there is none.
std::string host_at(std::string_view text, std::size_t at) {
  const auto end = text.find_first_of("/?#\\ \t\r\n\"'<>)]}", at);
  std::string_view authority = text.substr(at, end == std::string_view::npos ? end : end - at);
  if (const auto user = authority.rfind('@'); user != std::string_view::npos) authority.remove_prefix(user + 1);
  if (const auto colon = authority.rfind(':'); colon != std::string_view::npos && !authority.ends_with(']'))
    authority = authority.substr(0, colon);
  while (authority.ends_with('.') || authority.ends_with(',')) authority.remove_suffix(1);
  return to_lower(authority);
}

std::string destination_of(const Spec& tool, const ToolCall& call) {
  if (tool.destination_argument.empty()) return {};
  const auto arguments = parse_json(call.arguments);
  if (!arguments || !arguments->is_object()) return {};
  const auto hosts = hosts_in(string_or(arguments->get_object(), tool.destination_argument, ""));
  return hosts.size() == 1 ? *hosts.begin() : std::string();
}

}  // namespace

std::set<std::string> hosts_in(std::string_view text) {
  std::set<std::string> hosts;
  const std::string folded = to_lower(text);
  for (std::size_t at = folded.find("://"); at != std::string::npos; at = folded.find("://", at + 3)) {
    const bool web = std::string_view(folded).substr(0, at).ends_with("http") ||
                     std::string_view(folded).substr(0, at).ends_with("https");
    if (!web) continue;
    if (auto host = host_at(folded, at + 3); !host.empty()) hosts.insert(std::move(host));
  }
  return hosts;
}

Judgement judge(const Spec& tool, const ToolCall& call, const Flow& flow) {
  if (call.malformed) return {Verdict::deny, "The arguments were not a JSON object, so nothing was run."};
  const bool tainted = flow.label.integrity >= Integrity::open;
  const bool holds_personal = flow.label.confidentiality >= Confidentiality::personal;
  if (!tainted || !(tool.sends || tool.mutates)) return {};
  if (!tool.mutates && !holds_personal) return {};
  // A destination that the owner named, or that the strange text itself came from, learns nothing new by
  // being asked for – but only reading tools get this; what mutates is always a person's decision.
  const auto destination = destination_of(tool, call);
  if (!tool.mutates && !destination.empty() &&
      (flow.owner_destinations.contains(destination) || flow.read_hosts.contains(destination)))
    return {};
  return {Verdict::ask,
          fmt::format("{} can send data out{}, and this conversation has read text from a source that is not trusted.",
                      tool.name, destination.empty() ? std::string() : " (to " + destination + ")")};
}

}  // namespace carapace::tool
