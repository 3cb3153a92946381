#include "net/server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "async/coro.h"
#include "log/log.h"
#include "net/server/accept.h"
#include "net/server/connection.h"

namespace carapace::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr log::Log kLog{"net"};
constexpr int kBacklog = 4096;

Error bind_error(const error_code& error, const std::string& address, std::uint16_t port) {
  if (error == asio::error::address_in_use)
    return {Errc::conflict,
            fmt::format(
                "port {} on {} is in use by another program: choose another with --port or stop it",
                port, address)};
  if (error == asio::error::access_denied)
    return {Errc::forbidden,
            fmt::format("port {} on {} may not be used by this account: choose a port above 1023",
                        port, address)};
  if (error.value() == EADDRNOTAVAIL)
    return {Errc::unavailable, fmt::format("{} is not an address of this machine", address)};
  return {Errc::unavailable,
          fmt::format("cannot listen on port {} of {}: {}", port, address, error.message())};
}

Result<std::shared_ptr<Acceptor>> open_acceptor(asio::io_context& context,
                                                const std::string& address, std::uint16_t port) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return fail(Errc::invalid_request, "{} is no IP address to listen on", address);
  const tcp::endpoint endpoint(ip, port);
  auto acceptor = std::make_shared<Acceptor>(context);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error && ip.is_v6()) acceptor->set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (!error) acceptor->native_non_blocking(true, error);
  if (error) return std::unexpected(bind_error(error, address, port));
  close_on_exec(acceptor->native_handle());
  return acceptor;
}

class BeastServer final : public Server {
 public:
  BeastServer(std::shared_ptr<ServerCore> core, std::vector<std::shared_ptr<Acceptor>> acceptors,
              std::uint16_t port)
      : core_(std::move(core)), acceptors_(std::move(acceptors)), port_(port) {
    for (const auto& acceptor : acceptors_) core_->tasks.spawn(accept_all(core_, acceptor));
  }
  ~BeastServer() override {
    stop_accepting();
    core_->abort_all();
  }

  std::uint16_t port() const override { return port_; }

  void stop_accepting() override {
    error_code ignored;
    for (const auto& acceptor : acceptors_) acceptor->close(ignored);
    acceptors_.clear();
  }

  Task<void> shut_down(std::uint16_t code, std::string reason, std::int64_t limit_ms) override {
    stop_accepting();
    core_->begin_draining(code, std::move(reason));
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
    while (!core_->connections.empty()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !co_await core_->emptied.wait_for(left)) break;
    }
    core_->abort_all();
    core_->tasks.cancel();
    co_await core_->tasks.join();
  }

 private:
  std::shared_ptr<ServerCore> core_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::uint16_t port_;
};

}  // namespace

Result<std::unique_ptr<Server>> listen(Loop& loop, ServerOptions options, ServerHandler handler) {
  CARAPACE_CHECK(handler.http != nullptr);
  if (options.addresses.empty()) return fail(Errc::invalid_request, "no address to listen on");
  auto port = options.port;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  for (const auto& address : options.addresses) {
    auto acceptor = open_acceptor(loop.context(), address, port);
    if (!acceptor) {
      if (acceptors.empty()) return std::unexpected(std::move(acceptor).error());
      kLog.warn("an additional address is not listened on", {{"why", acceptor.error().detail}});
      continue;
    }
    error_code error;
    if (port == 0) port = (*acceptor)->local_endpoint(error).port();
    acceptors.push_back(*std::move(acceptor));
  }
  auto core = std::make_shared<ServerCore>(loop, std::move(options), std::move(handler));
  return std::make_unique<BeastServer>(std::move(core), std::move(acceptors), port);
}

}  // namespace carapace::net
