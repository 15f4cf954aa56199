#include "http/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>

#include <cerrno>
#include <exception>
#include <utility>

#include "base/log.h"

namespace sheaf::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kIdleBuffer = 8u << 10;
// A client that is still sending when it is refused must be able to finish, or it never reads why.
constexpr std::size_t kLingerBytes = 16u << 20;
constexpr int kLingerSeconds = 2;
// After so many writes in a row other connections have their turn.
constexpr int kWritesInARow = 8;

}  // namespace

Connection::Connection(Loop& loop, asio::ip::tcp::socket socket)
    : loop_(loop), socket_(std::move(socket)), parser_(loop.Shared().limits.header_bytes), wanted_capacity_(kIdleBuffer) {}

void Connection::Start(bool refuse) {
  boost::system::error_code error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  const auto endpoint = socket_.remote_endpoint(error);
  if (!error) peer_ = endpoint.address().to_string(error);
  loop_.Register(this);
  asio::co_spawn(loop_.Context(), Run(refuse), [self = shared_from_this()](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& e) { LogError("a connection failed", {{"request", self->call_.id}, {"cause", e.what()}}); }
    self->Finish();
  });
}

asio::awaitable<void> Connection::Run(bool refuse) {
  if (refuse) {
    call_.id = loop_.NewRequestId();
    call_.started = Clock::now();
    linger_ = true;
    Outcome outcome = Error{ErrorCode::kUnavailable, "Too many connections are open.", {}, 1};
    co_await Respond(std::move(outcome), {});
  } else {
    while (co_await ServeOne()) served_before_ = true;
  }
  if (linger_ && !Gone() && !reset_at_close_) co_await Linger();
}

asio::awaitable<bool> Connection::ServeOne() {
  call_ = Call();
  call_.id = loop_.NewRequestId();
  Outcome outcome;
  std::string allow;
  Error refusal{ErrorCode::kBadRequest, {}, {}, 0};
  const Reception reception = co_await ReceiveHead(refusal);
  if (reception == Reception::kGone) co_return false;
  call_.started = Clock::now();
  if (reception == Reception::kRefused) {
    outcome = std::move(refusal);
  } else {
    Request request;
    Status readable = ReadRequest(request);
    Result<Router::Match> match = readable ? FindRoute(request, allow) : Fail(std::move(readable).error());
    if (!match) {
      outcome = std::move(match).error();
    } else {
      const bool answerable = co_await Handle(std::move(request), *std::move(match), outcome);
      if (!answerable) co_return false;
    }
  }
  const bool sent = co_await Respond(std::move(outcome), std::move(allow));
  LogAccess();
  // Closing with bytes unread would reset the connection, and the client might lose the answer.
  linger_ = sent && (reception == Reception::kRefused || !call_.body.Done() || !input_.Empty());
  if (!sent || !call_.keep_alive) co_return false;
  co_return co_await DrainBody();
}

void Connection::Finish() {
  boost::system::error_code ignored;
  if (call_.exchange) call_.exchange->Abandon();
  FailBody(Error{ErrorCode::kLengthMismatch, "The connection was broken.", {}, 0});
  if (reset_at_close_) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  deadline_ = Clock::time_point::max();
  loop_.Unregister(this);
  loop_.Shared().Leave();
}

asio::awaitable<void> Connection::Linger() {
  boost::system::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  SetDeadline(kLingerSeconds);
  std::size_t discarded = 0;
  while (!eof_ && !Gone() && !timed_out_ && discarded < kLingerBytes) {
    discarded += input_.Bytes().size();
    input_.Consume(input_.Bytes().size());
    ArmRead();
    co_await Wait();
  }
}

asio::awaitable<void> Connection::Wait() {
  if (std::exchange(notified_, false)) co_return;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>([this](auto handler) { waiter_.emplace(std::move(handler)); },
                                                                       asio::use_awaitable);
}

void Connection::Notify() {
  if (!waiter_) {
    notified_ = true;
    return;
  }
  Waiter waiter = *std::move(waiter_);
  waiter_.reset();
  waiter();
}

void Connection::Break() {
  broken_ = true;
  Notify();
}

void Connection::TimeOut() {
  deadline_ = Clock::time_point::max();
  timed_out_ = true;
  Notify();
}

void Connection::SetDeadline(int seconds) {
  timed_out_ = false;
  deadline_ = Clock::now() + std::chrono::seconds(seconds);
}

void Connection::ClearDeadline() {
  timed_out_ = false;
  deadline_ = Clock::time_point::max();
}

// Bytes are taken in also while a handler is at work, as far as the buffer goes: they may be the next request, and
// it is how a client that goes away is noticed.
void Connection::ArmRead() {
  if (reading_ || eof_ || reset_) return;
  input_.Resize(wanted_capacity_);
  const std::span<char> room = input_.Free();
  if (room.empty()) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(room.data(), room.size()),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
                            self->reading_ = false;
                            self->input_.Commit(bytes);
                            if (error == asio::error::eof) self->eof_ = true;
                            else if (error) self->reset_ = true;
                            self->Notify();
                          });
}

void Connection::ArmWrite() {
  writable_ = false;
  if (std::exchange(awaiting_write_, true)) return;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    self->awaiting_write_ = false;
    self->writable_ = true;
    if (error) self->reset_ = true;
    self->Notify();
  });
}

Connection::Sent Connection::SendNow(std::array<std::string_view, 3>& parts) {
  bool some = false;
  for (int turn = 0; turn < kWritesInARow;) {
    std::array<iovec, 3> vectors;
    std::size_t count = 0;
    for (const std::string_view part : parts) {
      if (!part.empty()) vectors[count++] = iovec{const_cast<char*>(part.data()), part.size()};
    }
    if (count == 0) return Sent::kAll;
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent < 0) return Sent::kFailed;
    some = some || sent > 0;
    std::size_t left = static_cast<std::size_t>(sent);
    for (std::string_view& part : parts) {
      const std::size_t step = std::min(left, part.size());
      part.remove_prefix(step);
      left -= step;
    }
    ++turn;
  }
  return some ? Sent::kSome : Sent::kNothing;
}

asio::awaitable<bool> Connection::Write(std::array<std::string_view, 3> parts) {
  bool limited = false;
  for (;;) {
    if (Gone()) co_return false;
    const Sent sent = SendNow(parts);
    if (sent == Sent::kFailed) {
      reset_ = true;
      co_return false;
    }
    if (sent == Sent::kAll) break;
    if (sent == Sent::kSome || !limited) SetDeadline(loop_.Shared().limits.write_timeout_s);
    limited = true;
    ArmWrite();
    while (!writable_) {
      // What the kernel still holds for a client that takes nothing is thrown away with the connection.
      if (timed_out_) reset_at_close_ = true;
      if (Gone() || timed_out_) co_return false;
      co_await Wait();
    }
  }
  if (limited) ClearDeadline();
  co_return true;
}

}  // namespace sheaf::http
