// One accepted connection, below HTTP and WebSocket: its socket, what it still has to say, its one
// deadline. `ServerCore` is what all connections of a listener share. Private to net/. Loop thread
// only; a connection is owned by its task (`serve`) and, for as long as they are pending, by its
// socket operations.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/signal.h"
#include "async/task.h"
#include "async/task_group.h"
#include "net/server.h"
#include "net/server/deadline.h"
#include "net/server/output.h"

namespace carapace::net {

class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;

struct ServerCore : std::enable_shared_from_this<ServerCore> {
  ServerCore(Loop& owner, ServerOptions settings, ServerHandler handlers);

  // Takes an accepted, non-blocking socket and starts serving it.
  void adopt(int socket, Peer peer);
  // Connections with something to say; written together at the end of this turn of the loop.
  void flush_soon(ConnectionPtr connection);
  // The one that was listed last has been written already.
  void forget_flush(const Connection& connection);
  void begin_draining(std::uint16_t code, std::string reason);
  void abort_all();

  boost::asio::io_context& context;
  ServerOptions options;
  ServerHandler handler;
  TaskGroup tasks;
  DeadlineSweep deadlines;
  Signal emptied;  // the last connection has gone
  std::vector<Connection*> connections;
  std::size_t refused = 0;  // of them: over the limit, being told so
  bool draining = false;
  std::uint16_t close_code = 1012;
  std::string close_reason;

 private:
  void flush_all();
  std::vector<ConnectionPtr> dirty_;
  std::vector<ConnectionPtr> flushing_;  // swapped with it, so that a turn allocates nothing
  bool flush_posted_ = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;
  enum class Phase : std::uint8_t { idle, busy, websocket };
  enum class Expiry : std::uint8_t { stop_reading, abort };

  Connection(std::shared_ptr<ServerCore> core, int socket);

  ServerCore& core() { return *core_; }
  Socket& socket() { return socket_; }

  // Next bytes; 0 at the end, after an error or when the deadline stopped reading. The caller keeps
  // the buffer alive.
  Task<std::size_t> read_some(char* data, std::size_t size);

  OutQueue& out() { return out_; }
  void flush();       // now, as far as the kernel takes it
  void flush_soon();  // with the other connections of this turn
  void flush_now();   // what `flush_soon` promised, if anything
  Backlog backlog() const;
  // Until all is in the kernel or the peer is gone. A peer that takes nothing for `stall_ms` is
  // dropped; 0: the deadline that is set already holds.
  Task<void> drained(std::int64_t stall_ms);

  void expect_within(std::int64_t ms, Expiry expiry);
  void expect_nothing();
  void on_deadline();
  bool timed_out() const { return timed_out_; }

  // While an answer is made: `left` is called once when the peer closes, also when nothing is
  // written.
  void watch_peer(std::function<void()> left);
  void stop_watching();

  bool gone() const { return gone_; }
  void abort();  // closes the socket; pending operations end
  // Orderly end: says FIN and reads on for a while, so that the peer gets our last bytes and no
  // reset.
  Task<void> linger();

  Phase phase = Phase::idle;
  WebSocket* websocket = nullptr;  // while its handler runs
  std::string unread;              // bytes behind the upgrade request
  DeadlineSlot deadline_slot;
  std::uint32_t index = 0;  // in ServerCore::connections
  bool dirty = false;       // in ServerCore's flush list

 private:
  void wait_writable();
  void wake();

  std::shared_ptr<ServerCore> core_;
  Socket socket_;
  OutQueue out_;
  std::unique_ptr<Signal> progress_;  // made by the first one who must wait
  std::uint32_t watch_ = 0;           // which watch is the current one
  Expiry expiry_ = Expiry::abort;
  std::int64_t blocked_ms_ = 0;  // steady clock, when the kernel last took what it could
  bool writing_ = false;
  bool timed_out_ = false;
  bool gone_ = false;
};

// The two lives of a connection. `serve_http` answers requests until the connection ends (null) or
// asks to be a WebSocket; its parsers and buffers are gone before the second life begins. The
// request travels by pointer because every coroutine frame on its way lasts as long as the
// WebSocket.
Task<std::unique_ptr<ServerRequest>> serve_http(ConnectionPtr connection, Peer peer);
Task<void> serve_websocket(ConnectionPtr connection, std::unique_ptr<ServerRequest> request);
// 503 for a connection over the limit.
Task<void> serve_refusal(ConnectionPtr connection);

}  // namespace carapace::net
