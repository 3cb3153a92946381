#include "gateway/web/http_face.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "async/coro.h"
#include "base/clock.h"
#include "base/text.h"
#include "gateway/face.h"
#include "log/log.h"
#include "rpc/json_text.h"

namespace carapace::gateway {

namespace routes {
#define CARAPACE_ROUTES(name) extern const std::span<const RouteRow> name;
#include "gateway/routes/builtin.def"
#undef CARAPACE_ROUTES
}  // namespace routes

namespace {

constexpr log::Log kLog{"http"};

constexpr const std::span<const RouteRow>* kFiles[] = {
#define CARAPACE_ROUTES(name) &routes::name,
#include "gateway/routes/builtin.def"
#undef CARAPACE_ROUTES
};

void add_missing(net::Headers& headers, const net::Headers& more) {
  for (const auto& header : more)
    if (!net::find_header(headers, header.name)) headers.push_back(header);
}

// Puts the security headers on answers that do not bring their own.
class Guarded final : public net::Responder {
 public:
  explicit Guarded(net::Responder& inner) : inner_(inner) {}

  void send(net::ServerResponse response) override {
    answered_ = true;
    add_missing(response.headers, security_headers());
    inner_.send(std::move(response));
  }
  void begin(net::ServerResponse head) override {
    answered_ = true;
    add_missing(head.headers, security_headers());
    inner_.begin(std::move(head));
  }
  Task<bool> write(std::string chunk) override { return inner_.write(std::move(chunk)); }
  bool answered() const { return answered_; }

 private:
  net::Responder& inner_;
  bool answered_ = false;
};

// What a client of machines asks for; `ready` is the short name of health/ready.
constexpr std::string_view kMachines[] = {"v1",      "health", "ready", "metrics",
                                          "control", "hooks",  "tools", "api"};

bool is_mutating(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

const RouteRow* find_route(std::string_view path, const Settings& settings) {
  const RouteRow* best = nullptr;
  for (const auto* file : kFiles) {
    for (const auto& row : *file) {
      const bool prefix = row.path.ends_with('/');
      if (prefix ? !path.starts_with(row.path) : path != row.path) continue;
      if (row.enabled && !row.enabled(settings)) continue;
      // The app stands below everything, but what is missing there is not its page.
      if (row.path == "/" && settings.base_path.empty() && is_machine_path(path)) continue;
      if (!best || row.path.size() > best->path.size()) best = &row;
    }
  }
  return best;
}

std::optional<std::string_view> bearer_of(const net::ServerRequest& request) {
  const auto header = net::find_header(request.headers, "authorization");
  // Two of them: whoever reads the other one comes to another conclusion.
  if (std::ranges::count(request.headers, "authorization", &net::Header::name) > 1)
    return std::nullopt;
  if (!header || header->size() < 7 || !iequals(header->substr(0, 7), "bearer "))
    return std::nullopt;
  return trim(header->substr(7));
}

}  // namespace

bool is_machine_path(std::string_view path) {
  const auto segment = path.substr(0, path.find('/', 1));
  return segment.starts_with('/') &&
         std::ranges::find(kMachines, segment.substr(1)) != std::end(kMachines);
}

net::Headers security_headers() {
  return {{"content-security-policy", "default-src 'none'; frame-ancestors 'none'"},
          {"x-content-type-options", "nosniff"},
          {"x-frame-options", "DENY"},
          {"referrer-policy", "strict-origin-when-cross-origin"},
          {"x-xss-protection", "1; mode=block"},
          {"permissions-policy",
           "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), "
           "microphone=(), payment=(), "
           "usb=()"}};
}

net::ServerResponse json_response(int status, std::string body) {
  return {status, {{"content-type", "application/json; charset=utf-8"}}, std::move(body)};
}

net::ServerResponse text_response(int status, std::string text) {
  return {status, {{"content-type", "text/plain; charset=utf-8"}}, std::move(text)};
}

net::ServerResponse error_response(int status, std::string_view message, std::string_view type) {
  const auto error = rpc::ObjectText().text("message", message).text("type", type).take();
  return json_response(status, rpc::ObjectText().raw("error", error).take());
}

std::optional<std::string> percent_decode(std::string_view text) {
  const auto nibble = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = nibble(text[i + 1]);
      const int low = nibble(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  return out;
}

std::optional<net::ServerResponse> HttpFace::judge(const net::ServerRequest& request,
                                                   bool mutating) const {
  if (!host_allowed(request, face_.origins))
    return text_response(
        421,
        fmt::format("This gateway does not answer to that Host. Open it as http://127.0.0.1:{}/ or "
                    "add the address to gateway.controlUi.allowedOrigins.",
                    request.local_port));
  if (mutating && !origin_allowed(request, face_.origins))
    return error_response(403, "origin not allowed", "forbidden");
  return std::nullopt;
}

std::optional<net::ServerResponse> HttpFace::judge_credential(const net::ServerRequest& request,
                                                              bool local) {
  const auto bearer = bearer_of(request);
  const auto now_ms = face_.ports.clock.steady_ms();
  const bool shut_out = !request.peer.loopback && face_.throttle.over(request.peer.address, now_ms);
  const bool right = rpc::bearer_holds(bearer.value_or(""), face_.settings.auth, local);
  if (right && !shut_out) return std::nullopt;
  auto refusal = error_response(401, "Unauthorized", "unauthorized");
  refusal.headers.push_back({"www-authenticate", "Bearer"});
  if (!bearer || bearer->empty()) return refusal;
  const auto wait = face_.throttle.failed(request.peer.address, now_ms);
  kLog.info("refused a credential", {{"address", request.peer.address}, {"path", request.path}});
  if (!wait) return refusal;
  auto later = error_response(429, "too many failed attempts", "rate_limit_exceeded");
  later.headers.push_back({"retry-after", std::to_string(*wait / 1000 + 1)});
  return later;
}

std::optional<net::ServerResponse> HttpFace::refuse_upgrade(
    const net::ServerRequest& request) const {
  auto refusal = judge(request, true);
  if (!refusal && face_.closing.requested())
    refusal = text_response(503, "The gateway is stopping.");
  if (refusal) {
    add_missing(refusal->headers, security_headers());
    const auto said = [&request](std::string_view name) {
      return std::string(net::find_header(request.headers, name).value_or(""));
    };
    kLog.info("refused an upgrade", {{"address", request.peer.address},
                                     {"status", std::to_string(refusal->status)},
                                     {"host", said("host")},
                                     {"origin", said("origin")}});
  }
  return refusal;
}

HttpFace::Admission HttpFace::admit(const net::ServerRequest& request) {
  Admission out;
  out.local = local_direct(request);
  out.refusal = judge(request, is_mutating(request.method));
  if (out.refusal) return out;
  const auto* row = find_route(request.path, face_.settings);
  if (!row) {
    out.refusal = text_response(404, "Not Found");
    return out;
  }
  const auto verbs = split(row->verbs, '|');
  if (std::ranges::find(verbs, std::string_view(request.method)) == verbs.end()) {
    out.refusal = text_response(405, "Method Not Allowed");
    out.refusal->headers.push_back({"allow", replace_all(std::string(row->verbs), "|", ", ")});
    return out;
  }
  if (row->auth != RouteAuth::open) out.refusal = judge_credential(request, out.local);
  if (!out.refusal) out.row = row;
  return out;
}

net::BodyVerdict HttpFace::judge_body(const net::ServerRequest& request) {
  auto admission = admit(request);
  if (admission.refusal) add_missing(admission.refusal->headers, security_headers());
  return {std::move(admission.refusal), admission.row ? admission.row->max_body : 0};
}

Task<void> HttpFace::serve(net::ServerRequest request, net::Responder& responder) {
  Guarded out(responder);
  auto admission = admit(request);
  if (admission.refusal) co_return out.send(std::move(*admission.refusal));
  const auto* row = admission.row;
  if (request.body.size() > row->max_body)
    co_return out.send(error_response(413, "payload too large", "invalid_request_error"));
  auto rest = row->path.ends_with('/') ? request.path.substr(row->path.size()) : std::string();
  co_await row->work(RouteCall{face_, std::move(request), out, std::move(rest), admission.local});
  if (!out.answered()) out.send(error_response(500, "Internal Server Error", "api_error"));
}

}  // namespace carapace::gateway
