#include "store/rows/inbound.h"

#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "store/rows/checksum.h"

namespace carapace::store {
namespace {

// What cannot be read back must not be written: channels may hand over broken UTF-8.
std::string stored(std::string text) {
  return is_valid_utf8(text) ? std::move(text) : sanitize_utf8(text);
}

std::string images_text(const std::vector<ImageBlock>& images) {
  if (images.empty()) return {};
  json::array out;
  for (const auto& image : images)
    out.push_back(json::object{{"mime", image.mime}, {"data", image.base64}});
  return stored(dump_json(json::value(std::move(out))));
}

Result<std::vector<ImageBlock>> read_images(std::string_view text) {
  std::vector<ImageBlock> images;
  if (text.empty()) return images;
  TRY(const auto parsed, parse_json(text));
  if (!parsed.is_array()) return fail(Errc::internal, "the images of an inbox row are no array");
  for (const auto& item : parsed.get_array()) {
    if (!item.is_object()) return fail(Errc::internal, "an image of an inbox row is no object");
    images.push_back(
        {string_or(item.get_object(), "mime", ""), string_or(item.get_object(), "data", "")});
  }
  return images;
}

}  // namespace

InboundText inbound_to_text(const Inbound& inbound) {
  auto images = images_text(inbound.images);
  const json::object body{{"channel", inbound.channel},
                          {"account", inbound.account},
                          {"peer", inbound.peer},
                          {"sender", inbound.sender},
                          {"principal", inbound.principal.value},
                          {"integrity", to_text(inbound.label.integrity)},
                          {"confidentiality", to_text(inbound.label.confidentiality)},
                          {"sessionKey", inbound.session_key},
                          {"text", inbound.text},
                          {"imagesSum", static_cast<std::int64_t>(crc32c(images))},
                          {"dedupeId", inbound.dedupe_id},
                          {"run", inbound.run.value},
                          {"extraSystem", inbound.extra_system},
                          {"thinking", inbound.thinking},
                          {"timeoutMs", inbound.timeout_ms},
                          {"model", inbound.model}};
  return {stored(dump_json(body)), std::move(images)};
}

Result<Inbound> inbound_from_text(std::string_view body, std::string_view images) {
  TRY(const auto parsed, parse_json(body));
  if (!parsed.is_object()) return fail(Errc::internal, "an inbox row is no object");
  const auto& object = parsed.get_object();
  Inbound inbound;
  inbound.channel = string_or(object, "channel", "");
  inbound.account = string_or(object, "account", "default");
  inbound.peer = string_or(object, "peer", "");
  inbound.sender = string_or(object, "sender", "");
  inbound.principal = PrincipalId(string_or(object, "principal", ""));
  inbound.label = {integrity_from(string_or(object, "integrity", "")),
                   confidentiality_from(string_or(object, "confidentiality", ""))};
  inbound.session_key = string_or(object, "sessionKey", "");
  inbound.text = string_or(object, "text", "");
  inbound.dedupe_id = string_or(object, "dedupeId", "");
  inbound.run = RunId(string_or(object, "run", ""));
  inbound.extra_system = string_or(object, "extraSystem", "");
  inbound.thinking = string_or(object, "thinking", "");
  inbound.timeout_ms = find_int(object, "timeoutMs").value_or(0);
  inbound.model = string_or(object, "model", "");
  if (!images.empty() &&
      find_int(object, "imagesSum").value_or(-1) != static_cast<std::int64_t>(crc32c(images)))
    return fail(Errc::internal, "the images of an inbox row are damaged");
  TRY(inbound.images, read_images(images));
  return inbound;
}

}  // namespace carapace::store
