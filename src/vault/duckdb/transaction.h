#pragma once
//! One commit of a study: the rows of many requests, all or nothing. Used by the writer's thread alone.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "vault/duckdb/row_appender.h"
#include "vault/duckdb/state.h"

namespace sheaf::vault {

class Transaction {
 public:
  Transaction(StudyState& state, Connection& connection);
  ~Transaction();  //!< rolls back what was not committed
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Status Begin();
  //! Takes a request's rows in. After an error the whole transaction must be given up.
  Status Append(AppendRequest& request, AppendResult& result);
  //! Marks rows deleted and leaves tombstones; answers how many there were.
  Result<std::uint64_t> Delete(const model::Dataset& dataset, const std::vector<std::string>& record_ids, const std::vector<Seq>& seqs);

  //! The next seq, for changes that are no rows.
  Seq TakeSeq() { return next_seq_++; }
  Connection& GetConnection() { return connection_; }
  Result<std::int32_t> ParticipantNumber(std::string_view id);
  Result<std::int32_t> SessionNumber(std::string_view id);
  //! As ParticipantNumber; kParticipantWithdrawn for who is not to be written about any more.
  Result<std::int32_t> PresentParticipant(std::string_view id);
  //! The participants' records leave the statistics, and each leaves a tombstone; the rows stay.
  Status Hide(const std::shared_ptr<const model::Dataset>& dataset, const std::vector<std::int32_t>& participants);
  //! They come back as new versions with new seqs.
  Status Show(const std::shared_ptr<const model::Dataset>& dataset, std::int32_t participant);
  //! The caller inserts the row of this new id itself, with all that is known of it.
  void ForgetNewParticipant(std::string_view id);
  void ForgetNewSession(std::string_view id);
  //! Runs after the commit, on the writer's thread, before readers see the new seq.
  void AfterCommit(std::function<void()> action) { after_commit_.push_back(std::move(action)); }

  //! Durable and visible when it returns without error.
  Status Commit();

 private:
  struct Written {  //!< per dataset
    std::shared_ptr<const model::Dataset> dataset;
    std::optional<RowAppender> appender;
    Statistics delta = Statistics::Delta();
    std::unordered_map<std::string, Seq> ids;  //!< record ids of this transaction
    bool unflushed = false;
  };
  struct Existing;  //!< rows of a batch that replace others

  Written& For(const std::shared_ptr<const model::Dataset>& dataset);
  Status AppendBatch(Written& written, const model::RecordBatch& batch, AppendResult& result);
  std::vector<RowStamp> ChooseRows(Written& written, const model::RecordBatch& batch, std::vector<Seq>& replaces);
  Status DropUnchanged(Written& written, const model::RecordBatch& batch, std::vector<RowStamp>& rows, std::vector<Seq>& replaces);
  Status Number(const model::RecordBatch& batch, std::vector<RowStamp>& rows);
  Status MarkDead(Written& written, const std::vector<std::pair<Seq, Seq>>& dead);
  Status InsertPeople();
  Result<std::uint64_t> CountWhere(Written& written, const std::string& condition, int sign);
  Status IndexFrom(const model::Dataset& dataset, std::int32_t participant, Seq first);
  Status FlushAppenders();

  StudyState& state_;
  Connection& connection_;
  Seq next_seq_;
  Micros now_;
  bool open_ = false;
  std::map<std::int32_t, Written> written_;
  std::unordered_map<std::string, std::int32_t> new_participants_, new_sessions_;
  std::vector<std::pair<std::int32_t, std::string>> participants_to_insert_, sessions_to_insert_;
  std::int32_t next_participant_, next_session_;
  std::optional<RecordIndex::Batch> index_batch_;
  std::vector<std::function<void()>> after_commit_;
  std::uint64_t rows_ = 0;
};

//! Is row `old_row` of a batch selected with CompareColumns the same record as row `row`? Receipt and seq do not count.
bool SameRecord(const model::ColumnBatch& old_batch, std::size_t old_row, const model::RecordBatch& batch, const RowStamp& row);
std::vector<model::Column> CompareColumns(const model::Dataset& dataset);

}  // namespace sheaf::vault
