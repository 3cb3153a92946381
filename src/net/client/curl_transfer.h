// One HTTP exchange over libcurl: options, callbacks, deadlines. Lives in the frame of
// `Client::call`; its end, also by unwinding, takes the transfer off the engine. Private to the
// client half of net/. Loop thread only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/signal.h"
#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "net/client.h"
#include "net/client/curl_engine.h"

namespace carapace::net {

// What the egress guard decided for this call.
struct Pinned {
  std::string url;   // from the judged parts
  std::string host;  // "" when it is an address and needs no entry
  std::uint16_t port = 0;
  std::vector<std::string> addresses;  // all of them judged; no other one is connected to
};

class CurlTransfer {
 public:
  using Clock = std::chrono::steady_clock;

  // `call` and `sink` outlive the transfer. `started` counts for the connect and total deadlines,
  // so that the time spent resolving is in.
  CurlTransfer(std::shared_ptr<CurlEngine> engine, const Call& call, const BodySink& sink,
               Clock::time_point started);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  Task<Result<Reply>> run(const std::optional<Pinned>& pinned, const Stop& stop);

 private:
  enum class Phase : std::uint8_t { connecting, waiting, reading };

  struct Limit {
    Clock::time_point at;
    std::string text;
  };

  Status prepare(const std::optional<Pinned>& pinned);
  void set_transport(const std::optional<Pinned>& pinned);
  void set_request();
  Status set_headers();
  template <typename T>
  void set(CURLoption option, T value);
  void append(curl_slist*& list, const std::string& text);

  Limit next_limit() const;
  Result<Reply> outcome(const Stop& stop);
  Error transport_error() const;
  void refuse(Errc code, std::string why);
  void mark(Phase phase);

  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_upload(char* out, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_seek(void* self, curl_off_t offset, int origin) noexcept;
  static int on_connected(void* self, char* peer, char* local, int peer_port,
                          int local_port) noexcept;
  static curl_socket_t open_socket(void* self, curlsocktype purpose,
                                   curl_sockaddr* address) noexcept;

  bool take_header_line(std::string_view line);
  bool end_of_head();
  bool may_use(const std::string& address) const;

  std::shared_ptr<CurlEngine> engine_;
  const Call& call_;
  const BodySink& sink_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  curl_slist* resolve_list_ = nullptr;
  CURLcode refused_option_ = CURLE_OK;
  std::string where_;  // "host:port", for error texts
  std::vector<std::string> pinned_;
  bool guarded_ = false;

  Clock::time_point started_;
  Clock::time_point marked_;  // start of the phase, or the last byte in it
  Phase phase_ = Phase::connecting;
  std::size_t uploaded_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  bool head_done_ = false;
  Reply reply_;

  Signal changed_;
  bool done_ = false;
  bool closed_ = false;  // the engine was shut down
  bool enough_ = false;  // the sink wants no more
  Clock::time_point enough_at_;
  bool stopping_ = false;
  CURLcode code_ = CURLE_OK;
  std::optional<Error> refusal_;  // ours, while curl only knows that a callback said no
  char error_text_[CURL_ERROR_SIZE] = {};
};

// "10 s", "250 ms".
std::string duration_text(std::int64_t ms);

}  // namespace carapace::net
