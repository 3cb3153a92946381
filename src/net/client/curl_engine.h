// One libcurl multi handle driven by the loop: its sockets and its timer become waits of Asio, so
// that an idle client costs no wake-up. Shared by the Client and the transfers in flight, which may
// outlive it: after `shut_down` it only cleans up. Private to the client half of net/. Loop thread
// only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/error.h"
#include "net/client/curl_library.h"

namespace carapace::net {

class CurlEngine : public std::enable_shared_from_this<CurlEngine> {
 public:
  // Called once, outside of any curl call. `closed`: the engine was shut down under the transfer.
  using OnDone = std::function<void(CURLcode code, bool closed)>;

  CurlEngine(boost::asio::io_context& context, const CurlLibrary& curl);
  ~CurlEngine();
  CurlEngine(const CurlEngine&) = delete;
  CurlEngine& operator=(const CurlEngine&) = delete;

  const CurlLibrary& curl() const { return curl_; }
  // Within a callback of curl nothing may be started or removed.
  bool inside() const { return depth_ > 0; }
  Status start(CURL* easy, OnDone on_done);
  // Ends the transfer if it runs, and frees the handle.
  void discard(CURL* easy);
  void shut_down();

 private:
  struct Watch;

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self,
                       void* unused) noexcept;
  static int on_timer(CURLM* multi, long ms, void* self) noexcept;
  void watch(curl_socket_t socket, int what);
  void unwatch(curl_socket_t socket);
  void arm(const std::shared_ptr<Watch>& watch);
  void set_timer(long ms);
  void act(curl_socket_t socket, int events);
  void report_done();

  boost::asio::io_context& context_;
  CurlLibrary curl_;
  CURLM* multi_ = nullptr;
  boost::asio::steady_timer timer_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::unordered_map<CURL*, OnDone> running_;
  int depth_ = 0;
};

}  // namespace carapace::net
