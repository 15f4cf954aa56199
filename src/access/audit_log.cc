#include "access/audit_log.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "access/audit_chain.h"
#include "base/log.h"
#include "base/time.h"

namespace sheaf::access {
namespace {

using catalog::AuditEntry;
using Clock = std::chrono::steady_clock;

constexpr auto kGroup = std::chrono::milliseconds(100);
constexpr auto kRetryAfter = std::chrono::seconds(1);
// Above this many different reads in one group whoever reads waits for the disk.
constexpr std::size_t kMostWaiting = 20000;
constexpr std::uint64_t kMostCommands = 1000;

//! What makes two noted entries one: everything but when, in which request and how many rows.
std::string SameAs(const AuditEntry& entry) {
  std::string text;
  for (const std::string* part :
       {&entry.actor_kind, &entry.actor, &entry.key, &entry.action, &entry.study, &entry.dataset, &entry.target, &entry.outcome,
        &entry.address, &entry.detail.participant, &entry.detail.reason, &entry.detail.text, &entry.detail.address}) {
    text += *part;
    text += '\0';
  }
  return text;
}

//! The entry that says of which others the details are gone.
AuditEntry Redacted(std::string_view study, std::string_view dataset, const std::vector<std::int64_t>& seqs) {
  AuditEntry entry;
  entry.time = Now();
  entry.actor_kind = "server";
  entry.action = kRedacted;
  entry.study = study;
  entry.dataset = dataset;
  entry.target = WriteSeqs(seqs);
  entry.outcome = "ok";
  entry.rows = static_cast<std::int64_t>(seqs.size());
  return entry;
}

}  // namespace

struct AuditLog::Impl {
  explicit Impl(Options opened) : options(std::move(opened)) {}

  struct Waiting {
    AuditEntry entry;
    std::shared_ptr<std::promise<Status>> done;  // null: noted
  };

  const Options options;
  std::mutex mutex;
  std::condition_variable work, room;
  std::deque<Waiting> queue;
  std::unordered_map<std::string, std::size_t> noted;  // place in the queue, of what waits now
  std::size_t durable = 0;                             // of the queue: whose caller waits
  bool running = false, stopping = false;
  std::thread writer;
  // The writer's own: what the head file has to say, and whether it does.
  catalog::AuditHead head;
  bool head_due = false;
  Clock::time_point head_written{};

  catalog::AuditStore& Store() const { return options.catalog->Audit(); }
  bool KeepsHead() const { return options.site_key && !options.head_path.empty(); }

  Status Append(std::vector<AuditEntry>& entries) {
    SHEAF_ASSIGN(head, Store().Append(entries, ChainEntry));
    head_due = KeepsHead();
    return {};
  }

  void WriteHead() {
    head_written = Clock::now();
    const Status written = WriteHeadFile(options.head_path, *options.site_key, head);
    head_due = !written;
    if (!written) LogError("the audit's head was not written", {{"reason", written.error().detail}});
  }

  //! Commands come before the first server, and keep no head.
  Result<bool> OnlyCommands() const {
    SHEAF_ASSIGN(const auto entries, Store().Entries({}, catalog::AuditStore::Order::kOldestFirst, 0, kMostCommands));
    if (entries.size() == kMostCommands) return false;
    return std::all_of(entries.begin(), entries.end(), [](const AuditEntry& entry) { return entry.actor_kind == kCommand; });
  }

  //! The head file may lag behind a crash, but never be ahead of the entries, nor of another history.
  Result<std::string> HeadFault() {
    const auto kept = ReadHeadFile(options.head_path, *options.site_key);
    if (!kept) return kept.error().detail;
    if (!*kept) {
      SHEAF_ASSIGN(const bool first, OnlyCommands());
      return std::string(first ? "" : "There is no head file.");
    }
    if ((*kept)->seq == 0) return std::string();
    const auto entry = Store().Entry((*kept)->seq);
    if (!entry && entry.error().code != ErrorCode::kNotFound) return Fail(entry.error());
    if (entry && entry->hash == (*kept)->hash) return std::string();
    return "The head file names entry " + std::to_string((*kept)->seq) + ", which is " + (entry ? "another one." : "not there.");
  }

  void Work() {
    std::unique_lock lock(mutex);
    for (;;) {
      const auto wanted = [&] { return stopping || durable > 0; };
      if (queue.empty() && !head_due) work.wait(lock, [&] { return stopping || !queue.empty(); });
      if (!wanted()) work.wait_for(lock, kGroup, wanted);
      if (!queue.empty()) WriteGroup(lock);
      if (head_due && (stopping || Clock::now() - head_written >= kGroup)) {
        lock.unlock();
        WriteHead();
        lock.lock();
      }
      if (stopping && queue.empty()) return;
    }
  }

  void WriteGroup(std::unique_lock<std::mutex>& lock) {
    std::deque<Waiting> group;
    group.swap(queue);
    noted.clear();
    durable = 0;
    room.notify_all();
    lock.unlock();
    std::vector<AuditEntry> entries;
    entries.reserve(group.size());
    for (const Waiting& waiting : group) entries.push_back(waiting.entry);
    const Status written = Append(entries);
    if (!written) LogError("the audit was not written", {{"reason", written.error().detail}, {"entries", std::to_string(group.size())}});
    for (Waiting& waiting : group) {
      if (waiting.done) waiting.done->set_value(written);
    }
    lock.lock();
    if (written || stopping) return;
    // What was noted is tried again; who waited knows.
    std::size_t back = 0;
    for (Waiting& waiting : group) {
      if (waiting.done || queue.size() >= kMostWaiting) continue;
      queue.push_back(std::move(waiting));
      ++back;
    }
    if (back > 0) work.wait_for(lock, kRetryAfter, [&] { return stopping; });
  }
};

Status RecordCommand(catalog::Catalog& catalog, std::string_view action, std::string_view target) {
  AuditEntry entry;
  entry.time = Now();
  entry.actor_kind = kCommand;
  entry.action = action;
  entry.target = target;
  entry.outcome = "ok";
  std::vector<AuditEntry> entries{std::move(entry)};
  SHEAF_TRY(catalog.Audit().Append(entries, ChainEntry));
  return {};
}

AuditLog::AuditLog(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
AuditLog::~AuditLog() { Stop(); }

Status AuditLog::Start() {
  SHEAF_ASSIGN(impl_->head, impl_->Store().Head());
  if (impl_->KeepsHead()) {
    SHEAF_ASSIGN(const std::string fault, impl_->HeadFault());
    if (!fault.empty()) {
      LogError("the audit's head file does not fit", {{"reason", fault}});
      AuditEntry entry;
      entry.time = Now();
      entry.actor_kind = "server";
      entry.action = kHeadLost;
      entry.outcome = "failed";
      entry.target = fault;
      std::vector<AuditEntry> entries{std::move(entry)};
      SHEAF_TRY(impl_->Append(entries));
    }
    impl_->WriteHead();
  }
  const std::lock_guard lock(impl_->mutex);
  impl_->running = true;
  impl_->writer = std::thread([this] { impl_->Work(); });
  return {};
}

void AuditLog::Stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->running) return;
    impl_->stopping = true;
    impl_->running = false;
  }
  impl_->work.notify_all();
  impl_->room.notify_all();
  impl_->writer.join();
}

Status AuditLog::Record(AuditEntry entry) {
  if (entry.time == 0) entry.time = Now();
  auto done = std::make_shared<std::promise<Status>>();
  auto written = done->get_future();
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->running) {
      std::vector<AuditEntry> entries{std::move(entry)};
      SHEAF_TRY(impl_->Append(entries));
      if (impl_->head_due) impl_->WriteHead();
      return {};
    }
    impl_->queue.push_back({std::move(entry), std::move(done)});
    ++impl_->durable;
  }
  impl_->work.notify_one();
  return written.get();
}

void AuditLog::Note(AuditEntry entry) {
  if (entry.time == 0) entry.time = Now();
  std::string same = SameAs(entry);
  std::unique_lock lock(impl_->mutex);
  if (!impl_->running) {
    lock.unlock();
    if (const Status kept = Record(std::move(entry)); !kept) LogError("the audit was not written", {{"reason", kept.error().detail}});
    return;
  }
  const auto there = impl_->noted.find(same);
  if (there != impl_->noted.end()) {
    AuditEntry& first = impl_->queue[there->second].entry;
    first.times += entry.times;
    if (entry.rows) first.rows = first.rows.value_or(0) + *entry.rows;
    return;
  }
  impl_->room.wait(lock, [&] { return impl_->queue.size() < kMostWaiting || impl_->stopping; });
  impl_->noted[std::move(same)] = impl_->queue.size();
  impl_->queue.push_back({std::move(entry), nullptr});
  const bool first = impl_->queue.size() == 1;
  lock.unlock();
  if (first) impl_->work.notify_one();
}

Status AuditLog::BeginRedaction(std::string_view study) {
  // What waits is written first, so that no detail comes after its erasure.
  AuditEntry begun;
  begun.actor_kind = "server";
  begun.action = "audit.redact";
  begun.study = study;
  begun.outcome = "started";
  return Record(std::move(begun));
}

Result<std::uint64_t> AuditLog::Redact(std::string_view study, const std::vector<std::string>& words) {
  SHEAF_TRY(BeginRedaction(study));
  const auto announce = [&](const std::vector<std::int64_t>& seqs) { return Redacted(study, "", seqs); };
  return impl_->Store().Redact(study, words, announce, ChainEntry);
}

Result<std::uint64_t> AuditLog::RedactData(std::string_view study, std::string_view dataset) {
  SHEAF_TRY(BeginRedaction(study));
  const auto announce = [&](const std::vector<std::int64_t>& seqs) { return Redacted(study, dataset, seqs); };
  return impl_->Store().RedactData(study, dataset, announce, ChainEntry);
}

}  // namespace sheaf::access
