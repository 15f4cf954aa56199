//! Requests and responses as such: keep-alive, pipelining, parameters, errors, headers.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "http/target.h"
#include "raw_client.h"

namespace sheaf::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void Echo(Request request, const Responder& responder) {
  auto body = request.body->ReadAll(1u << 20);
  std::string text = request.method + " " + request.path + "?" + request.query + " " + request.peer;
  for (const auto& [name, value] : request.path_parameters) text += "|" + name + "=" + value;
  for (const auto& [name, value] : request.query_parameters) text += "|" + name + "=" + value;
  responder.Send(Text(text + "|" + (body ? *body : body.error().detail)));
}

Router EchoRouter() {
  Router router;
  router.Add("GET", "/a/{b}", Echo);
  router.Add("POST", "/a/{b}", Echo);
  router.Add("PUT", "/throw", [](const Request&, const Responder&) { throw std::runtime_error("secret"); });
  router.Add("PUT", "/silent", [](const Request&, const Responder&) {});
  router.Add("PUT", "/odd", [](const Request&, const Responder& responder) {
    Response response = Text("body", 200);
    response.headers = {{"X-Good", "a\r\nX-Forged: b"}, {"Content-Length", "99"}, {"Bad Name", "c"}, {"date", "never"}};
    responder.Send(std::move(response));
    responder.Send(Text("second", 500));
  });
  router.Add("GET", "/status/{n}", [](const Request& request, const Responder& responder) {
    responder.Send(Text("x", std::stoi(std::string(request.PathParameter("n")))));
  });
  return router;
}

class ServerTest : public testing::Test {
 protected:
  std::unique_ptr<Server> server_ = StartServer(EchoRouter());
  RawClient client_{server_->Address()};
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    const auto answer = client_.Ask("POST /a/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /a/x? 127.0.0.1|b=x|abc");
    EXPECT_EQ(answer.Header("Server"), "sheaf");
    EXPECT_THAT(answer.Header("Date"), testing::EndsWith(" GMT"));
    EXPECT_EQ(answer.Header("Connection"), "");
    EXPECT_THAT(answer.Header("X-Request-Id"), testing::MatchesRegex("req_[A-Za-z0-9]{20}"));
    ids.insert(answer.Header("X-Request-Id"));
  }
  EXPECT_EQ(ids.size(), 20u);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += "POST /a/" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
    requests += "GET /missing HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  std::thread sender([&] { client_.Send(requests); });
  for (int i = 0; i < 500; ++i) {
    EXPECT_THAT(client_.Receive().body, StartsWith("POST /a/" + std::to_string(i) + "?"));
    EXPECT_EQ(client_.Receive().status, 404);
  }
  sender.join();
}

TEST_F(ServerTest, PipelinedRequestsBeforeTheClientsEndAreAnswered) {
  client_.Send("GET /a/1 HTTP/1.1\r\nHost: h\r\n\r\nGET /a/2 HTTP/1.1\r\nHost: h\r\n\r\n");
  client_.FinishSending();
  EXPECT_THAT(client_.Receive().body, HasSubstr("b=1"));
  EXPECT_THAT(client_.Receive().body, HasSubstr("b=2"));
  EXPECT_TRUE(client_.Ends());
}

TEST_F(ServerTest, BytesOneByOne) {
  for (const char c : std::string_view("POST /a/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")) { client_.Send({&c, 1}); }
  EXPECT_THAT(client_.Receive().body, HasSubstr("|abc"));
}

TEST_F(ServerTest, ParametersAreDecoded) {
  const auto answer = client_.Ask("GET http://h:80/a/x%2Fy%C3%BC?q=a+b%26&&q=2&flag&=v HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer.body, HasSubstr("|b=x/yü|q=a b&|q=2|flag=|=v|"));
}

TEST_F(ServerTest, AddressesThatCannotBe) {
  for (const std::string target :
       {"/a/%", "/a/%0", "/a/%zz", "/a/%00", "/a/%0a", "/a/%7F", "/a?x=%", "/a?x=%00", "a", "h:80", "/a#b", "/a/%1f"}) {
    RawClient client(server_->Address());
    const auto answer = client.Ask("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.Header("Connection"), "close");
    EXPECT_TRUE(client.Ends());
  }
}

TEST_F(ServerTest, HeadIsGetWithoutItsBody) {
  const auto answer = client_.Ask("HEAD /a/x HTTP/1.1\r\nHost: h\r\n\r\n", true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Length"), std::to_string(std::string("HEAD /a/x? 127.0.0.1|b=x|").size()));
  EXPECT_EQ(client_.Ask("GET /a/y HTTP/1.1\r\nHost: h\r\n\r\n").body, "GET /a/y? 127.0.0.1|b=y|");
  EXPECT_EQ(client_.Ask("HEAD /none HTTP/1.1\r\nHost: h\r\n\r\n", true).status, 404);
  EXPECT_EQ(client_.Ask("GET /a/y HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
}

TEST_F(ServerTest, UnknownPathAndMethod) {
  EXPECT_EQ(client_.Ask("GET /b HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
  const auto answer = client_.Ask("DELETE /a/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Header("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(client_.Ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
  EXPECT_EQ(client_.Ask("GET /a/x HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
}

TEST_F(ServerTest, HandlersThatFailAreAnswered) {
  auto answer = client_.Ask("PUT /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
  EXPECT_THAT(answer.body, HasSubstr(answer.Header("X-Request-Id")));
  EXPECT_EQ(client_.Ask("PUT /silent HTTP/1.1\r\nHost: h\r\n\r\n").status, 500);
  EXPECT_EQ(client_.Ask("GET /status/99 HTTP/1.1\r\nHost: h\r\n\r\n").status, 500);
  EXPECT_EQ(client_.Ask("GET /status/1000 HTTP/1.1\r\nHost: h\r\n\r\n").status, 500);
  EXPECT_EQ(client_.Ask("GET /status/nonsense HTTP/1.1\r\nHost: h\r\n\r\n").status, 500);
  EXPECT_EQ(client_.Ask("GET /status/418 HTTP/1.1\r\nHost: h\r\n\r\n").status, 418);
}

TEST_F(ServerTest, ResponsesCannotForgeHeadersAndTheFirstSendCounts) {
  const auto answer = client_.Ask("PUT /odd HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.body, "body");
  EXPECT_EQ(answer.Header("X-Good"), "a  X-Forged: b");
  EXPECT_EQ(answer.Header("X-Forged"), "");
  EXPECT_EQ(answer.Header("Content-Length"), "4");
  EXPECT_THAT(answer.head, Not(HasSubstr("Bad Name")));
  EXPECT_THAT(answer.head, Not(HasSubstr("never")));
  EXPECT_EQ(client_.Ask("PUT /odd HTTP/1.1\r\nHost: h\r\n\r\n").body, "body");
}

TEST_F(ServerTest, StatusesWithoutBody) {
  for (const std::string status : {"204", "304"}) {
    const auto answer = client_.Ask("GET /status/" + status + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(std::to_string(answer.status), status);
    EXPECT_EQ(answer.Header("Content-Length"), "");
  }
  EXPECT_EQ(client_.Ask("GET /status/200 HTTP/1.1\r\nHost: h\r\n\r\n").body, "x");
}

TEST_F(ServerTest, Http10) {
  const auto answer = client_.Ask("GET /a/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.Header("Connection"), "keep-alive");
  EXPECT_EQ(client_.Ask("GET /a/x HTTP/1.0\r\n\r\n").Header("Connection"), "close");
  EXPECT_TRUE(client_.Ends());
}

TEST_F(ServerTest, CloseIsHonoured) {
  EXPECT_EQ(client_.Ask("GET /a/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").Header("Connection"), "close");
  EXPECT_TRUE(client_.Ends());
}

TEST(ServerStartTest, AddressesThatCannotBeBound) {
  const auto start = [](const std::string& listen) {
    Server::Options options;
    options.listen = listen;
    const auto server = Server::Start(std::move(options), Router());
    return server ? ErrorCode::kNotFound : server.error().code;
  };
  for (const std::string listen : {"", "8080", ":8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "h h:1"}) {
    EXPECT_EQ(start(listen), ErrorCode::kUsage) << listen;
  }
  const auto server = StartServer(Router());
  EXPECT_EQ(start(server->Address()), ErrorCode::kIo);
  EXPECT_EQ(start("[::1]:0") == ErrorCode::kUsage, false);
}

TEST(ServerErrorTest, ErrorsAreRenderedInTheShapeOfThePath) {
  const auto renderer = [](const Error& error, std::string_view path, std::string_view id) {
    if (path == "/explode") throw std::runtime_error("renderer");
    Response response = Text(std::string(path) + " " + std::to_string(static_cast<int>(error.code)) + " " + std::string(id));
    response.status = Describe(error.code).http_status;
    return response;
  };
  const auto server = StartServer(EchoRouter(), {}, renderer);
  RawClient client(server->Address());
  const auto answer = client.Ask("GET /dialect/x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.body, "/dialect/x 1010 " + answer.Header("X-Request-Id"));
  EXPECT_EQ(client.Ask("GET /explode HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
  EXPECT_THAT(client.Ask("GET /dialect/%zz?q HTTP/1.1\r\nHost: h\r\n\r\n").body, StartsWith("/dialect/%zz 1000 "));
}

TEST(ServerAsyncTest, AnswersFromAnotherThreadToManyClients) {
  std::mutex mutex;
  std::vector<std::pair<std::string, Responder>> waiting;
  std::atomic<bool> stop{false};
  Router router;
  router.Add("POST", "/commit", [&](Request request, const Responder& responder) {
    auto body = request.body->ReadAll(100);
    const std::lock_guard lock(mutex);
    waiting.emplace_back(*body, responder);
  });
  const auto server = StartServer(std::move(router));
  std::thread committer([&] {
    while (!stop) {
      std::vector<std::pair<std::string, Responder>> batch;
      {
        const std::lock_guard lock(mutex);
        batch.swap(waiting);
      }
      for (auto& [body, responder] : batch) responder.Send(Text(body));
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      RawClient client(server->Address());
      for (int i = 0; i < 200; ++i) {
        const std::string body = std::to_string(c * 1000 + 100000 + i);
        const auto answer = client.Ask("POST /commit HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n" + body);
        if (answer.body == body) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 1600);
  stop = true;
  committer.join();
}

TEST(ServerAsyncTest, AResponderMayOutliveTheServer) {
  std::optional<Responder> kept;
  std::mutex mutex;
  Router router;
  router.Add("GET", "/", [&](const Request&, const Responder& responder) {
    const std::lock_guard lock(mutex);
    kept = responder;
  });
  auto server = StartServer(std::move(router));
  RawClient client(server->Address());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  for (bool there = false; !there;) {
    const std::lock_guard lock(mutex);
    there = kept.has_value();
  }
  server->Stop(0);
  server.reset();
  kept->Send(Text("too late"));
  EXPECT_EQ(client.Receive().status, 0);
}

}  // namespace
}  // namespace sheaf::http
