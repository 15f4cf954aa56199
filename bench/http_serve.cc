//! A server with nothing behind it, to measure the HTTP room alone:
//!   POST /echo    answered from another thread, as after a group commit
//!   GET  /direct  answered by the handler itself
//!   GET  /stream  1 GiB as a chunked body source
//!   POST /upload  reads a body of any length
//! `http_serve HOST:PORT` runs until its standard input ends.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/server.h"

namespace {

using namespace sheaf;  // NOLINT

// Answers in batches, as a committer does.
class Answerer {
 public:
  Answerer() : thread_([this] { Run(); }) {}
  ~Answerer() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void Answer(std::string body, http::Responder responder) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(body), std::move(responder));
    if (waiting_.size() == 1) changed_.notify_one();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!stopped_ || !waiting_.empty()) {
      changed_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
      std::vector<std::pair<std::string, http::Responder>> batch;
      batch.swap(waiting_);
      lock.unlock();
      for (auto& [body, responder] : batch) {
        http::Response response;
        response.headers.emplace_back("Content-Type", "application/json");
        response.body = std::move(body);
        responder.Send(std::move(response));
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, http::Responder>> waiting_;
  bool stopped_ = false;
  std::thread thread_;
};

class Pieces final : public http::BodySource {
 public:
  explicit Pieces(int count) : left_(count) {}
  void Read(Ready ready) override { ready(left_-- > 0 ? std::string(256u << 10, 'x') : std::string()); }
  void Cancel() override { left_ = 0; }

 private:
  std::atomic<int> left_;
};

void Upload(http::Request request, const http::Responder& responder) {
  std::size_t total = 0;
  http::Response response;
  for (;;) {
    const auto piece = request.body->Read();
    if (!piece) response.status = 400;
    if (!piece || piece->empty()) break;
    total += piece->size();
  }
  response.body = std::to_string(total) + "\n";
  responder.Send(std::move(response));
}

}  // namespace

int main(int argc, char** argv) {
  Answerer answerer;
  http::Router router;
  router.Add("POST", "/echo", [&](http::Request request, const http::Responder& responder) {
    auto body = request.body->ReadAll(1u << 20);
    if (body) answerer.Answer(*std::move(body), responder);
  });
  router.Add("GET", "/direct", [](const http::Request&, const http::Responder& responder) {
    http::Response response;
    response.body = "{}";
    responder.Send(std::move(response));
  });
  router.Add("GET", "/stream", [](const http::Request&, const http::Responder& responder) {
    http::Response response;
    response.source = std::make_unique<Pieces>(4096);
    responder.Send(std::move(response));
  });
  router.Add("POST", "/upload", [](http::Request request, const http::Responder& responder) { Upload(std::move(request), responder); },
             {.max_body = 0});
  http::Server::Options options;
  options.listen = argc > 1 ? argv[1] : "127.0.0.1:8099";
  auto server = http::Server::Start(std::move(options), std::move(router));
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->Address().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {}
  (*server)->Stop(1);
}
