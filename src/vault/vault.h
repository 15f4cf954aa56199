#pragma once
//! The records of studies. One namespace a study; DuckDB files behind it (duckdb/), PostgreSQL later.
//!
//! Threads: every method may be called from any thread. Reading never waits for writing.
//! Durability: a write is acknowledged only when it survives `kill -9` and power loss.
//! Order: `seq` counts every change of a study in the order in which changes become visible: a reader that has seen
//! seq n will never later find a change numbered n or less. It is the cursor of all incremental reading.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/column.h"
#include "model/definition.h"
#include "model/predicate.h"
#include "model/record_batch.h"
#include "model/study.h"

namespace sheaf::vault {

class PeopleCare;
class StudyChanges;
struct ChangeHooks;

using Seq = std::int64_t;
inline constexpr Seq kNoSeq = 0;  //!< before the first change

// ---------------------------------------------------------------------------------------------- writing

//! Records decoded from one request: a list of batches, or a source that yields them again from a spool when they
//! do not fit memory. All for one dataset.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  //! The next batch, nullptr at the end. The batch is the caller's until the next call.
  virtual Result<model::RecordBatch*> Next() = 0;
  virtual std::size_t Rows() const = 0;
  virtual std::size_t Bytes() const = 0;
};

struct AppendRequest {
  std::string dataset;                  //!< id
  std::int32_t definition_version = 0;  //!< the version the batches were decoded by
  std::unique_ptr<BatchSource> batches;
  std::string idempotency_key;  //!< empty: none. Scoped by the caller (account, study)
  std::string request_digest;   //!< of the body: the same key with another digest is kIdempotencyMismatch
  std::string response;         //!< kept with the key; returned by a repetition in AppendResult::response
  //! StudyVault::PeopleGeneration() before the records were checked: when somebody withdrew since, the answer is
  //! kStudyRewritten and the records are to be checked again. 0: not checked.
  std::uint64_t people_generation = 0;
};

struct AppendResult {
  std::uint64_t accepted = 0;  //!< rows now in the vault through this request, repetitions included
  std::uint64_t written = 0;   //!< rows that changed something
  Seq seq = kNoSeq;            //!< the study's last seq after the commit
  bool repeated = false;       //!< the idempotency key was known: nothing was written
  std::string response;        //!< of the first request, when repeated
};

// ---------------------------------------------------------------------------------------------- reading

struct Select {
  std::string dataset;                 //!< id
  std::vector<model::Column> columns;  //!< what a ColumnBatch holds, in this order
  std::optional<model::Predicate> where;
  std::vector<model::SortKey> order;  //!< empty: by seq ascending, which streams without sorting
  Seq after = kNoSeq;                 //!< only versions with seq > after
  Seq upto = 0;                       //!< the instant: the state as of this seq (StudyVault::LastSeq())
  std::uint64_t limit = 0;            //!< 0: no limit
  std::string consented_to;           //!< a purpose: only rows of participants who consent to it now. Empty: everybody's
  //! Position of the last row of the page before, one value per sort key (nullopt: null) and its seq: rows after it.
  struct Position {
    std::vector<std::optional<model::Value>> values;
    Seq seq = kNoSeq;
  };
  std::optional<Position> position;
  //! Conditions on texts see them as mode remove lets them leave: addresses masked, ids of people as null. Otherwise
  //! a filter would find out what the rows no longer tell.
  bool masked = false;
};

//! A stream of rows of one instant, in bounded memory. One thread at a time. Batches stay valid after the next call
//! and after the cursor is gone.
class Cursor {
 public:
  virtual ~Cursor() = default;
  //! The next rows (at most a few thousand), nullptr at the end.
  virtual Result<std::shared_ptr<const model::ColumnBatch>> Next() = 0;
  //! True when the cursor reads in order of seq and can be suspended at any row. Such a cursor leaves out whoever
  //! withdraws while it reads; another ends with kStudyRewritten.
  virtual bool Resumable() const = 0;
  //! Lets go of the transaction and all memory; the following Next() goes on where reading stopped. No-op when not
  //! Resumable. Called when a reader is slow, so that it holds nothing.
  virtual void Suspend() = 0;
  //! Makes a running Next() of another thread return kCancelled soon. The one method callable from any thread.
  virtual void Interrupt() = 0;
};

//! What happened to a record that is no longer there.
struct Tombstone {
  Seq seq = kNoSeq;         //!< of the deletion
  Seq record_seq = kNoSeq;  //!< of the version that went
  std::string record_id;    //!< empty when it had none
  Micros deleted_at = 0;
};

struct FieldSummary {
  std::uint64_t answered = 0;
  std::uint64_t skipped = 0;
  std::uint64_t absent = 0;
};

//! Kept up to date at commit; asking costs no scan. Participants who withdrew are not in it.
struct Summary {
  std::uint64_t records = 0;
  std::uint64_t participants = 0;
  std::uint64_t sessions = 0;
  std::optional<Micros> first_time, last_time;
  std::optional<Micros> first_received, last_received;
  Seq last_seq = kNoSeq;  //!< of the last change of this dataset
  std::vector<FieldSummary> fields;
};

//! The ids of participants and sessions by number as of a moment; records carry numbers. Immutable, cheap to share.
class PeopleView {
 public:
  virtual ~PeopleView() = default;
  //! Ids by number; empty text for a number that is not (or no longer) used. Valid while the view lives.
  virtual std::string_view ParticipantId(std::int32_t number) const = 0;
  virtual std::string_view SessionId(std::int32_t number) const = 0;
  virtual std::int32_t ParticipantLimit() const = 0;  //!< above every number in use
  virtual std::int32_t SessionLimit() const = 0;
};

template <class T>
struct Page {
  std::vector<T> items;
  std::uint64_t total = 0;
  std::string next;  //!< id of the last item when more follow, else empty
};

//! What to count: the records of `part` by group, for each of the fields.
struct AggregateRequest {
  Select part;  //!< dataset, conditions, window
  struct Group {
    model::Column column;                     //!< a field (enum, boolean, string, integer, double) or a participant's attribute or status
    std::optional<double> band, bottom, top;  //!< of numbers
  };
  std::vector<Group> groups;
  std::vector<std::int32_t> fields;
  bool approximate = false;  //!< quartiles by a sketch
  std::size_t limit = 0;     //!< more cells than this are kAggregateTooLarge
};

//! One field in one group: of everybody (option -1), or of those who chose an option (enum, set; boolean: 0 and 1).
struct AggregateCell {
  std::vector<std::optional<std::string>> groups;  //!< values as text; enum fields: the option's number
  std::int32_t field = 0;
  std::int32_t option = -1;
  std::uint64_t answered = 0, answered_by = 0;  //!< records, and different participants
  std::uint64_t skipped = 0, skipped_by = 0;
  std::uint64_t absent = 0, absent_by = 0;
  std::optional<double> mean, sd, min, first_quartile, median, third_quartile, max;  //!< integer and double fields
};

//! Rows to be written as Parquet, wherever they come from.
struct ParquetRows {
  Cursor& cursor;                      //!< its batches hold `columns` first
  const model::Dataset& dataset;       //!< what the columns' fields are of
  std::vector<model::Column> columns;  //!< record columns and fields
  std::vector<std::string> names;      //!< one a column
  const PeopleView& people;            //!< what stands for participants and sessions
};

struct ListOptions {
  std::string after;  //!< id of the last item of the page before
  std::uint64_t limit = 100;
  std::string search;                                //!< substring of the id, code or name; empty: all
  std::optional<std::vector<std::int32_t>> numbers;  //!< of these alone
};

//! The participants, as records of a dataset that every study has and nobody can write: one each, with their code, status and
//! attributes; in order of their numbers, which stand for seq. Datasets() does not list it.
inline constexpr std::string_view kParticipantsDataset = "_participants";

//! Participants who withdrew are in no answer of it: not in rows, counts, summaries, lists. Only Care() knows them.
class StudyVault {
 public:
  virtual ~StudyVault() = default;

  virtual const std::string& StudyId() const = 0;
  //! What its records occupy on disk.
  virtual std::uint64_t Bytes() { return 0; }

  // Definitions. PutDataset creates, or changes by model::MergeDefinitions; it answers the definition as kept.
  virtual Result<std::shared_ptr<const model::Dataset>> PutDataset(model::Dataset dataset, bool* created) = 0;
  virtual Result<std::shared_ptr<const model::Dataset>> FindDataset(std::string_view id) = 0;  //!< kNotFound
  virtual std::vector<std::shared_ptr<const model::Dataset>> Datasets() = 0;                   //!< in order of creation

  // People and sessions. Put creates or replaces what is given; kept durable before it returns.
  virtual Result<model::Participant> PutParticipant(model::Participant participant, bool* created) = 0;
  virtual Result<model::Participant> FindParticipant(std::string_view id) = 0;
  virtual Result<Page<model::Participant>> Participants(const ListOptions& options) = 0;
  virtual Result<model::Session> PutSession(model::Session session, bool* created) = 0;
  virtual Result<model::Session> FindSession(std::string_view id) = 0;
  virtual Result<Page<model::Session>> Sessions(const ListOptions& options) = 0;
  virtual std::shared_ptr<const PeopleView> People() = 0;
  // For readers who do not see everybody.
  //! Those the condition holds for; it is of participants' columns alone. In ascending order.
  virtual Result<std::vector<std::int32_t>> ParticipantNumbers(const model::Predicate& where) {
    (void)where;
    return Fail(ErrorCode::kInternal, "this vault does not list numbers");
  }
  //! Sessions one of these participants attended or has records of; of nobody in particular: all. Looks at every record.
  virtual Result<std::vector<std::int32_t>> SessionNumbers(const std::optional<std::vector<std::int32_t>>& participants) {
    (void)participants;
    return Fail(ErrorCode::kInternal, "this vault does not list numbers");
  }
  //! Numbers for ids; nullopt when unknown.
  virtual std::optional<std::int32_t> ParticipantNumber(std::string_view id) = 0;
  virtual std::optional<std::int32_t> SessionNumber(std::string_view id) = 0;
  //! Consent, withdrawal, erasure (care.h); nullptr where a vault has none of it. Lives as long as the study.
  virtual PeopleCare* Care() { return nullptr; }
  //! What changes beside the records (changes.h); nullptr where a vault does not tell. Lives as long as the study.
  virtual StudyChanges* Changes() { return nullptr; }
  //! Changes whenever somebody withdraws, comes back or is erased: what was read at another number may be too much.
  virtual std::uint64_t PeopleGeneration() { return 1; }

  // Records in. `done` is called exactly once, from the writer's thread, when the rows are durable and visible, or
  // with the error; it must not block. Participants and sessions that records name are created on the way.
  // Errors: kNotFound (dataset), kDefinitionConflict (definition_version is old: decode again), kStorageFull,
  // kIdempotencyMismatch, kUnavailable (queue full; retry_after_s is set).
  using AppendDone = std::function<void(Result<AppendResult>)>;
  virtual void Append(AppendRequest request, AppendDone done) = 0;

  // Deleting records leaves tombstones. Answers how many went.
  virtual Result<std::uint64_t> DeleteRecords(std::string_view dataset, const std::vector<std::string>& record_ids,
                                              const std::vector<Seq>& seqs) = 0;

  // Records out.
  virtual Seq LastSeq() = 0;
  virtual Result<std::unique_ptr<Cursor>> Read(const Select& select) = 0;
  //! The number of rows the Select would yield (limit and position ignored). From statistics where they suffice.
  virtual Result<std::uint64_t> Count(const Select& select) = 0;
  virtual Result<Summary> Summarize(std::string_view dataset) = 0;
  //! The same of a part of the records, by reading them.
  virtual Result<Summary> SummarizePart(const Select& part) {
    (void)part;
    return Fail(ErrorCode::kInternal, "this vault does not summarize parts");
  }
  //! In order of field, group, option. Memory is bounded by the engine's.
  virtual Result<std::vector<AggregateCell>> Aggregate(const AggregateRequest& request) {
    (void)request;
    return Fail(ErrorCode::kInternal, "this vault does not aggregate");
  }
  virtual Result<std::vector<Tombstone>> Tombstones(std::string_view dataset, Seq after, Seq upto) = 0;
  //! Runs the Select with DuckDB's own Parquet writer into `path` (new file); `names` are the columns' names. Enum
  //! and set cells are written as option ids, participants and sessions as ids. Answers the number of rows.
  //! The file grows from front to back. `interrupt`, when set, is polled from another thread meanwhile, many times a
  //! second; true ends with kCancelled.
  virtual Result<std::uint64_t> WriteParquet(const Select& select, const std::vector<std::string>& names, const std::string& path,
                                             const std::function<bool()>& interrupt) = 0;
  //! The same of rows that are not as they are kept; in their order.
  virtual Result<std::uint64_t> WriteParquetOf(const ParquetRows& rows, const std::string& path, const std::function<bool()>& interrupt) {
    (void)rows, (void)path, (void)interrupt;
    return Fail(ErrorCode::kInternal, "this vault writes Parquet of its own rows only");
  }
};

struct VaultOptions {
  std::string directory;                      //!< DIR/studies; created when missing
  std::string temporary;                      //!< DIR/tmp: spills
  std::uint64_t memory_bytes = 384ull << 20;  //!< of the engine
  int threads = 0;                            //!< 0: all cores
  std::uint64_t queue_bytes = 128ull << 20;   //!< of a study's writer: above it Append answers kUnavailable
};

class Vault {
 public:
  virtual ~Vault() = default;
  virtual Status CreateStudy(std::string_view study) = 0;
  //! Opened on demand, closed when idle and not held. kNotFound when there is no such namespace.
  virtual Result<std::shared_ptr<StudyVault>> OpenStudy(std::string_view study) = 0;
  virtual Status DropStudy(std::string_view study) = 0;
  //! Checks one study thoroughly; every finding is a sentence. Empty: sound.
  virtual Result<std::vector<std::string>> CheckStudy(std::string_view study) = 0;
  virtual std::vector<std::string> Studies() = 0;  //!< namespaces on disk
  //! From now on called at changes of any study (changes.h). To be set before any study is opened; a vault that does not tell ignores it.
  virtual void OnChange(const ChangeHooks& hooks) { (void)hooks; }
  //! Finishes queued writes, checkpoints, closes. No call may follow.
  virtual Status Close() = 0;
};

Result<std::unique_ptr<Vault>> OpenDuckDbVault(const VaultOptions& options);

}  // namespace sheaf::vault
