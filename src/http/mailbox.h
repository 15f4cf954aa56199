#pragma once
//! Private to the room. How other threads reach a connection.

#include <boost/asio/io_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace sheaf::http {

class Connection;

//! Of one I/O thread. Handlers and body sources hold it and may outlive the server: a closed mailbox does nothing.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  explicit Mailbox(boost::asio::io_context& context) : context_(&context) {}

  //! The connection looks around again, on its own thread. From any thread; never blocks for long.
  void Wake(std::weak_ptr<Connection> connection);
  //! Before the I/O context goes.
  void Close();

 private:
  void Deliver();

  std::mutex mutex_;
  boost::asio::io_context* context_;  // null when closed
  std::vector<std::weak_ptr<Connection>> waiting_;
  std::vector<std::weak_ptr<Connection>> delivering_;  // of the I/O thread
};

}  // namespace sheaf::http
