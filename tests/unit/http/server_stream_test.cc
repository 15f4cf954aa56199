//! Bodies of responses that are made while they are sent, and files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "http/server.h"
#include "raw_client.h"

namespace sheaf::http {
namespace {

using namespace std::chrono_literals;

// What became of a source, seen from the test.
struct Fate {
  std::mutex mutex;
  std::condition_variable changed;
  int reads = 0;
  bool cancelled = false;
  bool destroyed = false;

  void Note(bool& what) {
    const std::lock_guard lock(mutex);
    what = true;
    changed.notify_all();
  }
  bool Await(const bool& what) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 30s, [&] { return what; });
  }
  int Reads() {
    const std::lock_guard lock(mutex);
    return reads;
  }
};

// Gives pieces by a function of their number, at once or from another thread.
class TestSource final : public BodySource {
 public:
  using Piece = std::function<Result<std::string>(int)>;
  TestSource(std::shared_ptr<Fate> fate, Piece piece, bool elsewhere)
      : fate_(std::move(fate)), piece_(std::move(piece)), elsewhere_(elsewhere) {}
  ~TestSource() override {
    if (thread_.joinable()) thread_.join();
    fate_->Note(fate_->destroyed);
  }
  void Read(Ready ready) override {
    const int number = next_++;
    {
      const std::lock_guard lock(fate_->mutex);
      ++fate_->reads;
    }
    if (!elsewhere_) return ready(piece_(number));
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([this, number, ready = std::move(ready)] { ready(piece_(number)); });
  }
  void Cancel() override { fate_->Note(fate_->cancelled); }

 private:
  std::shared_ptr<Fate> fate_;
  Piece piece_;
  bool elsewhere_;
  int next_ = 0;
  std::thread thread_;
};

// Keeps the callback and never calls it until it is cancelled.
class StuckSource final : public BodySource {
 public:
  explicit StuckSource(std::shared_ptr<Fate> fate) : fate_(std::move(fate)) {}
  ~StuckSource() override { fate_->Note(fate_->destroyed); }
  void Read(Ready ready) override {
    const std::lock_guard lock(fate_->mutex);
    ++fate_->reads;
    ready_ = std::move(ready);
  }
  void Cancel() override {
    Ready ready;
    {
      const std::lock_guard lock(fate_->mutex);
      ready.swap(ready_);
    }
    fate_->Note(fate_->cancelled);
    if (ready) ready(Fail(ErrorCode::kCancelled, ""));
  }

 private:
  std::shared_ptr<Fate> fate_;
  Ready ready_;
};

Result<std::string> Hundred(int number) { return number < 100 ? std::string(1000, static_cast<char>('a' + number % 26)) : ""; }

std::string HundredText() {
  std::string all;
  for (int i = 0; i < 100; ++i) all += *Hundred(i);
  return all;
}

class StreamTest : public testing::Test {
 protected:
  void Start(TestSource::Piece piece, bool elsewhere, ServerLimits limits = {}) {
    Router router;
    router.Add("GET", "/", [this, piece, elsewhere](const Request&, const Responder& responder) {
      Response response;
      response.source = std::make_unique<TestSource>(fate_, piece, elsewhere);
      responder.Send(std::move(response));
    });
    router.Add("GET", "/stuck", [this](const Request&, const Responder& responder) {
      Response response;
      response.source = std::make_unique<StuckSource>(fate_);
      responder.Send(std::move(response));
    });
    server_ = StartServer(std::move(router), limits);
  }
  std::shared_ptr<Fate> fate_ = std::make_shared<Fate>();
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(StreamTest, Chunked) {
  for (const bool elsewhere : {false, true}) {
    fate_ = std::make_shared<Fate>();
    Start(Hundred, elsewhere);
    RawClient client(server_->Address());
    const auto answer = client.Ask(kGet);
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.Header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer.Header("Content-Length"), "");
    EXPECT_EQ(answer.body, HundredText());
    EXPECT_TRUE(fate_->Await(fate_->destroyed));
    EXPECT_FALSE(fate_->cancelled);
    EXPECT_EQ(fate_->Reads(), 101);
    EXPECT_TRUE(client.Ask(kGet).complete);
  }
}

TEST_F(StreamTest, ToHttp10TheEndOfTheConnectionIsTheEnd) {
  Start(Hundred, true);
  RawClient client(server_->Address());
  const auto answer = client.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.body, HundredText());
  EXPECT_EQ(answer.Header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_FALSE(client.WasReset());
}

TEST_F(StreamTest, AFailureBreaksTheConnection) {
  for (const bool elsewhere : {false, true}) {
    fate_ = std::make_shared<Fate>();
    Start(
        [](int number) -> Result<std::string> {
          if (number == 3) return Fail(ErrorCode::kExportFailed, "half way");
          return std::string("piece");
        },
        elsewhere);
    RawClient client(server_->Address());
    client.Send(kGet);
    const std::string all = client.ReceiveAll();
    EXPECT_THAT(all, testing::EndsWith("5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n"));
    EXPECT_TRUE(fate_->Await(fate_->destroyed));
    RawClient old(server_->Address());
    old.Send("GET / HTTP/1.0\r\n\r\n");
    old.ReceiveAll();
    EXPECT_TRUE(old.WasReset());
  }
}

TEST_F(StreamTest, AFailureBeforeTheFirstByteIsAnError) {
  Start([](int) -> Result<std::string> { return Fail(ErrorCode::kBadFilter, "not this"); }, false);
  RawClient client(server_->Address());
  EXPECT_EQ(client.Ask(kGet).status, 400);
  EXPECT_EQ(client.Ask(kGet).status, 400);
}

TEST_F(StreamTest, ASourceThatThrowsBreaksTheConnection) {
  Start(
      [](int number) -> Result<std::string> {
        if (number == 1) throw std::runtime_error("inside");
        return std::string("piece");
      },
      false);
  RawClient client(server_->Address());
  const auto answer = client.Ask(kGet);
  EXPECT_EQ(answer.body, "piece");
  EXPECT_FALSE(answer.complete);
}

TEST_F(StreamTest, TheHeadDoesNotWaitForTheFirstPiece) {
  std::promise<void> go;
  auto gone = std::make_shared<std::shared_future<void>>(go.get_future().share());
  Start(
      [gone](int number) -> Result<std::string> {
        gone->wait();
        return number == 0 ? std::string("late") : std::string();
      },
      true);
  RawClient client(server_->Address());
  client.Send(kGet);
  EXPECT_EQ(client.Peek(15), "HTTP/1.1 200 OK");
  go.set_value();
  EXPECT_THAT(client.Receive().body, "late");
}

TEST_F(StreamTest, AClientThatLeavesWhileTheSourceThinksCancelsIt) {
  for (const bool reset : {false, true}) {
    fate_ = std::make_shared<Fate>();
    Start(Hundred, true);
    RawClient client(server_->Address());
    client.Send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.Peek(15), "HTTP/1.1 200 OK");
    reset ? client.Reset() : client.Close();
    EXPECT_TRUE(fate_->Await(fate_->cancelled));
    EXPECT_TRUE(fate_->Await(fate_->destroyed));
    EXPECT_EQ(fate_->Reads(), 1);
  }
}

TEST_F(StreamTest, AClientThatLeavesMidwayCancels) {
  Start([](int) -> Result<std::string> { return std::string(100000, 'x'); }, true);
  RawClient client(server_->Address());
  client.Send(kGet);
  EXPECT_EQ(client.ReceiveBytes(1000000).size(), 1000000u);
  client.Close();
  EXPECT_TRUE(fate_->Await(fate_->cancelled));
  EXPECT_TRUE(fate_->Await(fate_->destroyed));
}

// A client that does not read holds up the source; it has taken no more than the kernel keeps.
TEST_F(StreamTest, ASlowClientSlowsTheSource) {
  Start([](int number) -> Result<std::string> { return number < 400 ? std::string(256u << 10, 'x') : std::string(); }, false);
  RawClient client(server_->Address(), 64 << 10);
  client.Send(kGet);
  int before = -1;
  for (int now = fate_->Reads(); now != before || now == 0; now = fate_->Reads()) {
    before = now;
    std::this_thread::sleep_for(300ms);
  }
  EXPECT_LT(before, 100);
  const auto answer = client.Receive();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body.size(), 400u * (256u << 10));
}

TEST_F(StreamTest, AClientThatTakesNothingIsGivenUp) {
  Start([](int) -> Result<std::string> { return std::string(256u << 10, 'x'); }, false, {.write_timeout_s = 1});
  RawClient client(server_->Address(), 64 << 10);
  client.Send(kGet);
  EXPECT_TRUE(fate_->Await(fate_->cancelled));
}

TEST_F(StreamTest, HeadCancelsTheSourceUnread) {
  Start(Hundred, false);
  RawClient client(server_->Address());
  const auto answer = client.Ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Transfer-Encoding"), "chunked");
  EXPECT_TRUE(fate_->Await(fate_->destroyed));
  EXPECT_TRUE(fate_->cancelled);
  EXPECT_EQ(fate_->Reads(), 0);
  EXPECT_TRUE(client.Ask(kGet).complete);
}

class FileTest : public testing::Test {
 protected:
  FileTest() {
    path_ = (std::filesystem::temp_directory_path() / ("sheaf_http_" + std::to_string(::getpid()))).string();
    for (int i = 0; i < 3000000; ++i) content_ += static_cast<char>(i * 7 + i / 1000);
    std::ofstream(path_, std::ios::binary) << content_;
    Router router;
    router.Add("GET", "/{offset}/{length}", [this](const Request& request, const Responder& responder) {
      Response response;
      response.file = FileBody{path_, std::stoull(std::string(request.PathParameter("offset"))),
                               std::stoull(std::string(request.PathParameter("length")))};
      responder.Send(std::move(response));
    });
    server_ = StartServer(std::move(router));
  }
  ~FileTest() override { std::filesystem::remove(path_); }
  RawResponse Get(RawClient& client, const std::string& range, const std::string& method = "GET") {
    return client.Ask(method + " /" + range + " HTTP/1.1\r\nHost: h\r\n\r\n", method == "HEAD");
  }
  std::string path_;
  std::string content_;
  std::unique_ptr<Server> server_;
};

TEST_F(FileTest, Ranges) {
  RawClient client(server_->Address());
  for (const auto& [offset, length] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 3000000}, {0, 0}, {0, 1}, {2999999, 1}, {1, 262144}, {12345, 262145}, {7, 524288}, {3000000, 0}}) {
    const auto answer = Get(client, std::to_string(offset) + "/" + std::to_string(length));
    EXPECT_EQ(answer.Header("Content-Length"), std::to_string(length));
    EXPECT_TRUE(answer.complete && answer.body == content_.substr(offset, length)) << offset << " " << length;
  }
  const auto head = Get(client, "5/1000", "HEAD");
  EXPECT_EQ(head.Header("Content-Length"), "1000");
  EXPECT_EQ(Get(client, "5/3").body, content_.substr(5, 3));
}

TEST_F(FileTest, FilesThatAreNotAsTheyShould) {
  RawClient client(server_->Address());
  EXPECT_EQ(Get(client, "3000000/1").status, 500);
  const auto cut = Get(client, "0/3000001");
  EXPECT_EQ(cut.status, 200);
  EXPECT_FALSE(cut.complete);
  std::filesystem::remove(path_);
  RawClient other(server_->Address());
  EXPECT_EQ(Get(other, "0/1").status, 500);
  EXPECT_EQ(Get(other, "0/1").status, 500);
}

}  // namespace
}  // namespace sheaf::http
