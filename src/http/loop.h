#pragma once
//! Private to the room. One I/O thread with the connections that live on it.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "http/mailbox.h"
#include "http/service.h"

namespace sheaf::http {

//! All methods but the constructor, Post, Start and Join are of the loop's own thread.
class Loop {
 public:
  explicit Loop(Service& service);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Start();
  //! Ends the thread; every connection must be gone.
  void Join();
  void Post(std::function<void()> task);
  boost::asio::io_context& Context() { return context_; }

  //! Takes over a connection; above the limit it is only told so.
  void Serve(boost::asio::ip::tcp::socket socket);
  //! Idle connections close, the others after what they are doing.
  void BeginStop();
  //! Every connection breaks.
  void BreakAll();
  bool Stopping() const { return stopping_; }

  void Register(Connection* connection) { connections_.insert(connection); }
  void Unregister(Connection* connection) { connections_.erase(connection); }
  Service& Shared() { return service_; }
  const std::shared_ptr<Mailbox>& Mail() const { return mailbox_; }
  //! The Date header's value for now.
  const std::string& Date();
  //! "req_" and 20 letters and digits; unique, not secret.
  std::string NewRequestId();

 private:
  void Sweep();
  std::vector<std::shared_ptr<Connection>> Snapshot() const;

  Service& service_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer sweep_timer_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_set<Connection*> connections_;
  std::thread thread_;
  bool stopping_ = false;
  std::string date_;
  std::int64_t date_second_ = -1;
  std::uint64_t id_state_[2];
};

}  // namespace sheaf::http
