#include "net/client/curl_engine.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace carapace::net {

namespace asio = boost::asio;

namespace {

constexpr long kKeptConnections = 16;

struct Depth {
  explicit Depth(int& value) : depth(value) { ++depth; }
  ~Depth() { --depth; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  int& depth;
};

}  // namespace

// One socket of curl. The descriptor is lent: curl opens and closes it.
struct CurlEngine::Watch {
  Watch(asio::io_context& context, curl_socket_t socket)
      : descriptor(context, socket), fd(socket) {}
  ~Watch() {
    if (!gone) descriptor.release();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  asio::posix::stream_descriptor descriptor;
  curl_socket_t fd;
  bool want_read = false;
  bool want_write = false;
  bool reading = false;
  bool writing = false;
  bool gone = false;
};

CurlEngine::CurlEngine(asio::io_context& context, const CurlLibrary& curl)
    : context_(context), curl_(curl), multi_(curl.multi_init()), timer_(context) {
  CARAPACE_CHECK(multi_ != nullptr);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlEngine::on_socket);
  curl_.multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlEngine::on_timer);
  curl_.multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kKeptConnections);
}

CurlEngine::~CurlEngine() { shut_down(); }

Status CurlEngine::start(CURL* easy, OnDone on_done) {
  CARAPACE_CHECK(!inside());
  if (multi_ == nullptr) return fail(Errc::cancelled, "the HTTP client is closed");
  const auto code = [&] {
    const Depth depth(depth_);
    return curl_.multi_add_handle(multi_, easy);
  }();
  if (code != CURLM_OK)
    return fail(Errc::internal, "libcurl takes no transfer: {}", curl_.multi_strerror(code));
  running_.emplace(easy, std::move(on_done));
  return {};
}

void CurlEngine::discard(CURL* easy) {
  CARAPACE_CHECK(!inside());
  const Depth depth(depth_);
  if (running_.erase(easy) > 0 && multi_ != nullptr) curl_.multi_remove_handle(multi_, easy);
  curl_.easy_cleanup(easy);
}

void CurlEngine::shut_down() {
  if (multi_ == nullptr) return;
  CARAPACE_CHECK(!inside());
  const auto running = std::exchange(running_, {});
  {
    const Depth depth(depth_);
    for (const auto& [easy, on_done] : running) curl_.multi_remove_handle(multi_, easy);
    curl_.multi_cleanup(std::exchange(multi_, nullptr));
  }
  while (!watches_.empty()) unwatch(watches_.begin()->first);
  timer_.cancel();
  for (const auto& [easy, on_done] : running) on_done(CURLE_ABORTED_BY_CALLBACK, true);
}

int CurlEngine::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) noexcept {
  auto* engine = static_cast<CurlEngine*>(self);
  if (what == CURL_POLL_REMOVE) {
    engine->unwatch(socket);
  } else {
    engine->watch(socket, what);
  }
  return 0;
}

int CurlEngine::on_timer(CURLM*, long ms, void* self) noexcept {
  static_cast<CurlEngine*>(self)->set_timer(ms);
  return 0;
}

void CurlEngine::watch(curl_socket_t socket, int what) {
  if (multi_ == nullptr) return;
  auto& entry = watches_[socket];
  try {
    if (!entry) entry = std::make_shared<Watch>(context_, socket);
  } catch (const boost::system::system_error&) {
    watches_.erase(
        socket);  // the kernel cannot watch it: a deadline of the transfer will end the wait
    return;
  }
  entry->want_read = (what & CURL_POLL_IN) != 0;
  entry->want_write = (what & CURL_POLL_OUT) != 0;
  arm(entry);
}

void CurlEngine::unwatch(curl_socket_t socket) {
  const auto node = watches_.extract(socket);
  if (node.empty()) return;
  node.mapped()->gone = true;
  node.mapped()->descriptor.release();
}

void CurlEngine::arm(const std::shared_ptr<Watch>& watch) {
  if (watch->want_read && !std::exchange(watch->reading, true)) {
    watch->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [self = shared_from_this(), watch](const boost::system::error_code& error) {
          watch->reading = false;
          if (error || watch->gone) return;
          if (watch->want_read) self->act(watch->fd, CURL_CSELECT_IN);
          if (!watch->gone) self->arm(watch);
        });
  }
  if (watch->want_write && !std::exchange(watch->writing, true)) {
    watch->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_write,
        [self = shared_from_this(), watch](const boost::system::error_code& error) {
          watch->writing = false;
          if (error || watch->gone) return;
          if (watch->want_write) self->act(watch->fd, CURL_CSELECT_OUT);
          if (!watch->gone) self->arm(watch);
        });
  }
}

void CurlEngine::set_timer(long ms) {
  if (multi_ == nullptr || ms < 0) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(ms));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlEngine::act(curl_socket_t socket, int events) {
  if (multi_ == nullptr) return;
  {
    const Depth depth(depth_);
    int still_running = 0;
    curl_.multi_socket_action(multi_, socket, events, &still_running);
  }
  report_done();
}

void CurlEngine::report_done() {
  std::vector<std::pair<CURL*, CURLcode>> done;
  int left = 0;
  while (const CURLMsg* message = curl_.multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) done.emplace_back(message->easy_handle, message->data.result);
  for (const auto& [easy, code] : done)
    if (const auto at = running_.find(easy); at != running_.end()) at->second(code, false);
}

}  // namespace carapace::net
