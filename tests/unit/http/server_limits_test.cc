//! What the server refuses, and that it goes on serving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "http/server.h"
#include "raw_client.h"

namespace sheaf::http {
namespace {

Router SmallRouter() {
  Router router;
  const Handler echo = [](Request request, const Responder& responder) {
    auto body = request.body->ReadAll(1u << 20);
    responder.Send(body ? Text(*body) : Text("", Describe(body.error().code).http_status));
  };
  router.Add("GET", "/", echo);
  router.Add("POST", "/", echo, {.max_body = 100});
  return router;
}

constexpr std::string_view kGood = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(ServerLimitsTest, RefusalsAreAnsweredAndEndTheConnection) {
  const auto server = StartServer(SmallRouter());
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::vector<std::pair<std::string, int>> cases = {
      {"GARBAGE\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n", 12), 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/9.1\r\nHost: h\r\n\r\n", 400},
      {"GET /" + std::string(40000, 'a') + " HTTP/1.1\r\n", 414},
      {"GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {start + "X: " + std::string(40000, 'a') + "\r\n\r\n", 431},
      {start + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {start + "Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc", 400},
      {start + "Transfer-Encoding: gzip\r\n\r\nabc", 400},
      {start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {start + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400},
      {start + "Content-Length: 101\r\nConnection: close\r\n\r\n", 413},
      {start + "Content-Length: 18446744073709551615\r\n\r\n", 413},
      {start + "Transfer-Encoding: chunked\r\n\r\n80\r\n" + std::string(128, 'c'), 413},
  };
  for (const auto& [bytes, status] : cases) {
    RawClient client(server->Address());
    const auto answer = client.Ask(bytes);
    EXPECT_EQ(answer.status, status) << bytes.substr(0, 80);
    EXPECT_EQ(answer.Header("Connection"), "close") << bytes.substr(0, 80);
    EXPECT_TRUE(client.Ends()) << bytes.substr(0, 80);
    EXPECT_FALSE(client.WasReset()) << bytes.substr(0, 80);
  }
  RawClient client(server->Address());
  EXPECT_EQ(client.Ask(kGood).status, 200);
}

// Neither crash nor answer to anything that is no request: random bytes, and good requests with a byte changed.
TEST(ServerLimitsTest, RandomBytes) {
  const auto server = StartServer(SmallRouter());
  std::mt19937 random(7);
  const std::string good = "POST /?a=b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (int i = 0; i < 600; ++i) {
    std::string bytes = good;
    if (i % 2 == 0) {
      for (char& c : bytes) c = static_cast<char>(random());
    } else {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    RawClient client(server->Address());
    client.Send(bytes);
    client.FinishSending();
    const std::string answer = client.ReceiveAll();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << answer.substr(0, 50);
  }
  RawClient client(server->Address());
  EXPECT_EQ(client.Ask(kGood).status, 200);
}

TEST(ServerLimitsTest, AClientThatIsStillSendingReadsWhyItIsRefused) {
  const auto server = StartServer(SmallRouter());
  RawClient client(server->Address());
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n");
  EXPECT_TRUE(client.Send(std::string(8000000, 'x')));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST(ServerLimitsTest, ALittleUnreadBodyKeepsTheConnection) {
  Router router;
  router.Add("POST", "/", [](const Request&, const Responder& responder) { responder.Send(Text("unread")); }, {.max_body = 0});
  const auto server = StartServer(std::move(router), {.small_body = 10});
  RawClient client(server->Address());
  const auto answer = client.Ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x') +
                                 "POST / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.body, "unread");
  EXPECT_EQ(answer.Header("Connection"), "");
  EXPECT_EQ(client.Receive().body, "unread");
}

TEST(ServerLimitsTest, SlowHeadsAndIdleConnectionsEnd) {
  const auto server = StartServer(SmallRouter(), {.header_timeout_s = 1});
  RawClient silent(server->Address());
  RawClient slow(server->Address());
  RawClient kept(server->Address());
  slow.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(kept.Ask(kGood).status, 200);
  EXPECT_EQ(slow.Receive().status, 408);
  EXPECT_TRUE(slow.Ends());
  EXPECT_TRUE(silent.Ends());
  EXPECT_TRUE(kept.Ends());
}

TEST(ServerLimitsTest, SlowBodiesEnd) {
  const auto server = StartServer(SmallRouter(), {.body_timeout_s = 1});
  RawClient client(server->Address());
  const auto answer = client.Ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(answer.status, 408);
  EXPECT_TRUE(client.Ends());
  RawClient chunked(server->Address());
  const auto streamed = chunked.Ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc");
  EXPECT_EQ(streamed.status, 408);
  EXPECT_TRUE(chunked.Ends());
}

TEST(ServerLimitsTest, TooManyConnections) {
  const auto server = StartServer(SmallRouter(), {.max_connections = 2});
  RawClient first(server->Address());
  RawClient second(server->Address());
  EXPECT_EQ(first.Ask(kGood).status, 200);
  EXPECT_EQ(second.Ask(kGood).status, 200);
  {
    RawClient third(server->Address());
    const auto answer = third.Ask(kGood);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.Header("Retry-After"), "1");
    EXPECT_TRUE(third.Ends());
  }
  EXPECT_EQ(first.Ask(kGood).status, 200);
  first.Close();
  for (int status = 0; status != 200;) {
    RawClient next(server->Address());
    status = next.Ask(kGood).status;
    ASSERT_TRUE(status == 200 || status == 503) << status;
  }
}

TEST(ServerLimitsTest, TooManyWaitingRequestsAreTurnedAway) {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  Router router;
  router.Add("GET", "/", [&](const Request&, const Responder& responder) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
    responder.Send(Text("done"));
  });
  const auto server = StartServer(std::move(router), {.worker_threads = 1});
  // One runs and 64 wait, so that at least 5 of 70 are told to come again.
  std::atomic<int> done{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 70; ++i) {
    clients.emplace_back([&] {
      RawClient client(server->Address());
      const auto answer = client.Ask(kGood);
      if (answer.status == 200) ++done;
      if (answer.status == 503 && answer.Header("Retry-After") == "1") ++refused;
    });
  }
  while (refused < 5) std::this_thread::yield();
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(done + refused, 70);
  RawClient last(server->Address());
  EXPECT_EQ(last.Ask(kGood).status, 200);
}

}  // namespace
}  // namespace sheaf::http
