#pragma once
//! A study in memory, for what ingest needs of it: datasets, appending with idempotency keys, and the conflicts and
//! failures that a test asks for.

#include <map>
#include <mutex>
#include <thread>

#include "harness.h"
#include "vault/vault.h"

namespace sheaf::ingest::testing {

class FakeVault final : public vault::StudyVault {
 public:
  explicit FakeVault(model::Dataset dataset) : dataset_(std::make_shared<model::Dataset>(std::move(dataset))) {}
  ~FakeVault() override {
    // An answer may append again, and so begin another thread.
    while (true) {
      std::thread next;
      {
        const std::lock_guard lock(mutex_);
        if (threads_.empty()) return;
        next = std::move(threads_.back());
        threads_.pop_back();
      }
      // The answer may hold the last reference to the study.
      if (next.get_id() == std::this_thread::get_id()) next.detach();
      else next.join();
    }
  }

  std::vector<std::string> rows;
  std::size_t appends = 0;
  std::size_t last_bytes = 0;
  std::optional<Error> failure;  //!< of the next Append
  int changes = 0;               //!< so many Appends find that the definition has just got another field
  bool in_thread = false;        //!< answers from another thread
  vault::Seq seq = 100;

  void AddField(model::Field field) {
    auto next = std::make_shared<model::Dataset>(*dataset_);
    next->fields.push_back(std::move(field));
    ++next->version;
    dataset_ = std::move(next);
  }

  Result<std::shared_ptr<const model::Dataset>> FindDataset(std::string_view id) override {
    if (id != dataset_->id) return Fail(ErrorCode::kNotFound, "there is no such dataset");
    return std::shared_ptr<const model::Dataset>(dataset_);
  }

  void Append(vault::AppendRequest request, AppendDone done) override {
    if (changes > 0) {
      --changes;
      AddField(MakeField("new_" + std::to_string(dataset_->version), static_cast<model::FieldType>(dataset_->version % 9)));
    }
    if (!in_thread) return done(Take(request));
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(
        [this, done = std::move(done), shared = std::make_shared<vault::AppendRequest>(std::move(request))] { done(Take(*shared)); });
  }

  vault::Seq LastSeq() override { return seq; }
  const std::string& StudyId() const override { return id_; }
  Result<std::shared_ptr<const model::Dataset>> PutDataset(model::Dataset, bool*) override { return Unused(); }
  std::vector<std::shared_ptr<const model::Dataset>> Datasets() override { return {dataset_}; }
  Result<model::Participant> PutParticipant(model::Participant, bool*) override { return Unused(); }
  Result<model::Participant> FindParticipant(std::string_view) override { return Unused(); }
  Result<vault::Page<model::Participant>> Participants(const vault::ListOptions&) override { return Unused(); }
  Result<model::Session> PutSession(model::Session, bool*) override { return Unused(); }
  Result<model::Session> FindSession(std::string_view) override { return Unused(); }
  Result<vault::Page<model::Session>> Sessions(const vault::ListOptions&) override { return Unused(); }
  std::shared_ptr<const vault::PeopleView> People() override { return nullptr; }
  std::optional<std::int32_t> ParticipantNumber(std::string_view) override { return std::nullopt; }
  std::optional<std::int32_t> SessionNumber(std::string_view) override { return std::nullopt; }
  Result<std::uint64_t> DeleteRecords(std::string_view, const std::vector<std::string>&, const std::vector<vault::Seq>&) override {
    return Unused();
  }
  Result<std::unique_ptr<vault::Cursor>> Read(const vault::Select&) override { return Unused(); }
  Result<std::uint64_t> Count(const vault::Select&) override { return Unused(); }
  Result<vault::Summary> Summarize(std::string_view) override { return Unused(); }
  Result<std::vector<vault::Tombstone>> Tombstones(std::string_view, vault::Seq, vault::Seq) override { return Unused(); }
  Result<std::uint64_t> WriteParquet(const vault::Select&, const std::vector<std::string>&, const std::string&,
                                     const std::function<bool()>&) override {
    return Unused();
  }

 private:
  struct Kept {
    std::string digest, response;
  };
  static tl::unexpected<Error> Unused() { return Fail(ErrorCode::kInternal, "ingest has no use for this"); }

  Result<vault::AppendResult> Take(vault::AppendRequest& request) {
    ++appends;
    if (failure) return tl::unexpected<Error>(*std::exchange(failure, std::nullopt));
    if (request.definition_version != dataset_->version) return Fail(ErrorCode::kDefinitionConflict, "the definition changed");
    if (const auto known = keys_.find(request.idempotency_key); !request.idempotency_key.empty() && known != keys_.end()) {
      if (known->second.digest != request.request_digest) return Fail(ErrorCode::kIdempotencyMismatch, "another request");
      vault::AppendResult result;
      result.repeated = true;
      result.seq = seq;
      result.response = known->second.response;
      return result;
    }
    vault::AppendResult result;
    last_bytes = request.batches->Bytes();
    while (true) {
      auto batch = request.batches->Next();
      if (!batch) return tl::unexpected<Error>(batch.error());
      if (*batch == nullptr) break;
      EXPECT_EQ((*batch)->fields.size(), dataset_->fields.size());
      EXPECT_TRUE(IsWellFormed(**batch));
      for (std::size_t row = 0; row < (*batch)->rows; ++row) rows.push_back(RowText(**batch, *dataset_, row));
      result.accepted += (*batch)->rows;
    }
    EXPECT_EQ(result.accepted, request.batches->Rows());
    if (!request.idempotency_key.empty()) keys_[request.idempotency_key] = {request.request_digest, request.response};
    result.written = result.accepted;
    result.seq = seq += static_cast<vault::Seq>(result.accepted);
    return result;
  }

  std::string id_ = "study";
  std::shared_ptr<const model::Dataset> dataset_;
  std::map<std::string, Kept> keys_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace sheaf::ingest::testing
