//! Stopping, while all kinds of things run; and the pool of threads.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/server.h"
#include "http/worker_pool.h"
#include "raw_client.h"

namespace sheaf::http {
namespace {

using namespace std::chrono_literals;

// A handler that waits at a gate.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void AwaitWaiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(StopTest, RunningRequestsFinishAndIdleConnectionsClose) {
  Gate gate;
  Router router;
  router.Add("GET", "/", [](const Request&, const Responder& responder) { responder.Send(Text("idle")); });
  router.Add("GET", "/gate", [&](const Request&, const Responder& responder) {
    gate.Wait();
    responder.Send(Text("finished"));
  });
  const auto server = StartServer(std::move(router));
  RawClient idle(server->Address());
  RawClient fresh(server->Address());
  RawClient running(server->Address());
  EXPECT_EQ(idle.Ask(kGet).status, 200);
  running.Send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
  gate.AwaitWaiting(1);
  std::thread stopper([&] { server->Stop(30); });
  EXPECT_TRUE(idle.Ends());
  EXPECT_TRUE(fresh.Ends());
  gate.Open();
  const auto answer = running.Receive();
  EXPECT_EQ(answer.body, "finished");
  EXPECT_EQ(answer.Header("Connection"), "close");
  stopper.join();
  RawClient late(server->Address());
  EXPECT_EQ(late.Ask(kGet).status, 0);
}

class EndlessSource final : public BodySource {
 public:
  explicit EndlessSource(std::atomic<int>& cancelled) : cancelled_(cancelled) {}
  void Read(Ready ready) override { ready(std::string(1000, 'x')); }
  void Cancel() override { ++cancelled_; }

 private:
  std::atomic<int>& cancelled_;
};

TEST(StopTest, WhatDoesNotFinishIsBroken) {
  Gate gate;
  std::atomic<int> cancelled{0};
  std::promise<void> upload_begun;
  std::promise<bool> upload_failed;
  Router router;
  router.Add("GET", "/gate", [&](const Request&, const Responder& responder) {
    gate.Wait();
    responder.Send(Text("never seen"));
  });
  router.Add("GET", "/endless", [&](const Request&, const Responder& responder) {
    Response response;
    response.source = std::make_unique<EndlessSource>(cancelled);
    responder.Send(std::move(response));
  });
  router.Add("POST", "/upload",
             [&](Request request, const Responder&) {
               const auto first = request.body->Read();
               upload_begun.set_value();
               if (!first || first->empty()) return upload_failed.set_value(!first);
               for (;;) {
                 const auto piece = request.body->Read();
                 if (!piece || piece->empty()) return upload_failed.set_value(!piece);
               }
             },
             {.max_body = 0});
  const auto server = StartServer(std::move(router));
  RawClient stuck(server->Address());
  RawClient endless(server->Address());
  RawClient old(server->Address());
  RawClient upload(server->Address());
  stuck.Send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
  endless.Send("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n");
  old.Send("GET /endless HTTP/1.0\r\n\r\n");
  upload.Send("POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  gate.AwaitWaiting(1);
  // A connection whose request was not read yet is an idle one to Stop.
  upload_begun.get_future().wait();
  EXPECT_EQ(endless.Peek(15), "HTTP/1.1 200 OK");
  EXPECT_EQ(old.Peek(15), "HTTP/1.1 200 OK");
  std::thread stopper([&] { server->Stop(1); });
  EXPECT_EQ(stuck.Receive().status, 0);
  EXPECT_TRUE(upload_failed.get_future().get());
  EXPECT_FALSE(endless.Receive().complete);
  old.ReceiveAll();
  EXPECT_TRUE(old.WasReset());
  gate.Open();
  stopper.join();
  EXPECT_EQ(cancelled, 2);
}

TEST(StopTest, StopUnderLoadFromSeveralThreads) {
  Router router;
  router.Add("POST", "/", [](Request request, const Responder& responder) {
    auto body = request.body->ReadAll(1000);
    if (body) responder.Send(Text(*body));
  });
  for (int round = 0; round < 5; ++round) {
    Router routes;
    routes.Add("POST", "/", [](Request request, const Responder& responder) {
      auto body = request.body->ReadAll(1000);
      if (body) responder.Send(Text(*body));
    });
    auto server = StartServer(std::move(routes));
    std::vector<std::thread> clients;
    std::atomic<int> answered{0};
    std::atomic<int> wrong{0};
    for (int c = 0; c < 6; ++c) {
      clients.emplace_back([&] {
        for (;;) {
          RawClient client(server->Address());
          RawResponse answer;
          do {
            answer = client.Ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
            if (answer.status == 200) ++answered;
            if (answer.status != 0 && answer.body != "abc") ++wrong;
          } while (answer.status == 200 && answer.Header("Connection").empty());
          if (answer.status == 0) return;
        }
      });
    }
    while (answered < 200) std::this_thread::yield();
    std::thread other([&] { server->Stop(10); });
    server->Stop(10);
    other.join();
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST(WorkerPoolTest, TasksThatBlockDoNotKeepOthersWaiting) {
  WorkerPool pool(8, 100);
  Gate gate;
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(pool.Submit([&] { gate.Wait(); }));
  gate.AwaitWaiting(7);
  for (int i = 0; i < 100; ++i) {
    std::promise<void> ran;
    EXPECT_TRUE(pool.Submit([&] { ran.set_value(); }));
    ran.get_future().wait();
  }
  gate.Open();
}

TEST(WorkerPoolTest, WaitingIsBoundedAndDroppedAtTheEnd) {
  Gate gate;
  std::atomic<int> ran{0};
  WorkerPool pool(1, 3);
  EXPECT_TRUE(pool.Submit([&] { gate.Wait(); }));
  gate.AwaitWaiting(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.Submit([&] { ++ran; }));
  EXPECT_FALSE(pool.Submit([&] { ++ran; }));
  std::thread stopper([&] { pool.Stop(); });
  while (pool.Submit([] {})) std::this_thread::yield();
  gate.Open();
  stopper.join();
  EXPECT_FALSE(pool.Submit([&] { ++ran; }));
  EXPECT_LE(ran, 3);
}

TEST(WorkerPoolTest, ManyTasksFromManyThreads) {
  std::atomic<int> ran{0};
  WorkerPool pool(4, 1u << 20);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int task = 0; task < 5000; ++task) pool.Submit([&] { ++ran; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (ran < 20000) std::this_thread::yield();
}

}  // namespace
}  // namespace sheaf::http
