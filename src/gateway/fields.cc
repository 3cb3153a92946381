#include "gateway/fields.h"

#include <array>

#include "base/make_row.h"

namespace carapace::gateway {
namespace {

using enum FieldType;

using make_row::filled;
using make_row::guarded;
using make_row::of;

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload, part
constexpr std::array kFields{
    filled(FieldRow{"gateway.port", integer, "18789",
                    "Port on which the gateway serves HTTP and WebSocket.", "", 1, 65535, false,
                    Reload::restart}),
    filled(FieldRow{
        "gateway.bind", text, R"("loopback")",
        "Where the gateway listens: loopback, auto (the same), lan, custom, or an address; "
        "everything but loopback needs a credential.",
        "", 0, 0, false, Reload::restart}),
    FieldRow{"gateway.customBindHost", text, "",
             "The address to listen on when gateway.bind is custom.", "", 0, 0, false,
             Reload::restart},
    guarded(of(object, "gateway.auth", "What clients have to show.")),
    FieldRow{"gateway.auth.mode", text, "",
             "How clients prove themselves; a password when one is set, else a token.",
             "token|password|none", 0, 0, false, Reload::restart},
    FieldRow{"gateway.auth.token", text, "",
             "The token that clients present; without one the gateway makes its own in "
             "gateway.token of the state folder.",
             "", 0, 0, true, Reload::restart},
    FieldRow{"gateway.auth.password", text, "",
             "The password that clients present when the mode is password.", "", 0, 0, true,
             Reload::restart},
    FieldRow{"gateway.http.endpoints.chatCompletions.enabled", boolean, "",
             "Serve POST /v1/chat/completions and GET /v1/models; on by itself for loopback only.",
             "", 0, 0, false, Reload::hot},
    filled(FieldRow{"gateway.controlUi.enabled", boolean, "true", "Serve the browser app.", "", 0,
                    0, false, Reload::hot}),
    FieldRow{"gateway.controlUi.basePath", text, R"("/")", "Path under which the browser app lies.",
             "", 0, 0, false, Reload::restart},
    FieldRow{"gateway.controlUi.allowedOrigins", text_list, "[]",
             "Further origins (scheme, host and port) from which browsers may connect.", "", 0, 0,
             false, Reload::hot},
    filled(FieldRow{
        "gateway.reload.mode", text, R"("hybrid")",
        "What a changed file does to a running gateway: nothing, apply what can be applied, "
        "apply or else restart, restart.",
        "off|hot|hybrid|restart", 0, 0, false, Reload::none}),
    filled(FieldRow{"gateway.reload.debounceMs", integer, "300",
                    "Milliseconds of quiet after which a changed file is read.", "", 0, 60'000,
                    false, Reload::none}),
};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::gateway
