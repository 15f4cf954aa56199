#include "http/server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <charconv>
#include <future>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "http/loop.h"
#include "http/service.h"

namespace sheaf::http {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

// When the process is out of file descriptors, accepting again at once would only spin.
constexpr std::chrono::milliseconds kAcceptPause{100};

Result<Tcp::endpoint> ReadListen(asio::io_context& context, const std::string& listen) {
  const auto usage = [&] { return Fail(ErrorCode::kUsage, "The address to listen on is HOST:PORT, not " + listen + "."); };
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) return usage();
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port_text = listen.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size()) return usage();
  boost::system::error_code code;
  const auto address = asio::ip::make_address(host, code);
  if (!code) return Tcp::endpoint(address, port);
  Tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, port_text, Tcp::resolver::passive, code);
  if (code || found.empty()) return Fail(ErrorCode::kUsage, "The host " + host + " is not known.");
  return found.begin()->endpoint();
}

std::string Text(const Tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

}  // namespace

struct Server::Impl {
  Impl(Options options, Router router) : service(std::move(options), std::move(router)) {
    const int threads = std::max(service.limits.io_threads, 1);
    for (int i = 0; i < threads; ++i) loops.push_back(std::make_unique<Loop>(service));
    acceptor.emplace(loops.front()->Context());
    pause.emplace(loops.front()->Context());
  }

  Status Listen(const std::string& listen);
  void Accept();
  void OnAccept(const boost::system::error_code& error, Tcp::socket socket, Loop& loop);
  void CloseAcceptor();
  void Stop(int grace_s);

  Service service;
  std::vector<std::unique_ptr<Loop>> loops;
  std::optional<Tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> pause;
  std::size_t next_loop = 0;
  std::string address;
  std::mutex stop_mutex;
  bool stopped = false;
};

Status Server::Impl::Listen(const std::string& listen) {
  SHEAF_ASSIGN(const Tcp::endpoint endpoint, ReadListen(loops.front()->Context(), listen));
  boost::system::error_code error;
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) return Fail(ErrorCode::kIo, "Cannot listen on " + listen + ": " + error.message() + ".");
  address = Text(acceptor->local_endpoint(error));
  return {};
}

void Server::Impl::Accept() {
  Loop& loop = *loops[next_loop++ % loops.size()];
  acceptor->async_accept(loop.Context(), [this, &loop](const boost::system::error_code& error, Tcp::socket socket) {
    OnAccept(error, std::move(socket), loop);
  });
}

void Server::Impl::OnAccept(const boost::system::error_code& error, Tcp::socket socket, Loop& loop) {
  if (!acceptor->is_open()) return;
  if (error) {
    LogWarning("accepting a connection failed", {{"cause", error.message()}});
    pause->expires_after(kAcceptPause);
    return pause->async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled && acceptor->is_open()) Accept();
    });
  }
  // The task is copyable, a socket is not.
  auto shared = std::make_shared<Tcp::socket>(std::move(socket));
  loop.Post([&loop, shared] { loop.Serve(std::move(*shared)); });
  Accept();
}

// On the accepting loop, so that afterwards every connection is on its way to its own loop.
void Server::Impl::CloseAcceptor() {
  std::promise<void> closed;
  loops.front()->Post([&] {
    boost::system::error_code ignored;
    acceptor->close(ignored);
    pause->cancel();
    closed.set_value();
  });
  closed.get_future().wait();
}

void Server::Impl::Stop(int grace_s) {
  const std::lock_guard lock(stop_mutex);
  if (std::exchange(stopped, true)) return;
  CloseAcceptor();
  for (const auto& loop : loops) {
    loop->Post([&loop = *loop] { loop.BeginStop(); });
  }
  if (!service.WaitUntilEmpty(std::chrono::seconds(std::max(grace_s, 0)))) {
    LogWarning("requests are still running and are broken off");
    for (const auto& loop : loops) {
      loop->Post([&loop = *loop] { loop.BreakAll(); });
    }
    service.WaitUntilEmpty();
  }
  service.StopPools();
  for (const auto& loop : loops) loop->Join();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(0); }

Result<std::unique_ptr<Server>> Server::Start(Options options, Router router) {
  const std::string listen = options.listen;
  try {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(router));
    SHEAF_TRY(impl->Listen(listen));
    impl->Accept();
    for (const auto& loop : impl->loops) loop->Start();
    return std::unique_ptr<Server>(new Server(std::move(impl)));
  } catch (const std::exception& e) { return Fail(ErrorCode::kIo, std::string("The server cannot start: ") + e.what()); }
}

std::string Server::Address() const { return impl_->address; }

void Server::Stop(int grace_s) { impl_->Stop(grace_s); }

}  // namespace sheaf::http
