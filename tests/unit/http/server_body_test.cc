//! Bodies of requests that are read while they arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/body_queue.h"
#include "http/server.h"
#include "raw_client.h"

namespace sheaf::http {
namespace {

using namespace std::chrono_literals;

std::string Verdict(const Error& error) { return "error " + std::to_string(static_cast<int>(error.code)); }

void CountBytes(Request request, const Responder& responder) {
  std::size_t total = 0;
  for (;;) {
    const auto piece = request.body->Read();
    if (!piece) return responder.Send(Text(Verdict(piece.error()), 400));
    if (piece->empty()) break;
    for (const char c : *piece) total += c == 'u' ? 1 : 1000000000;
  }
  responder.Send(Text(std::to_string(total)));
}

Router UploadRouter() {
  Router router;
  router.Add("POST", "/count", CountBytes, {.max_body = 0});
  router.Add("POST", "/limited", CountBytes, {.max_body = 3u << 20});
  return router;
}

std::string Chunked(std::size_t total, std::size_t chunk) {
  std::string body;
  while (total > 0) {
    const std::size_t size = std::min(total, chunk);
    char text[32];
    std::snprintf(text, sizeof(text), "%zx\r\n", size);
    body += text + std::string(size, 'u') + "\r\n";
    total -= size;
  }
  return body + "0\r\n\r\n";
}

TEST(UploadTest, ChunkedAndLongBodies) {
  const auto server = StartServer(UploadRouter());
  RawClient client(server->Address());
  const std::string chunked = "POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(client.Ask(chunked + "0\r\n\r\n").body, "0");
  EXPECT_EQ(client.Ask(chunked + Chunked(1000, 1)).body, "1000");
  EXPECT_EQ(client.Ask(chunked + Chunked(5000000, 77777)).body, "5000000");
  const std::string head = "POST /count HTTP/1.1\r\nHost: h\r\nContent-Length: ";
  EXPECT_EQ(client.Ask(head + "20000000\r\n\r\n" + std::string(20000000, 'u')).body, "20000000");
  // The next request right behind a body.
  client.Send(chunked + Chunked(300000, 1000) + head + "2\r\n\r\nuu");
  EXPECT_EQ(client.Receive().body, "300000");
  EXPECT_EQ(client.Receive().body, "2");
}

TEST(UploadTest, LimitsOfTheRoute) {
  const auto server = StartServer(UploadRouter());
  const std::string head = "POST /limited HTTP/1.1\r\nHost: h\r\n";
  RawClient announced(server->Address());
  EXPECT_EQ(announced.Ask(head + "Content-Length: 3145729\r\n\r\n").status, 413);
  RawClient chunked(server->Address());
  const auto answer = chunked.Ask(head + "Transfer-Encoding: chunked\r\n\r\n" + Chunked(4000000, 100000));
  EXPECT_EQ(answer.body, Verdict({ErrorCode::kPayloadTooLarge, {}, {}, 0}));
  EXPECT_EQ(answer.Header("Connection"), "close");
  RawClient exact(server->Address());
  EXPECT_EQ(exact.Ask(head + "Transfer-Encoding: chunked\r\n\r\n" + Chunked(3145728, 100000)).body, "3145728");
  EXPECT_EQ(exact.Ask(head + "Content-Length: 3145728\r\n\r\n" + std::string(3145728, 'u')).body, "3145728");
}

// A handler that does not read keeps the client from sending more than the kernel and the queue hold.
TEST(UploadTest, BackPressure) {
  std::promise<void> go;
  Router router;
  router.Add("POST", "/",
             [&](Request request, const Responder& responder) {
               go.get_future().wait();
               CountBytes(std::move(request), responder);
             },
             {.max_body = 0});
  const auto server = StartServer(std::move(router));
  RawClient client(server->Address());
  constexpr std::size_t kTotal = 100u << 20;
  client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kTotal) + "\r\n\r\n");
  const std::size_t sent = client.SendUntilBlocked(kTotal, 300ms);
  EXPECT_LT(sent, 40u << 20);
  go.set_value();
  EXPECT_TRUE(client.Send(std::string(kTotal - sent, 'u')));
  EXPECT_EQ(client.Receive().body, std::to_string(kTotal));
}

TEST(UploadTest, BodiesThatBreakOff) {
  std::promise<std::string> verdict;
  Router router;
  router.Add("POST", "/",
             [&](Request request, const Responder&) {
               for (;;) {
                 const auto piece = request.body->Read();
                 if (piece && !piece->empty()) continue;
                 return verdict.set_value(piece ? "end" : Verdict(piece.error()));
               }
             },
             {.max_body = 0});
  const auto server = StartServer(std::move(router), {.small_body = 1});
  const std::string cut = Verdict({ErrorCode::kLengthMismatch, {}, {}, 0});
  const auto result = [&] {
    std::string text = verdict.get_future().get();
    verdict = {};
    return text;
  };
  {
    RawClient client(server->Address());
    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nuuu");
    client.Close();
    EXPECT_EQ(result(), cut);
  }
  {
    RawClient client(server->Address());
    client.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nuuu\r\n0\r\n");
    client.FinishSending();
    EXPECT_EQ(result(), cut);
  }
  {
    RawClient client(server->Address());
    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nuuu");
    client.Reset();
    EXPECT_EQ(result(), cut);
  }
}

TEST(UploadTest, ContinueIsSaidWhenTheBodyIsWanted) {
  Router router = UploadRouter();
  router.Add("POST", "/refuse", [](const Request&, const Responder& responder) { responder.Send(Text("no", 403)); }, {.max_body = 0});
  const auto server = StartServer(std::move(router));
  const std::string expect = " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
  RawClient client(server->Address());
  EXPECT_EQ(client.Ask("POST /count" + expect + "Content-Length: 3\r\n\r\n").status, 100);
  EXPECT_EQ(client.Ask("uuu").body, "3");
  EXPECT_EQ(client.Ask("POST /count" + expect + "Content-Length: 2000000\r\n\r\n").status, 100);
  EXPECT_EQ(client.Ask(std::string(2000000, 'u')).body, "2000000");
  EXPECT_EQ(client.Ask("POST /count" + expect + "Transfer-Encoding: chunked\r\n\r\n").status, 100);
  EXPECT_EQ(client.Ask(Chunked(10, 3)).body, "10");
  // Without a body there is nothing to wait for.
  EXPECT_EQ(client.Ask("POST /count" + expect + "Content-Length: 0\r\n\r\n").status, 200);
  // A body that comes at once needs no invitation.
  EXPECT_EQ(client.Ask("POST /count" + expect + "Content-Length: 3\r\n\r\nuuu").body, "3");

  const auto refused = client.Ask("POST /refuse" + expect + "Content-Length: 2000000\r\n\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.Header("Connection"), "close");
  EXPECT_TRUE(client.Ends());
  RawClient large(server->Address());
  EXPECT_EQ(large.Ask("POST /limited" + expect + "Content-Length: 4000000\r\n\r\n").status, 413);
  EXPECT_TRUE(large.Ends());
}

TEST(UploadTest, AnAnswerBeforeTheBodyIsReadEndsTheBody) {
  std::promise<bool> failed;
  Router router;
  router.Add("POST", "/",
             [&](Request request, const Responder& responder) {
               responder.Send(Text("early"));
               for (;;) {
                 const auto piece = request.body->Read();
                 if (!piece || piece->empty()) return failed.set_value(!piece);
               }
             },
             {.max_body = 0});
  const auto server = StartServer(std::move(router));
  RawClient client(server->Address());
  const auto answer = client.Ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000000\r\n\r\n");
  EXPECT_EQ(answer.body, "early");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(failed.get_future().get());
}

TEST(UploadTest, MoreUploadsThanThreadsWaitTheirTurn) {
  const auto server = StartServer(UploadRouter(), {.upload_threads = 2});
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      RawClient client(server->Address());
      const auto answer = client.Ask("POST /count HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunked(2000000, 50000));
      if (answer.body == "2000000") ++right;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 8);
}

TEST(BodyQueueTest, FailureAndEndAreSeenAfterThePieces) {
  int wakes = 0;
  BodyQueue queue([&] { ++wakes; });
  EXPECT_FALSE(queue.Wanted());
  queue.Push("a");
  queue.Push("");
  queue.Finish();
  queue.Fail({ErrorCode::kTimeout, {}, {}, 0});
  EXPECT_EQ(*queue.Pop(), "a");
  EXPECT_TRUE(queue.Wanted());
  EXPECT_EQ(*queue.Pop(), "");
  EXPECT_EQ(wakes, 1);

  BodyQueue failing([] {});
  failing.Push("a");
  failing.Fail({ErrorCode::kTimeout, {}, {}, 0});
  failing.Finish();
  // An upload goes on from what arrived.
  EXPECT_EQ(*failing.Pop(), "a");
  EXPECT_EQ(failing.Pop().error().code, ErrorCode::kTimeout);
}

TEST(BodyQueueTest, RoomIsToldAtHalf) {
  int wakes = 0;
  BodyQueue queue([&] { ++wakes; });
  int pushed = 0;
  for (; queue.HasRoom(); ++pushed) queue.Push(std::string(BodyQueue::kPiece, 'x'));
  EXPECT_EQ(pushed, 3);
  EXPECT_TRUE(queue.Pop());
  EXPECT_EQ(wakes, 1);  // because it is the first Pop
  EXPECT_TRUE(queue.Pop());
  EXPECT_EQ(wakes, 2);
  EXPECT_TRUE(queue.HasRoom());
}

TEST(BodyQueueTest, SmallPiecesAreJoined) {
  BodyQueue queue([] {});
  for (int i = 0; i < 1000; ++i) queue.Push("a");
  EXPECT_EQ(queue.Pop()->size(), 1000u);
}

TEST(BodyQueueTest, ThePiecesOfAReaderThatLeftAreThrownAway) {
  int wakes = 0;
  const auto queue = std::make_shared<BodyQueue>([&] { ++wakes; });
  {
    const QueuedBody body(queue);
    while (queue->HasRoom()) queue->Push(std::string(BodyQueue::kPiece, 'x'));
  }
  EXPECT_EQ(wakes, 1);
  for (int i = 0; i < 100; ++i) queue->Push(std::string(BodyQueue::kPiece, 'x'));
  EXPECT_TRUE(queue->HasRoom());
}

TEST(BodyReaderTest, ReadAllHasALimit) {
  const auto budget = std::make_shared<BodyBudget>(10);
  auto lease = BodyLease::Take(budget, 6);
  ASSERT_TRUE(lease);
  EXPECT_FALSE(BodyLease::Take(budget, 5));
  {
    WholeBody body("abcdef", *std::move(lease));
    EXPECT_EQ(body.ReadAll(5).error().code, ErrorCode::kPayloadTooLarge);
    EXPECT_EQ(*body.ReadAll(6), "abcdef");
    EXPECT_EQ(*body.ReadAll(6), "");
  }
  EXPECT_TRUE(BodyLease::Take(budget, 10));
  const auto queue = std::make_shared<BodyQueue>([] {});
  queue->Push("abc");
  queue->Push("def");
  queue->Finish();
  QueuedBody queued(queue);
  EXPECT_EQ(queued.ReadAll(5).error().code, ErrorCode::kPayloadTooLarge);
}

}  // namespace
}  // namespace sheaf::http
