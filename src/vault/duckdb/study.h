#pragma once
//! One open study: StudyVault over its DuckDB file.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vault/care.h"
#include "vault/changes.h"
#include "vault/duckdb/state.h"
#include "vault/duckdb/writer.h"
#include "vault/vault.h"

namespace sheaf::vault {

class DuckStudy : public StudyVault, public PeopleCare, public StudyChanges, public std::enable_shared_from_this<DuckStudy> {
 public:
  struct Options {
    std::string study;
    std::string alias;
    std::string directory;  //!< of the study: records.duckdb, index/
    std::uint64_t queue_bytes = 0;
    ChangeHooks hooks = {};
  };
  //! Attaches (creating the file when `create`), migrates, loads. kNotFound without `create`.
  static Result<std::shared_ptr<DuckStudy>> Open(std::shared_ptr<Engine> engine, const Options& options, bool create);
  ~DuckStudy() override;
  //! Finishes writes, checkpoints and detaches. Nobody else may hold the study.
  Status Close();

  const std::string& StudyId() const override { return state_->study; }
  std::uint64_t Bytes() override;
  Result<std::shared_ptr<const model::Dataset>> PutDataset(model::Dataset dataset, bool* created) override;
  Result<std::shared_ptr<const model::Dataset>> FindDataset(std::string_view id) override;
  std::vector<std::shared_ptr<const model::Dataset>> Datasets() override;
  Result<model::Participant> PutParticipant(model::Participant participant, bool* created) override;
  Result<model::Participant> FindParticipant(std::string_view id) override;
  Result<Page<model::Participant>> Participants(const ListOptions& options) override;
  Result<model::Session> PutSession(model::Session session, bool* created) override;
  Result<model::Session> FindSession(std::string_view id) override;
  Result<Page<model::Session>> Sessions(const ListOptions& options) override;
  std::shared_ptr<const PeopleView> People() override;
  Result<std::vector<std::int32_t>> ParticipantNumbers(const model::Predicate& where) override;
  Result<std::vector<std::int32_t>> SessionNumbers(const std::optional<std::vector<std::int32_t>>& participants) override;
  std::optional<std::int32_t> ParticipantNumber(std::string_view id) override { return state_->people->ParticipantNumber(id); }
  std::optional<std::int32_t> SessionNumber(std::string_view id) override { return state_->people->SessionNumber(id); }
  void Append(AppendRequest request, AppendDone done) override;
  Result<std::uint64_t> DeleteRecords(std::string_view dataset, const std::vector<std::string>& record_ids,
                                      const std::vector<Seq>& seqs) override;
  Seq LastSeq() override { return state_->last_seq; }
  Result<std::unique_ptr<Cursor>> Read(const Select& select) override;
  Result<std::uint64_t> Count(const Select& select) override;
  Result<Summary> Summarize(std::string_view dataset) override;
  Result<Summary> SummarizePart(const Select& part) override;
  Result<std::vector<AggregateCell>> Aggregate(const AggregateRequest& request) override;
  Result<std::vector<Tombstone>> Tombstones(std::string_view dataset, Seq after, Seq upto) override;
  Result<std::uint64_t> WriteParquet(const Select& select, const std::vector<std::string>& names, const std::string& path,
                                     const std::function<bool()>& interrupt) override;
  Result<std::uint64_t> WriteParquetOf(const ParquetRows& rows, const std::string& path, const std::function<bool()>& interrupt) override;

  StudyChanges* Changes() override { return this; }
  Result<std::vector<SessionTimes>> TimesOfSessions() override;
  Result<std::vector<std::pair<std::int32_t, std::int32_t>>> Died(std::string_view dataset, Seq after, Seq upto) override;

  // Care of people: study_care.cc.
  PeopleCare* Care() override { return this; }
  std::uint64_t PeopleGeneration() override { return state_->people->Generation(); }
  Result<Consent> RecordConsent(std::string_view participant, Consent consent) override;
  Result<std::vector<Consent>> Consents(std::string_view participant) override;
  Result<Withdrawal> Withdraw(std::string_view participant, std::string_view reason) override;
  Status WithdrawAll(const std::vector<std::string>& participants) override;
  Status TakeBack(std::string_view participant) override;
  Result<std::optional<Withdrawal>> WithdrawalOf(std::string_view participant) override;
  bool AnyWithdrawn() const override { return !state_->people->Hidden()->empty(); }
  bool IsWithdrawn(std::string_view participant) const override;
  Result<std::vector<std::string>> WordsOf(const std::vector<std::string>& participants, const std::vector<std::string>& words) override;
  Result<std::vector<RenamedSession>> SessionsNaming(const std::vector<std::string>& participants) override;
  Result<Erased> Erase(std::string_view participant) override;
  Result<Erased> EraseAll(const std::vector<std::string>& participants, const std::vector<std::string>& datasets) override;
  Result<Erased> EraseRecords(std::string_view dataset) override;

  StudyState& State() { return *state_; }

 private:
  DuckStudy() = default;
  Status Attach(const Options& options, bool create);
  Result<Summary> SummarizeParticipants();
  std::vector<std::int32_t> Numbers(const std::vector<std::string>& participants) const;
  std::optional<std::uint64_t> CountFromStatistics(const Select& select, const model::Dataset& dataset) const;

  std::shared_ptr<StudyState> state_;
  std::unique_ptr<Writer> writer_;
  std::function<Status(std::string_view study)> rewritten_;
  bool attached_ = false;
};

}  // namespace sheaf::vault
