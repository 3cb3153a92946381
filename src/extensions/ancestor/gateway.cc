#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kRestart = planned(
    std::array{
        choice("gateway.mode", "local|remote", "Does the gateway run here or elsewhere?"),
        text("gateway.controlUi.root", "Folder of another browser app."),
        guarded(
            text("gateway.controlUi.path", "Path of the browser app, as some versions call it.")),
        guarded(filled(
            flag("gateway.controlUi.allowInsecureAuth",
                 "May browsers log in over plain HTTP without a device identity? Never here.",
                 "false"))),
        guarded(flag("gateway.controlUi.dangerouslyDisableDeviceAuth",
                     "May browsers connect without a device identity? Never here.", "false")),
        flag("gateway.auth.allowTailscale",
             "May people of the tailnet in without a token, by their identity?"),
        number("gateway.auth.rateLimit.maxAttempts", 0, kMost,
               "Failed logins until an address has to wait."),
        number("gateway.auth.rateLimit.windowMs", 0, kMost,
               "Milliseconds in which failed logins are counted."),
        number("gateway.auth.rateLimit.lockoutMs", 0, kMost,
               "Milliseconds for which an address has to wait."),
        flag("gateway.auth.rateLimit.exemptLoopback", "Is this machine never locked out?"),
        texts("gateway.trustedProxies", "Addresses of proxies whose forwarded addresses count.",
              "[]"),
        texts("gateway.tools.allow", "Tools that may be called over HTTP."),
        texts("gateway.tools.deny", "Tools that may not be called over HTTP."),
        whole("gateway.channelHealthCheckMinutes", 0, kMost,
              "Minutes between two looks at the health of channels."),
        number("gateway.ws.messageRate", 0, kMost, "Messages a second that one client may send.",
               "60"),
        number("gateway.ws.messageBurst", 0, kMost, "Messages at once that one client may send.",
               "120"),
        choice("gateway.tailscale.mode", "off|serve|funnel",
               "Is the gateway offered to the tailnet, or to everybody?", R"("off")"),
        flag("gateway.tailscale.resetOnExit", "Is the offer withdrawn at the end?", "false"),
        flag("gateway.tailscale.resetOnShutdown", "Is the offer withdrawn at the end?", "true"),
        whole("gateway.tailscale.externalPort", 1, 65535, "Port under which the tailnet sees it.",
              "443"),
        text("gateway.tailscale.cliPath", "The tailscale program.", R"("tailscale")"),
        flag("gateway.tls.enabled", "Does the gateway speak TLS itself?", "false"),
        flag("gateway.tls.autoGenerate", "Is a certificate made when there is none?", "true"),
        text("gateway.tls.certPath", "File of the certificate (PEM)."),
        text("gateway.tls.keyPath", "File of the certificate's private key (PEM)."),
        text("gateway.tls.caPath", "File of the authority that signed it (PEM)."),
        flag("gateway.mtls.enabled", "Do nodes have to show a certificate?"),
        text("gateway.mtls.caCert", "File of the authority of node certificates."),
        text("gateway.mtls.nodeCert", "File of this gateway's own certificate."),
        text("gateway.mtls.nodeKey", "File of its private key."),
        text("gateway.mtls.crlPath", "File of revoked certificates."),
        flag("gateway.mtls.requireClientCert", "Is a node without a certificate refused?", "true"),
        flag("gateway.http.endpoints.responses.enabled", "Serve POST /v1/responses."),
        whole("gateway.http.endpoints.responses.maxBodyBytes", 1, kMost,
              "Most bytes of a request to /v1/responses."),
        whole("gateway.http.endpoints.responses.maxUrlParts", 0, kMost,
              "Most addresses in one request."),
        flag("gateway.http.endpoints.responses.files.allowUrl",
             "May a request name files by address?"),
        texts("gateway.http.endpoints.responses.files.urlAllowlist",
              "Hosts of which files are fetched."),
        texts("gateway.http.endpoints.responses.files.allowedMimes", "Kinds of files."),
        whole("gateway.http.endpoints.responses.files.maxBytes", 1, kMost, "Most bytes of a file.",
              "5242880"),
        whole("gateway.http.endpoints.responses.files.maxChars", 1, kMost,
              "Most characters taken from a file.", "200000"),
        whole("gateway.http.endpoints.responses.files.maxRedirects", 0, kMost,
              "Redirections followed for a file.", "3"),
        whole("gateway.http.endpoints.responses.files.timeoutMs", 1, kMost,
              "Milliseconds for fetching a file."),
        whole("gateway.http.endpoints.responses.files.pdf.maxPages", 1, kMost,
              "Most pages of a PDF that are read.", "4"),
        whole("gateway.http.endpoints.responses.files.pdf.maxPixels", 1, kMost,
              "Most pixels of a page that is drawn.", "4000000"),
        whole("gateway.http.endpoints.responses.files.pdf.minTextChars", 0, kMost,
              "Characters below which a page is drawn instead of read.", "200"),
        flag("gateway.http.endpoints.responses.images.allowUrl",
             "May a request name images by address?"),
        texts("gateway.http.endpoints.responses.images.urlAllowlist",
              "Hosts of which images are fetched."),
        texts("gateway.http.endpoints.responses.images.allowedMimes", "Kinds of images."),
        whole("gateway.http.endpoints.responses.images.maxBytes", 1, kMost,
              "Most bytes of an image."),
        whole("gateway.http.endpoints.responses.images.maxRedirects", 0, kMost,
              "Redirections followed for an image."),
        whole("gateway.http.endpoints.responses.images.timeoutMs", 1, kMost,
              "Milliseconds for fetching an image."),
        choice("gateway.nodes.browser.mode", "auto|manual|off",
               "Are browsers of paired nodes used?"),
        text("gateway.nodes.browser.node", "The node whose browser is used."),
        texts("gateway.nodes.allowCommands", "Further commands that nodes may be sent."),
        texts("gateway.nodes.denyCommands", "Commands that nodes are never sent."),
    },
    Reload::restart);

// Read whenever a connection to another gateway is made.
constexpr auto kRemote = planned(
    std::array{
        flag("gateway.remote.enabled", "Is another gateway used instead of this one?"),
        text("gateway.remote.url", "Address of the other gateway (ws or wss)."),
        choice("gateway.remote.transport", "ssh|direct", "How the other gateway is reached."),
        secret("gateway.remote.token", "Token for the other gateway."),
        secret("gateway.remote.password", "Password for the other gateway."),
        secret("gateway.remote.authToken",
               "Token for the other gateway, as some versions call it."),
        text("gateway.remote.tlsFingerprint", "SHA-256 of its certificate, which is pinned."),
        text("gateway.remote.sshTarget", "user@host[:port] of a tunnel."),
        text("gateway.remote.sshIdentity", "File of the SSH key."),
        flag("gateway.remote.autoReconnect", "Is a lost connection made anew?", "true"),
        whole("gateway.remote.reconnectIntervalMs", 0, kMost, "Milliseconds between two attempts.",
              "30000"),
        whole("gateway.remote.maxReconnectAttempts", 0, kMost, "Attempts until it is given up.",
              "10"),
        objects("gateway.remote.gateways", "Gateways to choose from."),
        text("gateway.remote.gateways.*.name", "What people call the gateway."),
        text("gateway.remote.gateways.*.url", "Address of the gateway."),
        text("gateway.remote.gateways.*.fingerprint", "SHA-256 of its certificate."),
        flag("gateway.remote.gateways.*.autoConnect", "Is it connected to at start?"),
        text("gateway.remote.gateways.*.ssh.host", "Machine of a tunnel."),
        whole("gateway.remote.gateways.*.ssh.port", 1, 65535, "Port of SSH there.", "22"),
        text("gateway.remote.gateways.*.ssh.user", "User of a tunnel."),
        whole("gateway.remote.gateways.*.ssh.remotePort", 1, 65535, "Port of the gateway there.",
              "18789"),
    },
    Reload::none);

constexpr auto kFields = joined(kRestart, kRemote);

}  // namespace

std::span<const FieldRow> gateway_fields() { return kFields; }

}  // namespace carapace::ancestor
