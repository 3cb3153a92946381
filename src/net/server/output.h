// What a connection still has to say: frames in order, shared with other connections, written with
// as few system calls as possible. `Connection` owns one; loop thread only. It knows how a
// WebSocket text frame begins, because that head is made per connection while the payload is
// shared; it decides nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace carapace::net {

class OutQueue {
 public:
  using Frame = std::shared_ptr<const std::string>;
  enum class Sent : std::uint8_t { all, blocked, failed };

  void push(Frame bytes);         // as they are
  void push_text(Frame payload);  // as one unmasked WebSocket text frame
  // Writes until nothing is left, the kernel takes no more (blocked), or the peer has gone
  // (failed).
  Sent send_to(int socket);
  void clear();

  bool empty() const { return next_ == items_.size(); }
  std::size_t unsent_bytes() const { return unsent_; }

 private:
  struct Item {
    Frame bytes;
    std::array<unsigned char, 10> head{};
    std::uint8_t head_size = 0;
  };
  void drop_sent(std::size_t bytes);

  std::vector<Item> items_;  // released when empty: an idle connection holds none
  std::size_t next_ = 0;     // first item not wholly sent
  std::size_t sent_of_next_ = 0;
  std::size_t unsent_ = 0;
};

}  // namespace carapace::net
