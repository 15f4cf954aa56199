#include "http/service.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "base/log.h"
#include "http/response_head.h"

namespace sheaf::http {
namespace {

// All bodies that are kept whole, together; what comes beyond is streamed, which holds 256 KiB each.
constexpr std::size_t kBodyMemory = 128u << 20;
constexpr std::size_t kFileReaders = 4;
constexpr std::size_t kWaitingPerThread = 64;
constexpr std::size_t kWaitingUploadsPerThread = 4;
// Sources are told to end; how long Stop lets them.
constexpr std::chrono::seconds kSourcePatience{10};

std::size_t Threads(int count) { return static_cast<std::size_t>(std::max(count, 1)); }

}  // namespace

Service::Service(Server::Options options, Router routes)
    : limits(options.limits),
      router(std::move(routes)),
      budget(std::make_shared<BodyBudget>(std::max(kBodyMemory, options.limits.small_body))),
      file_readers(std::make_shared<WorkerPool>(kFileReaders, 1u << 20)),
      keeper(std::make_shared<SourceKeeper>()),
      render_error_(std::move(options.render_error)),
      workers_(Threads(limits.worker_threads), Threads(limits.worker_threads) * kWaitingPerThread),
      uploads_(Threads(limits.upload_threads), Threads(limits.upload_threads) * kWaitingUploadsPerThread) {}

Response Service::RenderError(const Error& error, std::string_view path, std::string_view request_id) const {
  Response response;
  try {
    response = render_error_ ? render_error_(error, path, request_id) : PlainError(error, request_id);
  } catch (const std::exception& e) {
    LogError("rendering an error failed", {{"request", request_id}, {"cause", e.what()}});
    response = PlainError(error, request_id);
  }
  if (error.retry_after_s <= 0) return response;
  const auto is_there = [](const auto& header) { return header.first == "Retry-After"; };
  if (std::none_of(response.headers.begin(), response.headers.end(), is_there)) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  }
  return response;
}

bool Service::RunHandler(bool streams_body, WorkerPool::Task task) { return (streams_body ? uploads_ : workers_).Submit(std::move(task)); }

void Service::Leave() {
  if (connections_.fetch_sub(1) > 1) return;
  const std::lock_guard lock(empty_mutex_);
  empty_.notify_all();
}

void Service::WaitUntilEmpty() {
  std::unique_lock lock(empty_mutex_);
  empty_.wait(lock, [&] { return connections_ == 0; });
}

bool Service::WaitUntilEmpty(std::chrono::seconds patience) {
  std::unique_lock lock(empty_mutex_);
  return empty_.wait_for(lock, patience, [&] { return connections_ == 0; });
}

void Service::StopPools() {
  workers_.Stop();
  uploads_.Stop();
  keeper->Stop(kSourcePatience);
  file_readers->Stop();
}

}  // namespace sheaf::http
