#pragma once
//! A client that sends exactly the bytes it is given, and a server to send them to.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"

namespace sheaf::http {

struct RawResponse {
  int status = 0;  //!< 0: none came
  std::string head;
  std::string body;
  bool complete = false;  //!< the body ended properly
  //! The header's value, empty when absent.
  std::string Header(std::string_view name) const;
};

class RawClient {
 public:
  //! `receive_buffer` above 0 keeps the kernel from taking in much that is not read.
  explicit RawClient(const std::string& address, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  //! False when the server closed.
  bool Send(std::string_view bytes);
  //! Sends what the kernel takes until nothing more goes for `pause`; returns the bytes.
  std::size_t SendUntilBlocked(std::size_t limit, std::chrono::milliseconds pause);
  void FinishSending();
  //! Sends no orderly end.
  void Reset();
  void Close();
  //! The next response, following its framing.
  RawResponse Receive(bool head_only = false);
  RawResponse Ask(std::string_view bytes, bool head_only = false);
  //! Exactly `bytes`, fewer when the connection ends.
  std::string ReceiveBytes(std::size_t bytes);
  //! The same, but they stay to be received.
  std::string Peek(std::size_t bytes);
  //! All that comes until the connection ends.
  std::string ReceiveAll();
  //! After ReceiveAll or a response that was cut: whether it was a reset rather than an orderly end.
  bool WasReset() const { return reset_; }
  //! Whether the connection ends (either way) without another byte.
  bool Ends();

 private:
  bool Fill();
  std::optional<std::string> TakeThrough(std::string_view end);
  bool TakeBytes(std::size_t count, std::string& out);
  void ReceiveChunks(RawResponse& response);

  int socket_ = -1;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

//! On a free port of 127.0.0.1. Ends the test program when it cannot start.
std::unique_ptr<Server> StartServer(Router router, ServerLimits limits = {}, ErrorRenderer renderer = {});
//! A response with this body.
Response Text(std::string body, int status = 200);

}  // namespace sheaf::http
