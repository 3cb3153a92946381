#include "net/listeners.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "support/temp_dir.h"

namespace carapace::net {
namespace {

struct Listening {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  Listening() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket, 1), 0);
    EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  ~Listening() { ::close(socket); }
};

TEST(ListenersTest, APortThatIsTakenAndOneThatIsFree) {
  std::uint16_t port = 0;
  {
    const Listening other;
    port = other.port;
    EXPECT_EQ(try_bind("127.0.0.1", port), EADDRINUSE);
    const auto found = listeners_on(port);
    if (std::filesystem::exists("/proc/net/tcp")) {
      ASSERT_EQ(found.size(), 1U);
      EXPECT_EQ(found.front().pid, ::getpid());
      EXPECT_EQ(found.front().program, "net_test");
      const auto ours = listeners_of(::getpid());
      EXPECT_NE(std::ranges::find(ours, port, &Listener::port), ours.end());
    }
  }
  EXPECT_EQ(try_bind("127.0.0.1", port), 0);
  EXPECT_TRUE(listeners_on(port).empty());
}

TEST(ListenersTest, AddressesThatCannotBe) {
  EXPECT_EQ(try_bind("203.0.113.7", 0), EADDRNOTAVAIL);
  EXPECT_EQ(try_bind("no address", 1), EINVAL);
  EXPECT_EQ(try_bind("", 1), EINVAL);
}

TEST(ListenersTest, TablesThatSayNothingUseful) {
  const test::TempDir proc;
  std::filesystem::create_directories(proc / "net");
  std::filesystem::create_directories(proc / "7/fd");
  EXPECT_TRUE(listeners_on(80, proc.path()).empty());
  const auto line = [](std::string_view address, std::string_view state) {
    return "   0: " + std::string(address) + " 00000000:0000 " + std::string(state) +
           " 00000000:00000000 00:00000000 00000000     0        0 4711 1 0\n";
  };
  test::write_text(proc / "net/tcp", "head\n" + line("0100007F:0050", "0A") +
                                         line("0100007F:0051", "01") + line("nonsense", "0A") +
                                         "short\n\n");
  // Somebody listens, and nobody whom we may look at.
  const auto hidden = listeners_on(0x50, proc.path());
  ASSERT_EQ(hidden.size(), 1U);
  EXPECT_EQ(hidden.front().pid, 0);
  EXPECT_TRUE(listeners_on(0x51, proc.path()).empty());
  std::filesystem::create_symlink("socket:[4711]", proc / "7/fd/3");
  test::write_text(proc / "7/comm", "web\n");
  const auto shown = listeners_on(0x50, proc.path());
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown.front().pid, 7);
  EXPECT_EQ(shown.front().program, "web");
}

}  // namespace
}  // namespace carapace::net
