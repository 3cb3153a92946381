#include "net/server/output.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace carapace::net {

namespace {

#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;  // SO_NOSIGPIPE is set on the socket there
#endif
constexpr std::size_t kGather = 64;
// The sent part of a long queue is given back once it is this long.
constexpr std::size_t kCompactAt = 256;

void add_part(std::array<iovec, kGather>& parts, std::size_t& count, const void* data,
              std::size_t size, std::size_t& skip) {
  const auto skipped = std::min(skip, size);
  skip -= skipped;
  if (skipped == size) return;
  // sendmsg does not write through iov_base.
  parts[count++] = {const_cast<char*>(static_cast<const char*>(data)) + skipped, size - skipped};
}

}  // namespace

void OutQueue::push(Frame bytes) {
  if (bytes->empty()) return;
  unsent_ += bytes->size();
  items_.push_back({std::move(bytes), {}, 0});
}

void OutQueue::push_text(Frame payload) {
  Item item{std::move(payload), {}, 0};
  const std::uint64_t size = item.bytes->size();
  auto& head = item.head;
  head[0] = 0x81;  // final frame, text (RFC 6455, 5.2)
  std::size_t length_bytes = 0;
  if (size < 126) {
    head[1] = static_cast<unsigned char>(size);
  } else {
    length_bytes = size <= 0xffff ? 2 : 8;
    head[1] = length_bytes == 2 ? 126 : 127;
  }
  for (std::size_t i = 0; i < length_bytes; ++i)
    head[2 + i] = static_cast<unsigned char>(size >> (8 * (length_bytes - 1 - i)));
  item.head_size = static_cast<std::uint8_t>(2 + length_bytes);
  unsent_ += item.head_size + size;
  items_.push_back(std::move(item));
}

OutQueue::Sent OutQueue::send_to(int socket) {
  while (!empty()) {
    std::array<iovec, kGather> parts;
    std::size_t count = 0;
    std::size_t skip = sent_of_next_;
    for (auto at = next_; at < items_.size() && count + 2 <= kGather; ++at) {
      const auto& item = items_[at];
      add_part(parts, count, item.head.data(), item.head_size, skip);
      add_part(parts, count, item.bytes->data(), item.bytes->size(), skip);
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const auto sent = ::sendmsg(socket, &message, kSendFlags);
    if (sent >= 0) {
      drop_sent(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Sent::blocked;
    } else if (errno != EINTR) {
      return Sent::failed;
    }
  }
  return Sent::all;
}

void OutQueue::drop_sent(std::size_t bytes) {
  unsent_ -= bytes;
  sent_of_next_ += bytes;
  while (next_ < items_.size()) {
    const auto size = items_[next_].head_size + items_[next_].bytes->size();
    if (sent_of_next_ < size) break;
    sent_of_next_ -= size;
    items_[next_++].bytes = nullptr;
  }
  if (empty()) {
    clear();
  } else if (next_ >= kCompactAt && next_ * 2 >= items_.size()) {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
}

void OutQueue::clear() {
  std::vector<Item>().swap(items_);
  next_ = 0;
  sent_of_next_ = 0;
  unsent_ = 0;
}

}  // namespace carapace::net
