#pragma once
//! Rows into batches: whatever the format, a record's parts end up here, are checked against the definition, and
//! stay only when the whole record is right.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ingest/decode.h"
#include "ingest/name_table.h"
#include "model/record_batch.h"

namespace sheaf::ingest {

//! Why a record was not taken.
struct Fault {
  ErrorCode code{};
  std::string field;
  std::string sentence;
};

//! For sentences: at most 40 bytes of `text`, quoted, cut between characters, control characters as `?`.
std::string Excerpt(std::string_view text);

//! Between Begin and Finish, every bool is false when the record is at fault; then call Discard and TakeFault. Texts
//! handed over must stay until Finish, but for those of Put…, which are copied at once.
class RowBuilder {
 public:
  RowBuilder(std::shared_ptr<const model::Dataset> dataset, BatchSink sink);

  void Bar(Decoder::Barred barred) { barred_ = std::move(barred); }

  const model::Dataset& Definition() const { return *dataset_; }
  const model::Field& FieldAt(int field) const { return dataset_->fields[static_cast<std::size_t>(field)]; }
  std::size_t FieldCount() const { return dataset_->fields.size(); }
  //! The field's number, or -1.
  int FindField(std::string_view id) const { return names_.Find(id); }
  //! The option's number by id, else by code, or -1.
  int FindOption(int field, std::string_view id_or_code);

  void Begin();

  // What every record has. Empty text: not given.
  bool SetParticipant(std::string_view id) { return SetKnownId("participant", id, last_participant_, &participant_); }
  bool SetSession(std::string_view id) { return SetKnownId("session", id, last_session_, &session_); }
  bool SetRecordId(std::string_view id) { return SetId("id", id, &record_id_); }
  bool SetTime(std::string_view iso);
  bool SetTimeOffset(std::string_view offset);
  bool SetOnset(double milliseconds);
  void SetMetadata(std::string_view json) { metadata_ = json; }

  //! Before a field's value is put: false when the record named it before.
  bool Claim(int field) {
    auto& stamp = claimed_[static_cast<std::size_t>(field)];
    if (stamp == row_stamp_) return FailField(ErrorCode::kBadMember, field, "The record names the field twice.");
    stamp = row_stamp_;
    return true;
  }
  //! A field is skipped by its value or by the list of skipped ones, or by both.
  bool PutSkipped(int field);
  bool PutInteger(int field, std::int64_t value) {
    model::FieldColumn* const column = Open(field, model::CellState::kAnswered);
    if (column == nullptr) return false;
    column->integers.push_back(value);
    return true;
  }
  bool PutDouble(int field, double value) {
    model::FieldColumn* const column = Open(field, model::CellState::kAnswered);
    if (column == nullptr) return false;
    column->doubles.push_back(value);
    return true;
  }
  bool PutBoolean(int field, bool value) { return PutInteger(field, value ? 1 : 0); }
  bool PutDatetime(int field, std::string_view iso);
  bool PutText(int field, std::string_view text);
  bool PutIdentifier(int field, std::string_view text);
  bool PutJson(int field, std::string_view minified);
  bool PutOption(int field, std::string_view id_or_code);
  //! Sets: BeginSet, AddToSet for each.
  bool BeginSet(int field);
  bool AddToSet(int field, std::string_view id_or_code);

  //! Checks what only the whole record can tell, and keeps the row.
  bool Finish();
  //! Forgets the row: the batch is as it was before Begin.
  void Discard();

  //! Remembers the fault; always false.
  bool Fail(ErrorCode code, std::string_view field, std::string sentence);
  bool FailField(ErrorCode code, int field, std::string sentence) { return Fail(code, FieldAt(field).id, std::move(sentence)); }
  Fault TakeFault() { return std::move(fault_); }

  //! Hands the batch on when it is full.
  Status FlushIfFull() { return batch_.rows < kBatchRows && batch_.bytes < kBatchBytes ? Status() : Flush(); }
  //! Hands on what there is.
  Status Flush();

 private:
  // The field's column, with the cell's state written; nullptr when the record has a cell for the field already.
  model::FieldColumn* Open(int field, model::CellState state) {
    const auto place = static_cast<std::size_t>(field);
    model::FieldColumn& column = batch_.fields[place];
    if (written_[place] == row_stamp_ || column.states.size() < batch_.rows) [[unlikely]] {
      if (!MakeRoom(field, column)) return nullptr;
    }
    written_[place] = row_stamp_;
    touched_[touched_count_++] = field;
    column.states.push_back(state);
    return &column;
  }
  bool MakeRoom(int field, model::FieldColumn& column);
  bool SetId(std::string_view member, std::string_view id, std::string_view* kept);
  // One participant's records mostly come together: what was good for the record before is good again.
  bool SetKnownId(std::string_view member, std::string_view id, const std::string& last, std::string_view* kept) {
    if (id != last) return SetId(member, id, kept);
    *kept = id;
    return true;
  }
  std::int32_t PlaceOf(std::string_view id, model::IdDictionary& dictionary, std::string& last_id, std::int32_t& last_place);
  bool UnknownOption(int field, std::string_view option);

  std::shared_ptr<const model::Dataset> dataset_;
  BatchSink sink_;
  Decoder::Barred barred_;
  model::RecordBatch batch_;
  NameTable names_;
  std::vector<std::optional<NameTable>> option_ids_;
  std::vector<std::optional<NameTable>> option_codes_;
  std::vector<int> required_;
  std::size_t row_bytes_ = 0;  // of the columns' fixed parts

  // The row being built. A stamp equal to row_stamp_ means: of this row.
  std::uint64_t row_stamp_ = 0;
  std::vector<std::uint64_t> written_;  // the field has a cell
  std::vector<std::uint64_t> claimed_;  // the record named the field
  std::vector<int> touched_;
  std::size_t touched_count_ = 0;
  std::size_t variable_bytes_ = 0;
  std::uint64_t set_stamp_ = 0;
  std::vector<std::uint64_t> in_set_;  // by option: equal to set_stamp_ when the set being built has it
  std::string_view participant_, session_, record_id_, metadata_;
  Micros time_ = model::kNoTime;
  std::int16_t time_offset_ = model::kNoOffset;
  bool offset_given_ = false;
  double onset_ms_ = 0;
  Fault fault_;

  std::string last_participant_, last_session_;
  std::int32_t last_participant_place_ = -1, last_session_place_ = -1;
};

}  // namespace sheaf::ingest
