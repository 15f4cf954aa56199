//! A closed-loop load generator: N keep-alive connections, each sends its next request when the answer to the one
//! before is complete. Prints requests per second and the latencies' median, 99th percentile and maximum.
//!   http_load [--connections N] [--seconds S] [--method M] [--body FILE] [--header 'Name: value'] HOST:PORT/PATH
//! Exits with 1 when an answer was not 2xx or a connection broke.

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "http_load: %s\n", message.c_str());
  std::exit(1);
}

struct Options {
  int connections = 64;
  double seconds = 5;
  std::string method = "GET";
  std::string body;
  std::string headers;
  std::string host;
  std::string port;
  std::string path;
};

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Die(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void ReadUrl(std::string_view url, Options& options) {
  if (url.starts_with("http://")) url.remove_prefix(7);
  const std::size_t slash = url.find('/');
  const std::string_view authority = url.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  options.path = slash == std::string_view::npos ? "/" : url.substr(slash);
  options.host = authority.substr(0, colon);
  options.port = colon == std::string_view::npos ? "80" : authority.substr(colon + 1);
}

Options ReadOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) {
      ReadUrl(word, options);
      continue;
    }
    if (i + 1 == argc) Die(std::string(word) + " needs a value");
    const char* value = argv[++i];
    if (word == "--connections") options.connections = std::atoi(value);
    else if (word == "--seconds") options.seconds = std::atof(value);
    else if (word == "--method") options.method = value;
    else if (word == "--body") options.body = ReadFile(value);
    else if (word == "--header") options.headers += std::string(value) + "\r\n";
    else Die("unknown option " + std::string(word));
  }
  if (options.host.empty()) Die("give the address as HOST:PORT/PATH");
  return options;
}

std::string RequestText(const Options& options) {
  std::string text = options.method + " " + options.path + " HTTP/1.1\r\nHost: " + options.host + "\r\n";
  text += options.headers;
  if (!options.body.empty()) text += "Content-Length: " + std::to_string(options.body.size()) + "\r\n";
  return text + "\r\n" + options.body;
}

// Follows one response through the bytes that come, keeping none of the body.
class Answer {
 public:
  //! True when the answer ended with these bytes.
  bool Feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t used = Step(bytes);
      bytes.remove_prefix(used);
      if (done_) return true;
    }
    return false;
  }
  bool Good() const { return status_ / 100 == 2; }

 private:
  std::size_t Step(std::string_view bytes) {
    if (left_ > 0) {
      const std::size_t used = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      left_ -= used;
      if (left_ == 0 && !chunked_) done_ = true;
      return used;
    }
    const std::size_t end = bytes.find('\n');
    const std::size_t used = end == std::string_view::npos ? bytes.size() : end + 1;
    line_ += bytes.substr(0, used);
    if (end == std::string_view::npos) return used;
    while (line_.ends_with('\n') || line_.ends_with('\r')) line_.pop_back();
    in_head_ ? HeadLine() : ChunkLine();
    line_.clear();
    return used;
  }

  void HeadLine() {
    if (status_ == 0) {
      status_ = line_.size() > 12 ? std::atoi(line_.c_str() + 9) : 999;
      return;
    }
    if (line_.empty()) {
      in_head_ = false;
      left_ = length_;
      done_ = !chunked_ && length_ == 0;
      return;
    }
    std::transform(line_.begin(), line_.end(), line_.begin(), [](unsigned char c) { return std::tolower(c); });
    if (line_.starts_with("content-length:")) length_ = std::strtoull(line_.c_str() + 15, nullptr, 10);
    if (line_.starts_with("transfer-encoding:")) chunked_ = true;
  }

  void ChunkLine() {
    if (last_) {
      done_ = line_.empty();
      return;
    }
    if (line_.empty()) return;
    left_ = std::strtoull(line_.c_str(), nullptr, 16);
    last_ = left_ == 0;
  }

  int status_ = 0;
  bool in_head_ = true;
  bool chunked_ = false;
  bool last_ = false;
  bool done_ = false;
  std::uint64_t length_ = 0;
  std::uint64_t left_ = 0;
  std::string line_;
};

struct Peer {
  int socket = -1;
  std::size_t sent = 0;
  Clock::time_point started;
  Answer answer;
};

class Load {
 public:
  explicit Load(const Options& options) : request_(RequestText(options)), epoll_(::epoll_create1(0)) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found) != 0) Die("unknown host");
    peers_.resize(static_cast<std::size_t>(options.connections));
    for (std::size_t i = 0; i < peers_.size(); ++i) Connect(*found, i);
    ::freeaddrinfo(found);
  }

  void Run(double seconds) {
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (Peer& peer : peers_) Begin(peer);
    std::array<epoll_event, 256> events;
    while (Clock::now() < end) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i) Handle(peers_[events[static_cast<std::size_t>(i)].data.u64]);
    }
    elapsed_ = std::chrono::duration<double>(Clock::now() - start).count();
  }

  int Report() {
    if (latencies_.empty()) Die("no answer came");
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [&](double part) {
      return latencies_[static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1))] / 1000.0;
    };
    std::printf("%.0f requests/s, %.1f MB/s received, p50 %.3f ms, p99 %.3f ms, max %.3f ms, %zu not 2xx\n",
                static_cast<double>(latencies_.size()) / elapsed_, static_cast<double>(received_) / elapsed_ / 1e6, at(0.5), at(0.99),
                at(1), bad_);
    return bad_ == 0 ? 0 : 1;
  }

 private:
  void Connect(const addrinfo& address, std::size_t index) {
    Peer& peer = peers_[index];
    peer.socket = ::socket(address.ai_family, SOCK_STREAM, 0);
    if (peer.socket < 0 || ::connect(peer.socket, address.ai_addr, address.ai_addrlen) != 0) Die("cannot connect");
    const int on = 1;
    ::setsockopt(peer.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.socket, &event);
  }

  void Begin(Peer& peer) {
    peer.sent = 0;
    peer.answer = Answer();
    peer.started = Clock::now();
    Send(peer);
  }

  void Send(Peer& peer) {
    while (peer.sent < request_.size()) {
      const ssize_t sent = ::send(peer.socket, request_.data() + peer.sent, request_.size() - peer.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) Die(std::string("sending: ") + std::strerror(errno));
      peer.sent += static_cast<std::size_t>(sent);
    }
  }

  void Handle(Peer& peer) {
    Send(peer);
    for (;;) {
      const ssize_t got = ::recv(peer.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) Die("a connection broke");
      received_ += static_cast<std::uint64_t>(got);
      if (!peer.answer.Feed({buffer_.data(), static_cast<std::size_t>(got)})) continue;
      if (!peer.answer.Good()) ++bad_;
      const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - peer.started).count();
      latencies_.push_back(static_cast<std::uint32_t>(micros));
      Begin(peer);
    }
  }

  const std::string request_;
  const int epoll_;
  std::vector<Peer> peers_;
  std::vector<char> buffer_ = std::vector<char>(256u << 10);
  std::vector<std::uint32_t> latencies_;
  std::uint64_t received_ = 0;
  std::size_t bad_ = 0;
  double elapsed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = ReadOptions(argc, argv);
  Load load(options);
  load.Run(options.seconds);
  return load.Report();
}
