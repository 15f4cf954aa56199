#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/target.h"

namespace sheaf::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kIdleBuffer = 8u << 10;
constexpr std::size_t kBodyBuffer = BodyQueue::kPiece;
constexpr std::size_t kHeadReserve = 4096;
// Room is made for so much of a body before any of it is there.
constexpr std::uint64_t kTrustedLength = 64u << 10;

Error TooLarge(std::uint64_t limit) {
  return Error{ErrorCode::kPayloadTooLarge, "The body may have at most " + std::to_string(limit) + " bytes.", {}, 0};
}

Error CutOff() { return Error{ErrorCode::kLengthMismatch, "The connection ended before the body did.", {}, 0}; }

Error TooSlow(int seconds) { return Error{ErrorCode::kTimeout, "Nothing arrived for " + std::to_string(seconds) + " seconds.", {}, 0}; }

std::string PathOf(std::string_view target) { return std::string(target.substr(0, target.find('?'))); }

// What a worker runs.
struct Job {
  const Handler& handler;
  Request request;
  Responder responder;
  std::shared_ptr<Exchange> exchange;

  void Run() {
    const Error failure{ErrorCode::kInternal, "The log says more under the request's id.", {}, 0};
    try {
      handler(std::move(request), responder);
    } catch (const std::exception& e) {
      LogError("a handler failed", {{"request", exchange->Id()}, {"cause", e.what()}});
      exchange->Settle(failure);
    } catch (...) {
      LogError("a handler failed", {{"request", exchange->Id()}, {"cause", "not a std::exception"}});
      exchange->Settle(failure);
    }
  }
};

}  // namespace

asio::awaitable<Connection::Reception> Connection::ReceiveHead(Error& refusal) {
  const ServerLimits& limits = loop_.Shared().limits;
  bool begun = false;
  parser_.Reset();
  wanted_capacity_ = kIdleBuffer;
  SetDeadline(served_before_ ? limits.header_timeout_s * 2 : limits.header_timeout_s);
  for (;;) {
    if (!input_.Empty()) {
      if (!std::exchange(begun, true)) SetDeadline(limits.header_timeout_s);
      const Result<std::size_t> used = parser_.Feed(input_.Bytes());
      if (!used) {
        refusal = used.error();
        call_.path = PathOf(parser_.Target());
        co_return Reception::kRefused;
      }
      input_.Consume(*used);
      if (parser_.Done()) {
        ClearDeadline();
        co_return Reception::kHead;
      }
    }
    if (eof_ || Gone() || loop_.Stopping()) co_return Reception::kGone;
    if (timed_out_ && !begun) co_return Reception::kGone;
    if (timed_out_) {
      refusal = TooSlow(limits.header_timeout_s);
      refusal.detail = "The head of the request did not arrive in time.";
      call_.path = PathOf(parser_.Target());
      co_return Reception::kRefused;
    }
    if (input_.Full()) wanted_capacity_ = std::min(input_.Capacity() * 2, limits.header_bytes + kHeadReserve);
    wanted_capacity_ = std::max(wanted_capacity_, kIdleBuffer);
    ArmRead();
    co_await Wait();
  }
}

Status Connection::ReadRequest(Request& request) {
  Head head = parser_.Take();
  call_.method = head.method;
  call_.http11 = head.http11;
  if (head.chunked) call_.body = BodyDecoder::Chunked();
  if (head.content_length) call_.body = BodyDecoder::Length(*head.content_length);
  call_.continue_pending = head.expects_continue && !call_.body.Done();
  call_.path = PathOf(head.target);
  SHEAF_TRY(ReadTarget(head.target, request));
  // A request whose address is nonsense may be no request at all; from here on the connection can be kept.
  call_.keep_alive = head.keep_alive;
  call_.path = request.path;
  request.method = std::move(head.method);
  request.headers = std::move(head.headers);
  request.peer = peer_;
  request.id = call_.id;
  return {};
}

Result<Router::Match> Connection::FindRoute(Request& request, std::string& allow) {
  Router::Match match = loop_.Shared().router.Find(request.method, request.path);
  if (!match.handler && match.allowed.empty()) return Fail(ErrorCode::kNotFound, "There is nothing at this address.");
  if (!match.handler) {
    for (const std::string& method : match.allowed) allow += (allow.empty() ? "" : ", ") + method;
    return Fail(ErrorCode::kMethodNotAllowed, "This address takes " + allow + ".");
  }
  call_.route = match.pattern;
  call_.max_body = match.options.max_body;
  const auto announced = call_.body.Remaining();
  if (call_.max_body > 0 && announced && *announced > call_.max_body) return Fail(TooLarge(call_.max_body));
  request.path_parameters = std::move(match.path_parameters);
  return match;
}

asio::awaitable<bool> Connection::Handle(Request request, Router::Match match, Outcome& outcome) {
  Service& service = loop_.Shared();
  const auto announced = call_.body.Remaining();
  std::optional<BodyLease> lease;
  if (call_.body.Done()) {
    lease.emplace();
  } else if (announced && *announced <= service.limits.small_body) {
    lease = BodyLease::Take(service.budget, static_cast<std::size_t>(*announced));
  }
  if (!call_.body.Done() && (!announced || *announced > kIdleBuffer)) wanted_capacity_ = kBodyBuffer;
  call_.exchange = std::make_shared<Exchange>(call_.id, loop_.Mail(), service.keeper, weak_from_this());
  if (lease) {
    std::string body;
    const Status received = co_await ReceiveWhole(body);
    if (Gone()) co_return false;
    if (!received) {
      outcome = received.error();
      call_.keep_alive = false;
      co_return true;
    }
    request.body = std::make_unique<WholeBody>(std::move(body), *std::move(lease));
  } else {
    call_.queue = std::make_shared<BodyQueue>([mail = loop_.Mail(), self = weak_from_this()] { mail->Wake(self); });
    request.body = std::make_unique<QueuedBody>(call_.queue);
  }
  if (!Dispatch(std::move(request), *match.handler)) {
    call_.exchange->Abandon();
    outcome = Error{ErrorCode::kUnavailable, "Too many requests are waiting.", {}, 1};
    co_return true;
  }
  co_return co_await AwaitOutcome(outcome);
}

bool Connection::Dispatch(Request request, const Handler& handler) {
  auto job =
      std::make_shared<Job>(Job{handler, std::move(request), Responder(std::make_shared<Responder::Impl>(call_.exchange)), call_.exchange});
  const bool streams = call_.queue != nullptr;
  // The job goes when it has run, so that a Responder nobody kept is noticed.
  return loop_.Shared().RunHandler(streams, [job = std::move(job)]() mutable {
    job->Run();
    job.reset();
  });
}

asio::awaitable<Status> Connection::ReceiveWhole(std::string& body) {
  const int patience = loop_.Shared().limits.body_timeout_s;
  if (call_.body.Done()) co_return Status();
  body.reserve(static_cast<std::size_t>(std::min(*call_.body.Remaining(), kTrustedLength)));
  SetDeadline(patience);
  for (;;) {
    if (!input_.Empty()) {
      const Result<std::size_t> used = call_.body.Feed(input_.Bytes(), body);
      if (!used) co_return Fail(used.error());
      input_.Consume(*used);
      SetDeadline(patience);
    }
    if (call_.body.Done()) break;
    if (eof_ || Gone()) co_return Fail(CutOff());
    if (timed_out_) co_return Fail(TooSlow(patience));
    if (std::exchange(call_.continue_pending, false) && call_.body.Received() == 0) {
      const bool written = co_await Write({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}});
      if (!written) co_return Fail(CutOff());
      SetDeadline(patience);
    }
    ArmRead();
    co_await Wait();
  }
  call_.continue_pending = false;
  ClearDeadline();
  co_return Status();
}

asio::awaitable<bool> Connection::AwaitOutcome(Outcome& outcome) {
  for (;;) {
    if (call_.exchange->Take(outcome)) break;
    if (Gone()) co_return false;
    if (call_.queue && call_.continue_pending && call_.queue->Wanted()) {
      call_.continue_pending = false;
      const bool written = co_await Write({"HTTP/1.1 100 Continue\r\n\r\n", {}, {}});
      if (!written) co_return false;
    }
    if (call_.queue && !call_.queue->Ended()) {
      PumpBody();
    } else {
      ArmRead();
    }
    co_await Wait();
  }
  ClearDeadline();
  if (call_.queue && !call_.body.Done()) {
    FailBody(Error{ErrorCode::kCancelled, "The request was answered before its body was read.", {}, 0});
  }
  if (const auto* error = std::get_if<Error>(&outcome); error && error->detail == kUnanswered) {
    LogError("a handler did not answer", {{"request", call_.id}, {"route", call_.route}});
  }
  co_return true;
}

void Connection::FailBody(Error error) {
  if (call_.queue) call_.queue->Fail(std::move(error));
}

// Moves what has arrived into the queue; true when some of it was for the body.
bool Connection::FeedQueue() {
  bool fed = false;
  while (!input_.Empty() && !call_.body.Done() && call_.queue->HasRoom()) {
    std::string piece;
    const Result<std::size_t> used = call_.body.Feed(input_.Bytes(), piece);
    if (!used) {
      call_.keep_alive = false;
      FailBody(used.error());
      return fed;
    }
    fed = true;
    call_.continue_pending = false;
    input_.Consume(*used);
    if (call_.max_body > 0 && call_.body.Received() > call_.max_body) {
      FailBody(TooLarge(call_.max_body));
      return fed;
    }
    call_.queue->Push(std::move(piece));
  }
  return fed;
}

// Nothing is read from the socket while the queue is full: that is what slows the client down.
void Connection::PumpBody() {
  const int patience = loop_.Shared().limits.body_timeout_s;
  const bool fed = FeedQueue();
  if (call_.queue->Ended()) return ClearDeadline();
  if (call_.body.Done()) {
    call_.queue->Finish();
    return ClearDeadline();
  }
  if (!call_.queue->HasRoom()) return ClearDeadline();
  if (eof_) return FailBody(CutOff());
  if (timed_out_) return FailBody(TooSlow(patience));
  if (call_.continue_pending) {
    ClearDeadline();
  } else if (fed || deadline_ == Clock::time_point::max()) {
    SetDeadline(patience);
  }
  ArmRead();
}

// What is left of a body after the response, when it is little; the response has said so by keeping the connection.
asio::awaitable<bool> Connection::DrainBody() {
  SetDeadline(loop_.Shared().limits.body_timeout_s);
  std::string discarded;
  while (!call_.body.Done()) {
    if (!input_.Empty()) {
      const Result<std::size_t> used = call_.body.Feed(input_.Bytes(), discarded);
      if (!used) co_return false;
      input_.Consume(*used);
      discarded.clear();
      continue;
    }
    if (eof_ || Gone() || timed_out_) co_return false;
    ArmRead();
    co_await Wait();
  }
  ClearDeadline();
  co_return true;
}

}  // namespace sheaf::http
