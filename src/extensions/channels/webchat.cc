// The gateway's own clients as a channel: browser app, terminal, HTTP. They send through RPC
// methods and read run events, so every part is absent; the row gives them a name, a markup and a
// place in routing.
#include "extensions/channels/builtin.h"

namespace carapace::channels {

extern const channel::Spec webchat_spec;
constinit const channel::Spec webchat_spec{
    .id = "webchat",
    .label = "WebChat",
    .markup = channel::Markup::markdown,
    .max_piece = 0,
    .gateway_clients = true,
    .open = +[](const channel::Ports&) { return channel::Parts{}; },
};

}  // namespace carapace::channels
