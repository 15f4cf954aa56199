#include "http/loop.h"

#include <boost/asio/post.hpp>

#include <ctime>
#include <random>
#include <utility>

#include "base/log.h"
#include "http/connection.h"
#include "http/response_head.h"

namespace sheaf::http {
namespace {

// Time limits are whole seconds; a quarter is near enough and costs nothing.
constexpr std::chrono::milliseconds kSweepInterval{250};
// Connections above the limit that are still told so. Beyond them there is only a closed connection.
constexpr int kRefusedAtOnce = 256;

std::uint64_t NextRandom(std::uint64_t& state) {  // splitmix64
  state += 0x9E3779B97F4A7C15u;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

}  // namespace

Loop::Loop(Service& service)
    : service_(service),
      work_(boost::asio::make_work_guard(context_)),
      sweep_timer_(context_),
      mailbox_(std::make_shared<Mailbox>(context_)) {
  std::random_device seed;
  for (std::uint64_t& state : id_state_) state = (static_cast<std::uint64_t>(seed()) << 32) | seed();
}

Loop::~Loop() {
  Join();
  mailbox_->Close();
}

void Loop::Start() {
  Sweep();
  thread_ = std::thread([this] {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& e) { LogError("an I/O thread caught an exception", {{"cause", e.what()}}); }
    }
  });
}

void Loop::Join() {
  if (!thread_.joinable()) return;
  Post([this] { sweep_timer_.cancel(); });
  work_.reset();
  context_.stop();
  thread_.join();
}

void Loop::Post(std::function<void()> task) { boost::asio::post(context_, std::move(task)); }

void Loop::Serve(boost::asio::ip::tcp::socket socket) {
  const int count = service_.Enter();
  const int limit = service_.limits.max_connections;
  if (count > limit + kRefusedAtOnce) {
    service_.Leave();
    return;
  }
  std::make_shared<Connection>(*this, std::move(socket))->Start(count > limit);
}

void Loop::BeginStop() {
  stopping_ = true;
  for (const auto& connection : Snapshot()) connection->Notify();
}

void Loop::BreakAll() {
  for (const auto& connection : Snapshot()) connection->Break();
}

// Waking a connection can end it and so change the set.
std::vector<std::shared_ptr<Connection>> Loop::Snapshot() const {
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (Connection* connection : connections_) all.push_back(connection->shared_from_this());
  return all;
}

void Loop::Sweep() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<Connection>> late;
  for (Connection* connection : connections_) {
    if (connection->Overdue(now)) late.push_back(connection->shared_from_this());
  }
  for (const auto& connection : late) connection->TimeOut();
  sweep_timer_.expires_after(kSweepInterval);
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Sweep();
  });
}

const std::string& Loop::Date() {
  const std::int64_t now = std::time(nullptr);
  if (now != std::exchange(date_second_, now)) date_ = HttpDate(now);
  return date_;
}

std::string Loop::NewRequestId() {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string id = "req_";
  for (std::uint64_t& state : id_state_) {
    std::uint64_t random = NextRandom(state);
    for (int i = 0; i < 10; ++i) {
      id += kAlphabet[random % kAlphabet.size()];
      random /= kAlphabet.size();
    }
  }
  return id;
}

}  // namespace sheaf::http
