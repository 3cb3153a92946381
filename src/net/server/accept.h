// The loop that takes connections off a listening socket and hands them to `ServerCore`. Survives
// every error that passes (descriptors used up, peers that left early). Private to net/. Loop
// thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "async/task.h"
#include "net/server/connection.h"

namespace carapace::net {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

// Until the acceptor is closed.
Task<void> accept_all(std::shared_ptr<ServerCore> core, std::shared_ptr<Acceptor> acceptor);
void close_on_exec(int descriptor);

}  // namespace carapace::net
