// The browser app: files embedded in the binary, served below the base path. Paths are looked up in
// a table, so nothing outside it can be reached; what is neither a file nor looks like one is the
// app's own page.

#include <algorithm>

#include "async/coro.h"
#include "base/text.h"
#include "gateway/face.h"
#include "gateway/web/route_row.h"

namespace carapace::gateway::routes {
namespace {

constexpr std::string_view kIndex = "index.html";

const Asset* find_asset(const Settings& settings, std::string_view path) {
  const auto found = std::ranges::find(settings.assets, path, &Asset::path);
  return found == settings.assets.end() ? nullptr : &*found;
}

// A page may be opened at any depth; its files are named from the folder `assets` on.
std::string_view from_assets(std::string_view path) {
  const auto at = path.find("/assets/");
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

// Relative to the base path; nullopt when the path is outside it or tries to climb.
std::optional<std::string> path_below_base(std::string_view path, std::string_view base) {
  const auto decoded = percent_decode(path);
  if (!decoded || decoded->find('\\') != std::string::npos || !decoded->starts_with(base))
    return std::nullopt;
  auto rest = decoded->substr(base.size());
  if (!rest.starts_with('/')) return std::nullopt;
  for (const auto segment : split(rest, '/'))
    if (segment == ".." || segment == ".") return std::nullopt;
  return rest.substr(1);
}

// A path that a person opens is a place in the app; a program that asks for the same is told that
// nothing is there. Below a base path all is the app's.
const Asset* choose(const Settings& settings, const std::string& path, bool person) {
  if (const auto* asset = find_asset(settings, from_assets(path))) return asset;
  const auto segments = split(path, '/');
  if (segments.back().find('.') != std::string_view::npos) return nullptr;
  return person || !settings.base_path.empty() ? find_asset(settings, kIndex) : nullptr;
}

bool asks_for_a_page(const net::ServerRequest& request) {
  return net::find_header(request.headers, "accept").value_or("").contains("text/html");
}

// Nothing inline, nothing from elsewhere, and no text may become markup or script (Trusted Types;
// the one policy is that of the app's templates). `'self'` covers a WebSocket of the own origin in
// current browsers; both spellings are named for older ones.
std::string page_policy(std::string_view host) {
  return fmt::format(
      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
      "connect-src 'self' ws://{0} wss://{0}; object-src 'none'; frame-src 'none'; worker-src "
      "'none'; "
      "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; "
      "require-trusted-types-for 'script'; trusted-types lit-html",
      host);
}

net::ServerResponse asset_response(const Asset& asset, const net::ServerRequest& request) {
  net::ServerResponse out{200, {}, {}};
  out.headers = {
      {"content-type", std::string(asset.mime)},
      {"cache-control", asset.hashed ? "public, max-age=31536000, immutable" : "no-cache"},
      {"content-security-policy",
       page_policy(net::find_header(request.headers, "host").value_or(""))},
      // A link in an answer tells nobody where this gateway lives, and no other site's window or
      // page gets a hold of this one.
      {"referrer-policy", "no-referrer"},
      {"cross-origin-opener-policy", "same-origin"},
      {"cross-origin-resource-policy", "same-origin"}};
  if (!asset.etag.empty()) {
    const auto tag = "\"" + std::string(asset.etag) + "\"";
    out.headers.push_back({"etag", tag});
    const auto held = net::find_header(request.headers, "if-none-match");
    if (held && (*held == "*" || held->find(tag) != std::string_view::npos)) {
      out.status = 304;
      return out;
    }
  }
  out.body = std::string(asset.bytes);
  return out;
}

Task<void> serve(RouteCall call) {
  const auto& settings = call.face.settings;
  const auto& base = settings.base_path;
  if (!base.empty() && call.request.path == base) {
    const auto query = call.request.query.empty() ? std::string() : "?" + call.request.query;
    co_return call.out.send({302, {{"location", base + "/" + query}}, {}});
  }
  auto path = path_below_base(call.request.path, base);
  if (!path) co_return call.out.send(text_response(404, "Not Found"));
  if (path->empty()) *path = kIndex;
  const auto* asset = choose(settings, *path, asks_for_a_page(call.request));
  if (asset) co_return call.out.send(asset_response(*asset, call.request));
  const bool empty = settings.assets.empty() && *path == kIndex;
  call.out.send(empty ? text_response(503, "This build carries no browser app.")
                      : text_response(404, "Not Found"));
}

bool enabled(const Settings& settings) { return settings.browser_app; }

constexpr RouteRow kRows[] = {
    {.path = "/", .verbs = "GET|HEAD", .auth = RouteAuth::open, .work = serve, .enabled = enabled},
};

}  // namespace

extern const std::span<const RouteRow> app;
constinit const std::span<const RouteRow> app{kRows};

}  // namespace carapace::gateway::routes
