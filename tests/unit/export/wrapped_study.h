#pragma once
//! The fake study with parts replaced by tests: Parquet, cursors, the moment before a read.

#include <atomic>
#include <fstream>
#include <functional>

#include "fake_vault.h"

namespace sheaf::exporting {

class WrappedStudy final : public vault::StudyVault {
 public:
  explicit WrappedStudy(FakeStudy& study) : study_(study) {}

  std::function<Result<std::unique_ptr<vault::Cursor>>(std::unique_ptr<vault::Cursor>)> wrap_cursor;
  std::function<Status(const std::function<bool()>& interrupt)> before_parquet;
  bool parquet_without_magic = false;
  std::uint64_t count_error = 0;              //!< Count is off by this
  std::atomic<int> erased_while_counted = 0;  //!< so often somebody goes between Count and Read
  std::atomic<std::uint64_t> generation = 1;

  //! What the fake writes for Parquet: not the format, but begun like it, with a line a row.
  Result<std::uint64_t> WriteParquet(const vault::Select& select, const std::vector<std::string>& names, const std::string& path,
                                     const std::function<bool()>& interrupt) override {
    if (before_parquet) SHEAF_TRY(before_parquet(interrupt));
    std::ofstream file(path);
    file << (parquet_without_magic ? "XXXX" : "PAR1");
    for (const auto& name : names) file << name << '|';
    SHEAF_ASSIGN(auto cursor, study_.Read(select));
    std::uint64_t rows = 0;
    for (;;) {
      if (interrupt && interrupt()) return Fail(ErrorCode::kCancelled, "stopped");
      SHEAF_ASSIGN(auto batch, cursor->Next());
      if (!batch) break;
      for (std::size_t row = 0; row < batch->rows; ++row) file << "\nrow " << ++rows;
    }
    file << "PAR1";
    return rows;
  }
  Result<std::unique_ptr<vault::Cursor>> Read(const vault::Select& select) override {
    auto cursor = study_.Read(select);
    if (!cursor || !wrap_cursor) return cursor;
    return wrap_cursor(std::move(*cursor));
  }
  Result<std::uint64_t> Count(const vault::Select& select) override {
    SHEAF_ASSIGN(const auto rows, study_.Count(select));
    if (erased_while_counted <= 0) return rows + count_error;
    --erased_while_counted;
    ++generation;
    return rows + 1;
  }
  std::uint64_t PeopleGeneration() override { return generation; }

  const std::string& StudyId() const override { return study_.StudyId(); }
  Result<std::shared_ptr<const model::Dataset>> PutDataset(model::Dataset dataset, bool* created) override {
    return study_.PutDataset(std::move(dataset), created);
  }
  Result<std::shared_ptr<const model::Dataset>> FindDataset(std::string_view id) override { return study_.FindDataset(id); }
  std::vector<std::shared_ptr<const model::Dataset>> Datasets() override { return study_.Datasets(); }
  Result<model::Participant> PutParticipant(model::Participant participant, bool* created) override {
    return study_.PutParticipant(std::move(participant), created);
  }
  Result<model::Participant> FindParticipant(std::string_view id) override { return study_.FindParticipant(id); }
  Result<vault::Page<model::Participant>> Participants(const vault::ListOptions& options) override { return study_.Participants(options); }
  Result<model::Session> PutSession(model::Session session, bool* created) override {
    return study_.PutSession(std::move(session), created);
  }
  Result<model::Session> FindSession(std::string_view id) override { return study_.FindSession(id); }
  Result<vault::Page<model::Session>> Sessions(const vault::ListOptions& options) override { return study_.Sessions(options); }
  std::shared_ptr<const vault::PeopleView> People() override { return study_.People(); }
  std::optional<std::int32_t> ParticipantNumber(std::string_view id) override { return study_.ParticipantNumber(id); }
  std::optional<std::int32_t> SessionNumber(std::string_view id) override { return study_.SessionNumber(id); }
  void Append(vault::AppendRequest request, AppendDone done) override { study_.Append(std::move(request), std::move(done)); }
  Result<std::uint64_t> DeleteRecords(std::string_view dataset, const std::vector<std::string>& ids,
                                      const std::vector<vault::Seq>& seqs) override {
    return study_.DeleteRecords(dataset, ids, seqs);
  }
  vault::Seq LastSeq() override { return study_.LastSeq(); }
  Result<vault::Summary> Summarize(std::string_view dataset) override { return study_.Summarize(dataset); }
  Result<std::vector<vault::Tombstone>> Tombstones(std::string_view dataset, vault::Seq after, vault::Seq upto) override {
    return study_.Tombstones(dataset, after, upto);
  }

 private:
  FakeStudy& study_;
};

}  // namespace sheaf::exporting
