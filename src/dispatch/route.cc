#include "dispatch/route.h"

#include "base/text.h"

namespace carapace::dispatch {

Result<Destination> route(const Inbound& inbound, const AgentId& default_agent,
                          const RouteLimits& limits) {
  if (trim(inbound.text).empty() && inbound.images.empty())
    return fail(Errc::invalid_request, "message or attachment required");
  if (inbound.text.size() > limits.max_text_bytes)
    return fail(Errc::too_large, "message is {} bytes; at most {} are taken", inbound.text.size(),
                limits.max_text_bytes);
  if (!is_valid_utf8(inbound.text))
    return fail(Errc::invalid_request, "message is not valid UTF-8");
  if (inbound.images.size() > limits.max_images)
    return fail(Errc::too_large, "{} images; at most {} are taken", inbound.images.size(),
                limits.max_images);
  for (const auto& image : inbound.images)
    if (image.base64.size() > limits.max_image_base64)
      return fail(Errc::too_large, "an image is over 5 MB");
  if (inbound.session_key.empty())
    return Destination{main_session_key(default_agent), default_agent};
  const auto key = canonical_key(inbound.session_key, default_agent);
  if (!key)
    return fail(Errc::invalid_request, "'{}' is no session key",
                ellipsize(inbound.session_key, 80));
  const auto parts = parse_session_key(key->value);
  if (parts && !is_agent_id(parts->agent.value))
    return fail(Errc::invalid_request, "'{}' names no agent", ellipsize(inbound.session_key, 80));
  return Destination{*key, parts ? parts->agent : default_agent};
}

}  // namespace carapace::dispatch
