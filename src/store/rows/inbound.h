// An Inbound as the inbox keeps it: one JSON text for the words, a second one for the pictures,
// which go once the run is closed (the transcript has them). Pure; used by rows/run.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "domain/inbound.h"

namespace carapace::store {

struct InboundText {
  std::string body;    // a JSON object with a checksum of `images`
  std::string images;  // a JSON array; empty: none
};

InboundText inbound_to_text(const Inbound& inbound);
// `images` empty: they were dropped or there were none. internal: unreadable or not what was
// stored.
Result<Inbound> inbound_from_text(std::string_view body, std::string_view images);

}  // namespace carapace::store
