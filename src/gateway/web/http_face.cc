#include "gateway/web/http_face.h"

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
      if (!best || row.path.size() > best->path.size()) best = &row;
    }
  }
  return best;
}

std::optional<std::string_view> bearer_of(const net::ServerRequest& request) {
  const auto header = net::find_header(request.headers, "authorization");
  if (!header || header->size() < 7 || !iequals(header->substr(0, 7), "bearer "))
    return std::nullopt;
  return trim(header->substr(7));
}

}  // namespace

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
    return text_response(421, "This gateway does not answer to that Host.");
  if (mutating && !origin_allowed(request, face_.origins))
    return error_response(403, "origin not allowed", "forbidden");
  return std::nullopt;
}

std::optional<net::ServerResponse> HttpFace::judge_credential(const net::ServerRequest& request,
                                                              bool local) {
  const auto bearer = bearer_of(request);
  if (rpc::bearer_holds(bearer.value_or(""), face_.settings.auth, local)) return std::nullopt;
  auto refusal = error_response(401, "Unauthorized", "unauthorized");
  refusal.headers.push_back({"www-authenticate", "Bearer"});
  if (!bearer || bearer->empty()) return refusal;
  const auto wait = face_.throttle.failed(request.peer.address, face_.ports.clock.steady_ms());
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
    kLog.info("refused an upgrade",
              {{"address", request.peer.address}, {"status", std::to_string(refusal->status)}});
  }
  return refusal;
}

Task<void> HttpFace::serve(net::ServerRequest request, net::Responder& responder) {
  Guarded out(responder);
  if (auto refusal = judge(request, is_mutating(request.method)))
    co_return out.send(std::move(*refusal));
  const bool local = local_direct(request);
  const auto* row = find_route(request.path, face_.settings);
  if (!row) co_return out.send(text_response(404, "Not Found"));
  const auto verbs = split(row->verbs, '|');
  if (std::ranges::find(verbs, std::string_view(request.method)) == verbs.end()) {
    auto refusal = text_response(405, "Method Not Allowed");
    refusal.headers.push_back({"allow", replace_all(std::string(row->verbs), "|", ", ")});
    co_return out.send(std::move(refusal));
  }
  if (row->auth != RouteAuth::open)
    if (auto refusal = judge_credential(request, local)) co_return out.send(std::move(*refusal));
  auto rest = row->path.ends_with('/') ? request.path.substr(row->path.size()) : std::string();
  co_await row->work(RouteCall{face_, std::move(request), out, std::move(rest), local});
  if (!out.answered()) out.send(error_response(500, "Internal Server Error", "api_error"));
}

}  // namespace carapace::gateway
