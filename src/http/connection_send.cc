#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/file_source.h"

namespace sheaf::http {
namespace {

namespace asio = boost::asio;

// So much of an unread body is taken in and thrown away to keep the connection; beyond, a new one is cheaper.
constexpr std::uint64_t kDrainable = 256u << 10;

}  // namespace

class Connection::SourceGuard {
 public:
  explicit SourceGuard(std::shared_ptr<BodySource> source) : source_(std::move(source)) {}
  ~SourceGuard() {
    if (!source_) return;
    try {
      source_->Cancel();
    } catch (const std::exception& e) { LogError("cancelling a body failed", {{"cause", e.what()}}); }
  }
  SourceGuard(const SourceGuard&) = delete;
  SourceGuard& operator=(const SourceGuard&) = delete;
  void Ended() { source_.reset(); }

 private:
  std::shared_ptr<BodySource> source_;
};

Response Connection::ToResponse(Outcome outcome) const {
  if (const auto* error = std::get_if<Error>(&outcome)) { return loop_.Shared().RenderError(*error, call_.path, call_.id); }
  Response response = std::get<Response>(std::move(outcome));
  if (response.status >= 200 && response.status <= 599) return response;
  LogError("a handler gave an impossible status", {{"request", call_.id}, {"route", call_.route}});
  if (response.source) response.source->Cancel();
  const Error error{ErrorCode::kInternal, "The log says more under the request's id.", {}, 0};
  return loop_.Shared().RenderError(error, call_.path, call_.id);
}

bool Connection::WillKeepAlive() const {
  if (!call_.keep_alive || loop_.Stopping() || (eof_ && input_.Empty())) return false;
  if (call_.body.Done()) return true;
  // A client that was not told to go on may send its body or may not: what comes next could be either.
  if (call_.continue_pending) return false;
  const auto left = call_.body.Remaining();
  return left && *left <= kDrainable;
}

ResponseFrame Connection::Frame() const {
  ResponseFrame frame;
  frame.http11 = call_.http11;
  frame.keep_alive = call_.keep_alive;
  frame.date = loop_.Date();
  frame.request_id = call_.id;
  return frame;
}

asio::awaitable<bool> Connection::Respond(Outcome outcome, std::string allow) {
  Response response = ToResponse(std::move(outcome));
  if (!allow.empty()) response.headers.emplace_back("Allow", std::move(allow));
  call_.keep_alive = WillKeepAlive();
  call_.status = response.status;
  Service& service = loop_.Shared();
  const bool silent = call_.method == "HEAD" || !HasBody(response.status);
  if (!response.source && !response.file) co_return co_await SendWhole(std::move(response));
  ResponseFrame frame = Frame();
  if (response.file) {
    frame.length = response.file->length;
  } else {
    frame.framing = call_.http11 ? Framing::kChunked : Framing::kUntilClose;
    frame.keep_alive = call_.keep_alive = call_.keep_alive && (call_.http11 || silent);
  }
  if (!HasBody(response.status)) frame.framing = Framing::kNone;
  if (response.file && !silent) response.source = OpenFileSource(*response.file, service.file_readers);
  std::shared_ptr<BodySource> source;
  if (response.source) source = service.keeper->Adopt(std::move(response.source));
  if (silent) {
    const SourceGuard cancelled(std::move(source));
    const std::string head = WriteHead(response, frame);
    co_return co_await Write({head, {}, {}});
  }
  co_return co_await SendSource(std::move(response), std::move(source), frame);
}

asio::awaitable<bool> Connection::SendWhole(Response response) {
  ResponseFrame frame = Frame();
  frame.length = response.body.size();
  if (!HasBody(response.status)) frame.framing = Framing::kNone;
  const std::string head = WriteHead(response, frame);
  const bool silent = call_.method == "HEAD" || frame.framing == Framing::kNone;
  co_return co_await Write({head, silent ? std::string_view() : std::string_view(response.body), {}});
}

asio::awaitable<std::optional<Result<std::string>>> Connection::NextPiece(std::shared_ptr<PieceSlot> slot) {
  for (;;) {
    auto piece = slot->Take();
    if (piece) co_return piece;
    // A client that closes while nothing is sent to it is noticed by the end of what it sends.
    if (eof_ || Gone()) co_return std::nullopt;
    ArmRead();
    co_await Wait();
  }
}

asio::awaitable<bool> Connection::SendPiece(std::string head, const std::string& piece, Framing framing) {
  if (framing != Framing::kChunked) co_return co_await Write({head, piece, {}});
  if (piece.empty()) {
    head += "0\r\n\r\n";
    co_return co_await Write({head, {}, {}});
  }
  fmt::format_to(std::back_inserter(head), FMT_STRING("{:x}\r\n"), piece.size());
  co_return co_await Write({head, piece, "\r\n"});
}

// The head goes out at once, so that no gateway waits in vain, but for a file and for a source that has its first piece
// ready: then one packet is saved, and a failure before the first byte can still be told as an error.
asio::awaitable<bool> Connection::SendSource(Response response, std::shared_ptr<BodySource> source, ResponseFrame frame) {
  SourceGuard guard(source);
  std::string head = WriteHead(response, frame);
  // A body that ends with the connection looks whole after any orderly close, so only the proper end may be one.
  reset_at_close_ = frame.framing == Framing::kUntilClose;
  std::uint64_t left = frame.length;
  bool begun = false;
  for (;;) {
    auto slot = std::make_shared<PieceSlot>(loop_.Mail(), weak_from_this());
    slot->Ask(source);
    auto piece = slot->Take();
    if (!piece && !begun && !response.file) {
      begun = true;
      const bool written = co_await Write({head, {}, {}});
      if (!written) co_return false;
      head.clear();
    }
    if (!piece) piece = co_await NextPiece(slot);
    if (!piece) co_return false;
    const Result<std::string>& result = *piece;
    if (!result) {
      if (begun || Describe(result.error().code).http_status >= 500) {
        LogError("a body failed", {{"request", call_.id}, {"route", call_.route}, {"cause", result.error().detail}});
      }
      if (begun) co_return false;
      reset_at_close_ = false;
      Outcome failure = result.error();
      co_return co_await Respond(std::move(failure), {});
    }
    const bool at_end = result->empty();
    if (at_end) guard.Ended();
    begun = true;
    left -= result->size();
    const bool written = co_await SendPiece(std::exchange(head, {}), *result, frame.framing);
    if (!written) co_return false;
    if (frame.framing == Framing::kLength ? left > 0 : !at_end) continue;
    reset_at_close_ = false;
    co_return true;
  }
}

void Connection::LogAccess() const {
  const auto elapsed = std::chrono::duration<double, std::milli>(Clock::now() - call_.started).count();
  std::array<char, 32> milliseconds;
  const auto end = fmt::format_to_n(milliseconds.data(), milliseconds.size(), FMT_STRING("{:.3f}"), elapsed);
  const fmt::format_int status(call_.status);
  LogDebug("request", {{"method", call_.method},
                       {"route", call_.route},
                       {"status", {status.data(), status.size()}},
                       {"ms", {milliseconds.data(), std::min(end.size, milliseconds.size())}},
                       {"request", call_.id}});
}

}  // namespace sheaf::http
