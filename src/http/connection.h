#pragma once
//! Private to the room. One client: requests in, responses out, one after the other.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/body_decoder.h"
#include "http/body_queue.h"
#include "http/exchange.h"
#include "http/head_parser.h"
#include "http/input_buffer.h"
#include "http/loop.h"
#include "http/piece_slot.h"
#include "http/response_head.h"
#include "http/server.h"

namespace sheaf::http {

//! A coroutine that only ever waits in Wait: for bytes, for room in the socket, for a handler, for a source, for a time
//! limit. Whatever happens calls Notify, and the coroutine looks at its conditions again. All of it runs on the
//! loop's thread; other threads reach it through the Mailbox. The socket is closed when the coroutine is through.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(Loop& loop, boost::asio::ip::tcp::socket socket);
  //! `refuse`: only says that there are too many connections.
  void Start(bool refuse);
  void Notify();
  void Break();
  bool Overdue(Clock::time_point now) const { return now > deadline_; }
  void TimeOut();

 private:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;
  using Waiter = boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;

  // What belongs to one request.
  struct Call {
    std::string id;
    std::string method = "-";
    std::string path;
    std::string route = "-";  // the log's word for the path, which may name a participant
    bool http11 = true;
    bool keep_alive = false;
    bool continue_pending = false;  // the client waits for "100 Continue"
    BodyDecoder body;
    std::uint64_t max_body = 0;
    std::shared_ptr<Exchange> exchange;
    std::shared_ptr<BodyQueue> queue;
    Clock::time_point started;
    int status = 0;
  };
  // Cancels a source unless it came to its proper end.
  class SourceGuard;

  // connection.cc: the life of a connection, and bytes.
  Awaitable<void> Run(bool refuse);
  Awaitable<bool> ServeOne();  // true: the connection can take another request
  Awaitable<void> Linger();
  Awaitable<void> Wait();
  Awaitable<bool> Write(std::array<std::string_view, 3> parts);
  enum class Sent { kAll, kSome, kNothing, kFailed };
  Sent SendNow(std::array<std::string_view, 3>& parts);
  void ArmRead();
  void ArmWrite();
  void SetDeadline(int seconds);
  void ClearDeadline();
  bool Gone() const { return broken_ || reset_; }
  void Finish();

  // connection_receive.cc: from bytes to a handler's outcome.
  enum class Reception { kHead, kRefused, kGone };
  Awaitable<Reception> ReceiveHead(Error& refusal);
  Status ReadRequest(Request& request);
  Result<Router::Match> FindRoute(Request& request, std::string& allow);
  // False when the client is gone and there is nobody to answer.
  Awaitable<bool> Handle(Request request, Router::Match match, Outcome& outcome);
  Awaitable<Status> ReceiveWhole(std::string& body);
  Awaitable<bool> AwaitOutcome(Outcome& outcome);
  void PumpBody();
  bool FeedQueue();
  void FailBody(Error error);
  bool Dispatch(Request request, const Handler& handler);
  Awaitable<bool> DrainBody();

  // connection_send.cc: from an outcome to bytes.
  Awaitable<bool> Respond(Outcome outcome, std::string allow);
  Response ToResponse(Outcome outcome) const;
  bool WillKeepAlive() const;
  ResponseFrame Frame() const;
  Awaitable<bool> SendWhole(Response response);
  Awaitable<bool> SendSource(Response response, std::shared_ptr<BodySource> source, ResponseFrame frame);
  Awaitable<bool> SendPiece(std::string head, const std::string& piece, Framing framing);
  // Of the next piece; nullopt when the client left first.
  Awaitable<std::optional<Result<std::string>>> NextPiece(std::shared_ptr<PieceSlot> slot);
  void LogAccess() const;

  Loop& loop_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
  HeadParser parser_;
  InputBuffer input_;
  std::size_t wanted_capacity_;
  Call call_;
  std::optional<Waiter> waiter_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool notified_ = false;
  bool reading_ = false;
  bool awaiting_write_ = false;
  bool writable_ = false;
  bool timed_out_ = false;
  bool eof_ = false;             // the client will send no more
  bool reset_ = false;           // the client takes no more
  bool broken_ = false;          // we end it
  bool reset_at_close_ = false;  // so that what was sent cannot be taken for the whole
  bool linger_ = false;
  bool served_before_ = false;
};

}  // namespace sheaf::http
