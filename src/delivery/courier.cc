#include "delivery/courier.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "blobs/sealed_format.h"
#include "delivery/directory.h"
#include "delivery/target.h"
#include "delivery/webhook.h"
#include "secrets/hex.h"

namespace sheaf::delivery {
namespace {

using catalog::Delivery;
using catalog::DeliveryAttempt;

constexpr auto kPoll = std::chrono::seconds(1);
constexpr int kGone = 410;
constexpr std::size_t kMostErrorBytes = 1000;

//! What one attempt came to.
struct Outcome {
  std::int64_t status = 0;
  std::string error;
  std::string answer;
  std::int64_t retry_after_s = 0;
  bool final = false;  //!< trying again is of no use
  bool lost = false;   //!< what was to be delivered is gone
};

Outcome Failed(const Error& error) {
  Outcome outcome;
  outcome.error = error.detail.empty() ? std::string(Describe(error.code).title) + "." : error.detail;
  return outcome;
}

double Random() {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

std::string SecretPurpose(std::string_view schedule) { return "webhook " + std::string(schedule); }

std::int64_t WaitAfter(const CourierLimits& limits, std::int64_t attempts, double random) {
  double wait = static_cast<double>(limits.first_wait_ms);
  for (std::int64_t i = 1; i < attempts && wait < static_cast<double>(limits.longest_wait_ms); ++i) wait *= 3;
  wait = std::min(wait, static_cast<double>(limits.longest_wait_ms));
  return static_cast<std::int64_t>(wait * (0.9 + 0.2 * random));
}

struct Courier::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  const Options options;
  // Each thread is an owner of its own: two must not hold the same delivery.
  const std::string owner = NewId("cur_");
  std::mutex mutex;
  std::condition_variable wake;
  std::uint64_t woken = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void Work(const std::string& name);
  void Deliver(Delivery delivery, const std::string& name);
  Outcome Attempt(const Delivery& delivery, const std::string& name);
  Outcome SendWebhook(const Delivery& delivery, const catalog::Schedule& schedule, const Target& target);
  Outcome PutIntoDirectory(const Delivery& delivery, const Target& target, const std::string& name);
};

Courier::Courier(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Courier::~Courier() { Stop(); }

void Courier::Start() {
  for (int i = 0; i < std::max(impl_->options.limits.at_once, 1); ++i) {
    impl_->threads.emplace_back([this, name = impl_->owner + "-" + std::to_string(i)] { impl_->Work(name); });
  }
}

void Courier::Stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (auto& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

void Courier::Wake() {
  {
    const std::lock_guard lock(impl_->mutex);
    ++impl_->woken;
  }
  impl_->wake.notify_all();
}

void Courier::Impl::Work(const std::string& name) {
  std::uint64_t seen = 0;
  for (;;) {
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      seen = woken;
    }
    const Micros now = Now();
    auto taken = options.catalog->Schedules().TakeDelivery(name, now, now + options.limits.lease_s * 1'000'000);
    if (!taken) LogError("deliveries cannot be read", {{"reason", taken.error().detail}});
    if (taken && *taken) {
      Deliver(**std::move(taken), name);
      continue;
    }
    std::unique_lock lock(mutex);
    wake.wait_for(lock, kPoll, [&] { return stopping || woken != seen; });
  }
}

void Courier::Impl::Deliver(Delivery delivery, const std::string& name) {
  const Micros began = Now();
  const Outcome outcome = Attempt(delivery, name);
  const Micros now = Now();
  DeliveryAttempt attempt;
  attempt.delivery = delivery.id;
  attempt.number = ++delivery.attempts;
  attempt.at = began;
  attempt.duration_ms = std::max<Micros>(now - began, 0) / 1000;
  attempt.status = outcome.status;
  attempt.error = outcome.error.substr(0, kMostErrorBytes);
  attempt.answer = outcome.answer;
  const std::int64_t wait_ms =
      std::max(WaitAfter(options.limits, attempt.number, Random()), std::min(outcome.retry_after_s * 1000, options.limits.longest_wait_ms));
  const bool late = now + wait_ms * 1000 > delivery.retry_from + options.limits.give_up_ms * 1000;
  if (outcome.error.empty()) delivery.state = "delivered";
  else if (outcome.final || late) delivery.state = "failed";
  delivery.next_at.reset();
  if (delivery.state == "waiting") delivery.next_at = now + wait_ms * 1000;
  else delivery.finished_at = now;
  const auto written = options.catalog->Schedules().FinishAttempt(delivery, attempt, name, outcome.lost && delivery.state == "failed");
  // It is sent once more when the lease has run out: at least once, not at most.
  if (!written) LogWarning("an attempt to deliver was not written down", {{"delivery", delivery.id}, {"reason", written.error().detail}});
  if (delivery.state == "failed") LogWarning("a delivery was given up", {{"delivery", delivery.id}, {"study", delivery.study}});
  if (written && options.attempted) options.attempted(delivery, attempt);
}

Outcome Courier::Impl::Attempt(const Delivery& delivery, const std::string& name) {
  const auto schedule = options.catalog->Schedules().FindSchedule(delivery.study, delivery.schedule);
  if (!schedule) return Failed(schedule.error());
  const auto target = ParseTarget(schedule->delivery, "");
  if (!target) return Failed(target.error());
  // What was allowed when the schedule was made may not be any more.
  if (const Status allowed = CheckTarget(*target, options.rules, options.root, ""); !allowed) return Failed(allowed.error());
  if (target->kind == Kind::kWebhook) return SendWebhook(delivery, *schedule, *target);
  if (target->kind == Kind::kDirectory) return PutIntoDirectory(delivery, *target, name);
  Outcome outcome;
  outcome.error = "The schedule delivers nowhere any more.";
  outcome.final = true;
  return outcome;
}

Outcome Courier::Impl::SendWebhook(const Delivery& delivery, const catalog::Schedule& schedule, const Target& target) {
  auto body = options.body(delivery);
  if (!body) return Failed(body.error());
  auto sealed = secrets::FromHex(schedule.sealed);
  if (!sealed) return Failed(sealed.error());
  const auto secret = options.keys->Site().Open(SecretPurpose(schedule.id), *sealed);
  if (!secret) return Failed(secret.error());
  WebhookRequest request;
  request.url = target.url;
  request.body = *std::move(body);
  request.headers = {"Content-Type: application/json",
                     "User-Agent: Sheaf/" + options.version,
                     "X-Sheaf-Event: " + delivery.event,
                     "X-Sheaf-Delivery: " + delivery.id,
                     "X-Sheaf-Attempt: " + std::to_string(delivery.attempts + 1),
                     "X-Sheaf-Signature: " + Signature(*secret, Now(), request.body)};
  WebhookAnswer answer = PostWebhook(request, options.rules);
  Outcome outcome;
  outcome.status = answer.status;
  outcome.error = std::move(answer.error);
  outcome.answer = std::move(answer.excerpt);
  outcome.retry_after_s = answer.retry_after_s;
  outcome.final = answer.status == kGone;
  return outcome;
}

Outcome Courier::Impl::PutIntoDirectory(const Delivery& delivery, const Target& target, const std::string& owner_name) {
  if (delivery.event != "export.succeeded") return {};  // a directory takes files, and there is none
  const auto run = options.catalog->Schedules().FindRun(delivery.run);
  if (!run) return Failed(run.error());
  const auto job = options.catalog->FindExport(run->job);
  const bool gone = (!job && job.error().code == ErrorCode::kNotFound) || (job && job->state != catalog::ExportState::kSucceeded);
  if (gone) {
    Outcome outcome;
    outcome.error = "The export's file is not there any more" + (job && !job->error.empty() ? ": " + job->error : std::string("."));
    outcome.final = outcome.lost = true;
    return outcome;
  }
  if (!job) return Failed(job.error());
  const auto open_box = [&](std::string_view key_id, std::string_view box) -> Result<secrets::KeyBytes> {
    SHEAF_ASSIGN(const auto key, options.keys->OpenContent(job->study, ""));
    if (blobs::KeyId(key.Open()) != key_id) return Fail(ErrorCode::kExportGone, "The key of the export's file was destroyed.");
    return key.OpenBox(box);
  };
  const auto reader = options.blobs->Open(job->blob, open_box);
  if (!reader) return Failed(reader.error());
  // The export's id makes the name its own: two schedules may share a directory.
  const std::size_t dot = job->file_name.rfind('.');
  const std::string name = job->file_name.substr(0, dot) + "_" + job->id + job->file_name.substr(std::min(dot, job->file_name.size()));
  const std::int64_t lease = options.limits.lease_s * 1'000'000;
  Micros renewed = Now();
  const auto go_on = [&]() -> Status {
    if (Now() - renewed < lease / 3) return {};
    renewed = Now();
    return options.catalog->Schedules().RenewDelivery(delivery.id, owner_name, renewed + lease);
  };
  Status placed = PlaceFile(options.root, target.path, name, **reader, go_on);
  // Last, so that whoever sees the manifest has the file.
  if (placed) placed = PlaceText(options.root, target.path, name + ".manifest.json", job->manifest);
  return placed ? Outcome() : Failed(placed.error());
}

}  // namespace sheaf::delivery
