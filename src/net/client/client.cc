#include "net/client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "async/pool.h"
#include "async/signal.h"
#include "base/text.h"
#include "net/client/curl_engine.h"
#include "net/client/curl_transfer.h"
#include "net/egress_guard.h"

namespace carapace::net {

namespace {

using Addresses = std::vector<std::string>;

// The answer of one resolution on its way from the pool; whoever waited may have gone.
struct Lookup {
  Signal changed;
  std::optional<Result<Addresses>> answer;
};

// What calls in flight share with the client and may outlive it with.
struct Core {
  Core(Loop& on, Resolver with)
      : loop(on), resolver(std::move(with)), resolving(std::make_unique<Pool>("dns", 4)) {}

  Loop& loop;
  Resolver resolver;
  std::unique_ptr<Pool> resolving;
  std::shared_ptr<CurlEngine> engine;  // made at the first call
  Stop closing;
};

Status check_plain_url(std::string_view url) {
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return fail(Errc::invalid_request, "not a usable URL: white space or control characters");
  const auto scheme = to_lower(url.substr(0, url.find("://")));
  if (scheme != "http" && scheme != "https")
    return fail(Errc::invalid_request, "not a usable URL: it must start with http:// or https://");
  return {};
}

Result<std::shared_ptr<CurlEngine>> engine_of(Core& core) {
  if (core.engine) return core.engine;
  TRY(const auto curl, load_curl());
  core.engine = std::make_shared<CurlEngine>(core.loop.context(), curl);
  return core.engine;
}

std::shared_ptr<Lookup> start_lookup(Core& core, const std::string& host) {
  auto lookup = std::make_shared<Lookup>();
  core.resolving->submit([&loop = core.loop, lookup, host, resolver = core.resolver]() mutable {
    Result<Addresses> answer = fail(Errc::unavailable, "the resolver failed");
    try {
      answer = resolver(host);
    } catch (const std::exception& error) {
      answer = fail(Errc::unavailable, "the resolver failed: {}", error.what());
    }
    loop.post([lookup = std::move(lookup), answer = std::move(answer)]() mutable {
      lookup->answer = std::move(answer);
      lookup->changed.notify_all();
    });
  });
  return lookup;
}

Task<Result<Addresses>> resolve(std::shared_ptr<Core> core, std::string host, std::int64_t limit_ms,
                                const Stop& stop) {
  const auto lookup = start_lookup(*core, host);
  const auto wake = [lookup] { lookup->changed.notify_all(); };
  const auto on_stop = stop.on_stop(wake);
  const auto on_close = core->closing.on_stop(wake);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (!lookup->answer) {
    if (stop.requested()) co_return fail(Errc::cancelled, stop.reason());
    if (core->closing.requested()) co_return fail(Errc::cancelled, core->closing.reason());
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      co_return fail(Errc::unavailable, "{}: not connected after {} (connect deadline)", host,
                     duration_text(limit_ms));
    co_await lookup->changed.wait_for(left);
  }
  co_return std::move(*lookup->answer);
}

// The name is resolved here and not by libcurl: every address it has is judged before one is used,
// and the transfer can reach no other.
Task<Result<Pinned>> pin(std::shared_ptr<Core> core, const Call& call, const Stop& stop) {
  CO_TRY(const auto url, guard_url(call.url, call.private_hosts));
  Pinned pinned{url_text(url), {}, url.port, {}};
  if (url.host_is_address) {
    pinned.addresses.push_back(url.host);
    co_return pinned;
  }
  std::int64_t limit_ms = 24 * 3'600'000;
  for (const auto deadline : {call.deadlines.connect_ms, call.deadlines.total_ms})
    if (deadline > 0) limit_ms = std::min(limit_ms, deadline);
  pinned.host = url.host;
  CO_TRY(pinned.addresses, co_await resolve(core, url.host, limit_ms, stop));
  for (const auto& address : pinned.addresses)
    if (!may_connect(url, address, call.private_hosts))
      co_return fail(Errc::forbidden, "the host {} resolves to {}, which is not public", url.host,
                     address);
  if (pinned.addresses.empty())
    co_return fail(Errc::unavailable, "the host {} has no address", url.host);
  co_return pinned;
}

Task<Result<Reply>> exchange(std::shared_ptr<Core> core, const Call& call, const BodySink& sink,
                             const Stop& stop) {
  const auto started = CurlTransfer::Clock::now();
  if (stop.requested()) co_return fail(Errc::cancelled, stop.reason());
  std::optional<Pinned> pinned;
  if (call.guarded) {
    CO_TRY(pinned, co_await pin(core, call, stop));
  } else {
    CO_TRY_STATUS(check_plain_url(call.url));
  }
  if (core->closing.requested()) co_return fail(Errc::cancelled, core->closing.reason());
  CO_TRY(auto engine, engine_of(*core));
  CurlTransfer transfer(std::move(engine), call, sink, started);
  co_return co_await transfer.run(pinned, stop);
}

class CurlClient final : public Client {
 public:
  CurlClient(Loop& loop, Resolver resolver)
      : core_(std::make_shared<Core>(loop, std::move(resolver))) {}
  ~CurlClient() override {
    core_->closing.request("the HTTP client was closed");
    if (core_->engine) core_->engine->shut_down();
    core_->resolving.reset();  // joined here: its threads post to the loop
  }

  Task<Result<Reply>> call(const Call& call, const BodySink& sink, const Stop& stop) override {
    return exchange(core_, call, sink, stop);
  }

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::vector<std::string>> resolve_with_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0)
    return fail(Errc::unavailable, "the host {} cannot be resolved: {}", host,
                ::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  Addresses addresses;
  for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST] = {};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) != 0)
      return fail(Errc::unavailable, "the host {} has an address that cannot be read", host);
    if (std::ranges::find(addresses, text) == addresses.end()) addresses.emplace_back(text);
  }
  return addresses;
}

std::unique_ptr<Client> make_client(Loop& loop, Resolver resolver) {
  return std::make_unique<CurlClient>(loop, std::move(resolver));
}

}  // namespace carapace::net
