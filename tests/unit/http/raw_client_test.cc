//! The body of raw_client.h; named so that the tests' glob takes it in.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "raw_client.h"

namespace sheaf::http {
namespace {

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string RawResponse::Header(std::string_view name) const {
  const std::string start = "\r\n" + LowerCase(name) + ": ";
  const std::size_t found = LowerCase(head).find(start);
  if (found == std::string::npos) return {};
  const std::size_t value = found + start.size();
  return head.substr(value, head.find("\r\n", value) - value);
}

RawClient::RawClient(const std::string& address, int receive_buffer) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // A test that waits for bytes that never come fails instead of hanging.
  const timeval patience{30, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&target), sizeof(target)) != 0) ended_ = true;
}

RawClient::~RawClient() { Close(); }

void RawClient::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  ended_ = true;
}

void RawClient::Reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  Close();
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawClient::SendUntilBlocked(std::size_t limit, std::chrono::milliseconds pause) {
  const std::string bytes(64u << 10, 'u');
  std::size_t total = 0;
  while (total < limit) {
    pollfd waiting{socket_, POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(pause.count())) <= 0) break;
    const ssize_t sent = ::send(socket_, bytes.data(), std::min(bytes.size(), limit - total), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) break;
    total += static_cast<std::size_t>(sent);
  }
  return total;
}

void RawClient::FinishSending() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::Fill() {
  if (ended_) return false;
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got > 0) {
    received_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }
  if (got < 0 && errno == EAGAIN) std::cerr << "the server neither answered nor closed\n";
  reset_ = got < 0 && errno == ECONNRESET;
  ended_ = true;
  return false;
}

std::optional<std::string> RawClient::TakeThrough(std::string_view end) {
  for (;;) {
    const std::size_t found = received_.find(end);
    if (found != std::string::npos) {
      std::string taken = received_.substr(0, found + end.size());
      received_.erase(0, found + end.size());
      return taken;
    }
    if (!Fill()) return std::nullopt;
  }
}

bool RawClient::TakeBytes(std::size_t count, std::string& out) {
  while (count > 0) {
    if (received_.empty() && !Fill()) return false;
    const std::size_t step = std::min(count, received_.size());
    out.append(received_, 0, step);
    received_.erase(0, step);
    count -= step;
  }
  return true;
}

void RawClient::ReceiveChunks(RawResponse& response) {
  for (;;) {
    const auto line = TakeThrough("\r\n");
    if (!line) return;
    const std::size_t size = std::stoul(*line, nullptr, 16);
    if (!TakeBytes(size, response.body)) return;
    std::string ending;
    if (!TakeBytes(2, ending) || ending != "\r\n") return;
    if (size == 0) {
      response.complete = true;
      return;
    }
  }
}

RawResponse RawClient::Receive(bool head_only) {
  RawResponse response;
  const auto head = TakeThrough("\r\n\r\n");
  if (!head) return response;
  response.head = *head;
  response.status = std::stoi(head->substr(9, 3));
  if (head_only || response.status == 204 || response.status == 304 || response.status == 100) {
    response.complete = true;
  } else if (response.Header("Transfer-Encoding") == "chunked") {
    ReceiveChunks(response);
  } else if (const std::string length = response.Header("Content-Length"); !length.empty()) {
    response.complete = TakeBytes(std::stoul(length), response.body);
  } else {
    response.body = ReceiveAll();
    response.complete = !reset_;
  }
  return response;
}

RawResponse RawClient::Ask(std::string_view bytes, bool head_only) {
  Send(bytes);
  return Receive(head_only);
}

std::string RawClient::ReceiveBytes(std::size_t bytes) {
  std::string out;
  TakeBytes(bytes, out);
  return out;
}

std::string RawClient::Peek(std::size_t bytes) {
  while (received_.size() < bytes && Fill()) {}
  return received_.substr(0, bytes);
}

std::string RawClient::ReceiveAll() {
  while (Fill()) {}
  return std::exchange(received_, {});
}

bool RawClient::Ends() { return received_.empty() && !Fill(); }

std::unique_ptr<Server> StartServer(Router router, ServerLimits limits, ErrorRenderer renderer) {
  Server::Options options;
  options.listen = "127.0.0.1:0";
  options.limits = limits;
  options.render_error = std::move(renderer);
  auto server = Server::Start(std::move(options), std::move(router));
  if (!server) {
    std::cerr << server.error().detail << "\n";
    std::exit(1);
  }
  return *std::move(server);
}

Response Text(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace sheaf::http
