// The client side by hand: sends exactly the bytes a test says and reads what comes back, byte by byte
// when wanted; and WebSocket frames as a client makes them, right or wrong. Blocking, loopback, every read
// bounded by a time limit (then it answers what it has). One thread each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carapace::test {

struct RawReply {
  int status = 0;  // 0: no whole answer came
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // chunked coding undone

  std::optional<std::string> header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

struct RawFrame {
  int opcode = -1;  // -1: none came
  bool fin = false;
  bool masked = false;
  std::string payload;

  int close_code() const;  // 0 without one
  std::string close_reason() const;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, const char* address = "127.0.0.1", int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool send(std::string_view bytes);
  void finish_sending();  // FIN
  void reset();           // RST
  void close();

  RawReply read_reply(bool head_request = false);
  // At least `size` more bytes unless the peer ends or the time is up.
  std::string read_exactly(std::size_t size);
  std::string read_until(std::string_view end);  // includes it
  std::string read_all();                        // to the end
  // The peer has closed and nothing is left to read.
  bool at_end();
  std::uint16_t local_port() const;

  // WebSocket. `upgrade` answers the reply to the handshake.
  RawReply upgrade(std::string_view path = "/", std::string_view extra_headers = "");
  bool send_frame(int opcode, std::string_view payload, bool fin = true, bool masked = true);
  bool send_text(std::string_view payload) { return send_frame(1, payload); }
  bool send_close(std::uint16_t code, std::string_view reason = "");
  RawFrame read_frame();

  static std::string frame(int opcode, std::string_view payload, bool fin = true, bool masked = true);
  static constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";     // RFC 6455, 1.3
  static constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

 private:
  bool read_more();

  int socket_ = -1;
  std::string pending_;
};

}  // namespace carapace::test
