#include "tool/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "net/egress_guard.h"

namespace carapace::tool {
namespace {

// The one reading of a URL that the network follows, too: two readers that disagree would be a way
// around. The guard refuses private hosts unless they are listed; here only the name counts, so the
// host lists itself.
std::string host_of(std::string_view url) {
  if (const auto read = net::guard_url(url)) return read->host;
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  const auto authority = url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
  const std::string listed[] = {std::string(authority)};
  const auto read = net::guard_url(url, listed);
  return read ? read->host : std::string();
}

// The URL that begins at `at`, as far as a reader of prose would take it.
std::string_view url_at(std::string_view text, std::size_t at) {
  const auto host = text.find("://", at) + 3;
  const auto bracket =
      text.substr(host).starts_with('[') ? text.find(']', host) : std::string_view::npos;
  const auto end =
      text.find_first_of(" \t\r\n\"'<>)]}", bracket == std::string_view::npos ? at : bracket + 1);
  auto url = text.substr(at, end - at);
  while (!url.empty() && std::string_view(".,;:!?").contains(url.back())) url.remove_suffix(1);
  return url;
}

}  // namespace

bool is_confined(const Flow& flow) {
  return flow.label.integrity >= Integrity::open &&
         flow.label.confidentiality >= Confidentiality::personal;
}

std::string destination_of(const Spec& tool, const ToolCall& call) {
  if (tool.destination_argument.empty()) return {};
  const auto arguments = parse_json(call.arguments);
  if (!arguments || !arguments->is_object()) return {};
  return host_of(trim(string_or(arguments->get_object(), tool.destination_argument, "")));
}

std::set<std::string> hosts_in(std::string_view text) {
  std::set<std::string> hosts;
  const std::string folded = to_lower(text);
  for (std::size_t at = folded.find("http"); at != std::string::npos;
       at = folded.find("http", at)) {
    const auto rest = std::string_view(folded).substr(at);
    if (!rest.starts_with("http://") && !rest.starts_with("https://")) {
      at += 4;
      continue;
    }
    const auto url = url_at(text, at);
    if (auto host = host_of(url); !host.empty()) hosts.insert(std::move(host));
    at += std::max<std::size_t>(url.size(), 4);  // what stands inside a URL was not named
  }
  return hosts;
}

Judgement judge(const Spec& tool, const ToolCall& call, const Flow& flow) {
  if (call.malformed)
    return {Verdict::deny, "The arguments were not a JSON object, so nothing was run."};
  const bool tainted = flow.label.integrity >= Integrity::open;
  const bool holds_personal = flow.label.confidentiality >= Confidentiality::personal;
  if (!tainted || !(tool.sends || tool.mutates)) return {};
  if (!tool.mutates && !holds_personal) return {};
  // A destination that the owner named, or that the strange text itself came from, learns nothing
  // new by being asked for – but only reading tools get this; what mutates is always a person's
  // decision.
  const auto destination = destination_of(tool, call);
  if (!tool.mutates && !destination.empty() &&
      (flow.owner_destinations.contains(destination) || flow.read_hosts.contains(destination)))
    return {};
  return {
      Verdict::ask,
      fmt::format("{} can send data out{}, and this conversation has read text from a source that "
                  "is not trusted.",
                  tool.name, destination.empty() ? std::string() : " (to " + destination + ")")};
}

}  // namespace carapace::tool
