#pragma once
//! A study in memory behind vault::StudyVault, for the tests of this room: rows as literals, filters, sorts, positions
//! and instants evaluated the plain way, batches of any size. Not thread-safe while rows are added.
//!
//!   FakeStudy study;
//!   study.Add(dataset);                       // a model::Dataset
//!   study.Add("mood", FakeRow{.participant = "P1", .time = 0, .values = {{0, std::int64_t{5}}}});

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/error.h"
#include "model/column.h"
#include "vault/vault.h"

namespace sheaf::exporting {

//! An answer: int64 for integer, datetime and enum (option number), double, bool, text, or a set's option numbers.
using FakeValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int32_t>>;

struct FakeRow {
  std::string id{};
  std::string participant = "P1";
  std::string session{};
  std::optional<Micros> time{};
  std::optional<std::int16_t> time_offset{};
  std::optional<double> onset_ms{};
  Micros received = 1'700'000'000'000'000;
  Micros updated = 1'700'000'000'000'000;
  std::map<int, FakeValue> values{};     //!< by field number; what is not here is absent
  std::vector<std::uint16_t> skipped{};  //!< field numbers, ascending
  std::string metadata{};
  // Set by FakeStudy:
  vault::Seq seq = 0;
  vault::Seq ended = 0;  //!< seq of the deletion; 0: still there
  std::int32_t participant_number = 0;
  std::int32_t session_number = -1;
};

class FakePeople final : public vault::PeopleView {
 public:
  std::string_view ParticipantId(std::int32_t number) const override { return At(participants, number); }
  std::string_view SessionId(std::int32_t number) const override { return At(sessions, number); }
  std::int32_t ParticipantLimit() const override { return static_cast<std::int32_t>(participants.size()); }
  std::int32_t SessionLimit() const override { return static_cast<std::int32_t>(sessions.size()); }

  std::vector<std::string> participants;
  std::vector<std::string> sessions;

 private:
  static std::string_view At(const std::vector<std::string>& ids, std::int32_t number) {
    return number >= 0 && static_cast<std::size_t>(number) < ids.size() ? std::string_view(ids[number]) : std::string_view();
  }
};

//! Owns the memory of a batch it builds column by column.
class FakeBatch {
 public:
  FakeBatch(std::size_t rows, const model::Dataset& dataset) : rows_(rows), dataset_(dataset) {}

  std::shared_ptr<const model::ColumnBatch> Build(const std::vector<model::Column>& columns, const FakeRow* const* rows) {
    auto batch = std::make_shared<model::ColumnBatch>();
    batch->rows = rows_;
    for (const model::Column& column : columns) batch->columns.push_back(BuildColumn(column, rows));
    batch->owner = std::make_shared<std::deque<std::vector<std::uint64_t>>>(std::move(memory_));
    return batch;
  }

 private:
  model::ColumnView BuildColumn(const model::Column& column, const FakeRow* const* rows) {
    using model::ColumnKind;
    switch (column.kind) {
      case ColumnKind::kSeq:
        return Numbers<std::int64_t>(model::CellType::kInt64, rows, [](const FakeRow& row) { return std::optional(row.seq); });
      case ColumnKind::kRecordId: return Strings(rows, [](const FakeRow& row) { return row.id; });
      case ColumnKind::kParticipant:
        return Numbers<std::int32_t>(model::CellType::kInt32, rows,
                                     [](const FakeRow& row) { return std::optional(row.participant_number); });
      case ColumnKind::kSession:
        return Numbers<std::int32_t>(model::CellType::kInt32, rows, [](const FakeRow& row) {
          return row.session_number < 0 ? std::nullopt : std::optional(row.session_number);
        });
      case ColumnKind::kTime: return Numbers<std::int64_t>(model::CellType::kInt64, rows, [](const FakeRow& row) { return row.time; });
      case ColumnKind::kTimeOffset:
        return Numbers<std::int16_t>(model::CellType::kInt16, rows, [](const FakeRow& row) { return row.time_offset; });
      case ColumnKind::kOnset: return Numbers<double>(model::CellType::kDouble, rows, [](const FakeRow& row) { return row.onset_ms; });
      case ColumnKind::kReceived:
        return Numbers<std::int64_t>(model::CellType::kInt64, rows, [](const FakeRow& row) { return std::optional(row.received); });
      case ColumnKind::kUpdated:
        return Numbers<std::int64_t>(model::CellType::kInt64, rows, [](const FakeRow& row) { return std::optional(row.updated); });
      case ColumnKind::kSkipped:
        return Strings(rows, [](const FakeRow& row) {
          return std::string(reinterpret_cast<const char*>(row.skipped.data()), row.skipped.size() * sizeof(std::uint16_t));
        });
      case ColumnKind::kMetadata: return Strings(rows, [](const FakeRow& row) { return row.metadata; });
      case ColumnKind::kField: return BuildField(column.field, rows);
      default: std::abort();  // not selectable
    }
  }

  template <class T, class Stored>
  static auto Answer(int field) {
    return [field](const FakeRow& row) -> std::optional<T> {
      const auto found = row.values.find(field);
      if (found == row.values.end()) return std::nullopt;
      return static_cast<T>(std::get<Stored>(found->second));
    };
  }

  model::ColumnView BuildField(int field, const FakeRow* const* rows) {
    using model::FieldType;
    switch (dataset_.fields[static_cast<std::size_t>(field)].type) {
      case FieldType::kInteger:
      case FieldType::kDatetime: return Numbers<std::int64_t>(model::CellType::kInt64, rows, Answer<std::int64_t, std::int64_t>(field));
      case FieldType::kDouble: return Numbers<double>(model::CellType::kDouble, rows, Answer<double, double>(field));
      case FieldType::kBoolean: return Numbers<bool>(model::CellType::kBool, rows, Answer<bool, bool>(field));
      case FieldType::kEnum: return Numbers<std::int32_t>(model::CellType::kInt32, rows, Answer<std::int32_t, std::int64_t>(field));
      case FieldType::kSet: return Lists(field, rows);
      default: return FieldStrings(field, rows);
    }
  }

  template <class T, class Get>
  model::ColumnView Numbers(model::CellType type, const FakeRow* const* rows, Get get) {
    T* cells = Allocate<T>(rows_);
    model::ColumnView view{type, cells, nullptr, nullptr};
    for (std::size_t row = 0; row < rows_; ++row) {
      const std::optional<T> cell = get(*rows[row]);
      if (cell) cells[row] = *cell;
      else SetNull(view, row);
    }
    return view;
  }

  // Empty text is null, but for a field's answer.
  template <class Get>
  model::ColumnView Strings(const FakeRow* const* rows, Get get) {
    auto* cells = Allocate<model::StringCell>(rows_);
    model::ColumnView view{model::CellType::kString, cells, nullptr, nullptr};
    for (std::size_t row = 0; row < rows_; ++row) {
      const std::string text = get(*rows[row]);
      if (text.empty()) SetNull(view, row);
      cells[row] = Cell(text);
    }
    return view;
  }

  model::ColumnView FieldStrings(int field, const FakeRow* const* rows) {
    auto* cells = Allocate<model::StringCell>(rows_);
    model::ColumnView view{model::CellType::kString, cells, nullptr, nullptr};
    for (std::size_t row = 0; row < rows_; ++row) {
      const auto found = rows[row]->values.find(field);
      if (found == rows[row]->values.end()) SetNull(view, row);
      else cells[row] = Cell(std::get<std::string>(found->second));
    }
    return view;
  }

  model::ColumnView Lists(int field, const FakeRow* const* rows) {
    auto* cells = Allocate<model::ListCell>(rows_);
    model::ColumnView view{model::CellType::kInt32List, cells, nullptr, nullptr};
    std::vector<std::int32_t> all;
    for (std::size_t row = 0; row < rows_; ++row) {
      const auto found = rows[row]->values.find(field);
      if (found == rows[row]->values.end()) {
        SetNull(view, row);
        continue;
      }
      const auto& ticked = std::get<std::vector<std::int32_t>>(found->second);
      cells[row] = {all.size(), ticked.size()};
      all.insert(all.end(), ticked.begin(), ticked.end());
    }
    auto* child = Allocate<std::int32_t>(all.size() + 1);
    std::copy(all.begin(), all.end(), child);
    view.child = child;
    return view;
  }

  model::StringCell Cell(std::string_view text) {
    model::StringCell cell{};
    cell.inlined.length = static_cast<std::uint32_t>(text.size());
    if (text.size() <= sizeof(cell.inlined.text)) {
      std::memcpy(cell.inlined.text, text.data(), text.size());
      return cell;
    }
    char* copy = Allocate<char>(text.size());
    std::memcpy(copy, text.data(), text.size());
    std::memcpy(cell.pointer.prefix, copy, sizeof(cell.pointer.prefix));
    cell.pointer.data = copy;
    return cell;
  }

  void SetNull(model::ColumnView& view, std::size_t row) {
    if (view.validity == nullptr) {
      auto* words = Allocate<std::uint64_t>((rows_ + 63) / 64);
      std::memset(words, 0xFF, (rows_ + 63) / 64 * sizeof(std::uint64_t));
      view.validity = words;
    }
    const_cast<std::uint64_t*>(view.validity)[row >> 6] &= ~(std::uint64_t{1} << (row & 63));
  }

  template <class T>
  T* Allocate(std::size_t count) {
    memory_.emplace_back(count * sizeof(T) / sizeof(std::uint64_t) + 1);
    return reinterpret_cast<T*>(memory_.back().data());
  }

  std::size_t rows_;
  const model::Dataset& dataset_;
  std::deque<std::vector<std::uint64_t>> memory_;
};

class FakeStudy;

class FakeCursor final : public vault::Cursor {
 public:
  FakeCursor(FakeStudy& study, std::shared_ptr<const model::Dataset> dataset, std::vector<const FakeRow*> rows, vault::Select select)
      : study_(study), dataset_(std::move(dataset)), rows_(std::move(rows)), select_(std::move(select)) {}
  Result<std::shared_ptr<const model::ColumnBatch>> Next() override;
  bool Resumable() const override { return select_.order.empty(); }
  void Suspend() override;
  void Interrupt() override { interrupted_ = true; }

 private:
  FakeStudy& study_;
  std::shared_ptr<const model::Dataset> dataset_;
  std::vector<const FakeRow*> rows_;
  vault::Select select_;
  std::size_t next_ = 0;
  std::atomic<bool> interrupted_{false};
};

class FakeStudy final : public vault::StudyVault {
 public:
  // ------------------------------------------------------------------ for tests
  std::size_t batch_rows = 2048;       //!< rows of a batch
  std::uint64_t fail_after_rows = 0;   //!< above 0: cursors fail with kIo once this many rows were given
  std::atomic<int> suspensions{0};     //!< calls of Cursor::Suspend
  std::function<void()> before_batch;  //!< called by every Cursor::Next

  void Add(model::Dataset dataset) { datasets_.push_back(std::make_shared<model::Dataset>(std::move(dataset))); }
  vault::Seq Add(std::string_view dataset, FakeRow row) {
    row.seq = ++last_seq_;
    row.participant_number = Number(people_->participants, participant_numbers_, row.participant);
    if (!row.session.empty()) row.session_number = Number(people_->sessions, session_numbers_, row.session);
    rows_[std::string(dataset)].push_back(std::move(row));
    return last_seq_;
  }
  void Delete(std::string_view dataset, vault::Seq seq) {
    for (FakeRow& row : rows_[std::string(dataset)]) {
      if (row.seq != seq) continue;
      row.ended = ++last_seq_;
      tombstones_[std::string(dataset)].push_back({row.ended, row.seq, row.id, row.updated + 1'000'000});
    }
  }
  const std::deque<FakeRow>& Rows(std::string_view dataset) { return rows_[std::string(dataset)]; }

  // ------------------------------------------------------------------ StudyVault
  const std::string& StudyId() const override { return id_; }
  Result<std::shared_ptr<const model::Dataset>> PutDataset(model::Dataset, bool*) override { return Unsupported(); }
  Result<std::shared_ptr<const model::Dataset>> FindDataset(std::string_view id) override {
    for (const auto& dataset : datasets_) {
      if (dataset->id == id) return dataset;
    }
    return Fail(ErrorCode::kNotFound, "There is no dataset with this id.");
  }
  std::vector<std::shared_ptr<const model::Dataset>> Datasets() override { return {datasets_.begin(), datasets_.end()}; }

  Result<model::Participant> PutParticipant(model::Participant, bool*) override { return Unsupported(); }
  Result<model::Participant> FindParticipant(std::string_view id) override {
    if (!ParticipantNumber(id)) return Fail(ErrorCode::kNotFound, "There is no participant with this id.");
    model::Participant participant;
    participant.id = id;
    participant.attributes = "{}";
    return participant;
  }
  Result<vault::Page<model::Participant>> Participants(const vault::ListOptions&) override { return Unsupported(); }
  Result<model::Session> PutSession(model::Session, bool*) override { return Unsupported(); }
  Result<model::Session> FindSession(std::string_view id) override {
    if (!SessionNumber(id)) return Fail(ErrorCode::kNotFound, "There is no session with this id.");
    model::Session session;
    session.id = id;
    session.attributes = "{}";
    return session;
  }
  Result<vault::Page<model::Session>> Sessions(const vault::ListOptions&) override { return Unsupported(); }
  std::shared_ptr<const vault::PeopleView> People() override { return std::make_shared<FakePeople>(*people_); }
  std::optional<std::int32_t> ParticipantNumber(std::string_view id) override { return Find(participant_numbers_, id); }
  std::optional<std::int32_t> SessionNumber(std::string_view id) override { return Find(session_numbers_, id); }
  void Append(vault::AppendRequest, AppendDone done) override { done(Unsupported()); }
  Result<std::uint64_t> DeleteRecords(std::string_view, const std::vector<std::string>&, const std::vector<vault::Seq>&) override {
    return Unsupported();
  }

  vault::Seq LastSeq() override { return last_seq_; }
  Result<std::unique_ptr<vault::Cursor>> Read(const vault::Select& select) override {
    SHEAF_ASSIGN(auto dataset, FindDataset(select.dataset));
    std::vector<const FakeRow*> rows = Matching(select);
    SortRows(rows, select);
    if (select.position) std::erase_if(rows, [&](const FakeRow* row) { return !IsAfter(*row, select); });
    if (select.limit > 0 && rows.size() > select.limit) rows.resize(select.limit);
    return std::make_unique<FakeCursor>(*this, std::move(dataset), std::move(rows), select);
  }
  Result<std::uint64_t> Count(const vault::Select& select) override { return Matching(select).size(); }
  Result<vault::Summary> Summarize(std::string_view dataset) override {
    vault::Summary summary;
    SHEAF_ASSIGN(auto definition, FindDataset(dataset));
    summary.fields.resize(definition->fields.size());
    for (const FakeRow& row : rows_[std::string(dataset)]) {
      if (row.ended != 0) continue;
      ++summary.records;
      if (row.time && (!summary.first_time || *row.time < *summary.first_time)) summary.first_time = row.time;
      if (row.time && (!summary.last_time || *row.time > *summary.last_time)) summary.last_time = row.time;
    }
    summary.participants = people_->participants.size();
    summary.sessions = people_->sessions.size();
    summary.last_seq = last_seq_;
    return summary;
  }
  Result<std::vector<vault::Tombstone>> Tombstones(std::string_view dataset, vault::Seq after, vault::Seq upto) override {
    std::vector<vault::Tombstone> found;
    for (const vault::Tombstone& tombstone : tombstones_[std::string(dataset)]) {
      if (tombstone.seq > after && tombstone.seq <= upto) found.push_back(tombstone);
    }
    return found;
  }
  Result<std::uint64_t> WriteParquet(const vault::Select&, const std::vector<std::string>&, const std::string&,
                                     const std::function<bool()>&) override {
    return Unsupported();
  }

 private:
  using Cell = std::optional<model::Value>;

  static tl::unexpected<Error> Unsupported() { return Fail(ErrorCode::kInternal, "The fake study cannot do this."); }
  static std::int32_t Number(std::vector<std::string>& ids, std::unordered_map<std::string, std::int32_t>& numbers, const std::string& id) {
    const auto [place, added] = numbers.try_emplace(id, static_cast<std::int32_t>(ids.size()));
    if (added) ids.push_back(id);
    return place->second;
  }
  static std::optional<std::int32_t> Find(const std::unordered_map<std::string, std::int32_t>& numbers, std::string_view id) {
    const auto found = numbers.find(std::string(id));
    return found == numbers.end() ? std::nullopt : std::optional(found->second);
  }

  std::vector<const FakeRow*> Matching(const vault::Select& select) {
    std::vector<const FakeRow*> rows;
    const auto found = rows_.find(select.dataset);
    if (found == rows_.end()) return rows;
    for (const FakeRow& row : found->second) {
      const bool there = row.seq <= select.upto && row.seq > select.after && (row.ended == 0 || row.ended > select.upto);
      if (there && (!select.where || Holds(*select.where, row))) rows.push_back(&row);
    }
    return rows;
  }

  static Cell CellOf(const model::Column& column, const FakeRow& row) {
    using model::ColumnKind;
    const auto text = [](const std::string& value) { return value.empty() ? Cell() : Cell(value); };
    switch (column.kind) {
      case ColumnKind::kSeq: return Cell(row.seq);
      case ColumnKind::kRecordId: return text(row.id);
      case ColumnKind::kParticipant: return Cell(std::int64_t{row.participant_number});
      case ColumnKind::kSession: return row.session_number < 0 ? Cell() : Cell(std::int64_t{row.session_number});
      case ColumnKind::kTime: return row.time ? Cell(*row.time) : Cell();
      case ColumnKind::kTimeOffset: return row.time_offset ? Cell(std::int64_t{*row.time_offset}) : Cell();
      case ColumnKind::kOnset: return row.onset_ms ? Cell(*row.onset_ms) : Cell();
      case ColumnKind::kReceived: return Cell(row.received);
      case ColumnKind::kUpdated: return Cell(row.updated);
      case ColumnKind::kParticipantId: return text(row.participant);
      case ColumnKind::kSessionId: return text(row.session);
      case ColumnKind::kField: break;
      default: return Cell();
    }
    const auto found = row.values.find(column.field);
    if (found == row.values.end()) return Cell();
    return std::visit(
        [](const auto& value) -> Cell {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::vector<std::int32_t>>) return Cell();
          else return Cell(value);
        },
        found->second);
  }

  static int Compare(const model::Value& left, const model::Value& right) {
    const auto number = [](const model::Value& value) -> std::optional<double> {
      if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
      if (const auto* real = std::get_if<double>(&value)) return *real;
      if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? 1.0 : 0.0;
      return std::nullopt;
    };
    const auto a = number(left), b = number(right);
    if (a && b && std::holds_alternative<std::int64_t>(left) && std::holds_alternative<std::int64_t>(right)) {
      const std::int64_t x = std::get<std::int64_t>(left), y = std::get<std::int64_t>(right);
      return x < y ? -1 : x > y;
    }
    if (a && b) return *a < *b ? -1 : *a > *b;
    return std::get<std::string>(left).compare(std::get<std::string>(right));
  }

  static std::string Lower(std::string text) {
    for (char& character : text) character = static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
    return text;
  }

  static bool Holds(const model::Predicate& predicate, const FakeRow& row) {
    using model::Operator;
    const auto child = [&row](const model::Predicate& inner) { return Holds(inner, row); };
    if (predicate.op == Operator::kAll) return std::all_of(predicate.children.begin(), predicate.children.end(), child);
    if (predicate.op == Operator::kAny) return std::any_of(predicate.children.begin(), predicate.children.end(), child);
    if (predicate.op == Operator::kNot) return !child(predicate.children.front());
    const Cell cell = CellOf(predicate.column, row);
    const auto is = [&](const model::Value& value) { return cell && Compare(*cell, value) == 0; };
    const auto& values = predicate.values;
    switch (predicate.op) {
      case Operator::kEqual: return is(values[0]);
      case Operator::kNotEqual: return !is(values[0]);
      case Operator::kGreater: return cell && Compare(*cell, values[0]) > 0;
      case Operator::kGreaterEqual: return cell && Compare(*cell, values[0]) >= 0;
      case Operator::kLess: return cell && Compare(*cell, values[0]) < 0;
      case Operator::kLessEqual: return cell && Compare(*cell, values[0]) <= 0;
      case Operator::kIn: return std::any_of(values.begin(), values.end(), is);
      case Operator::kNotIn: return std::none_of(values.begin(), values.end(), is);
      case Operator::kIsNull: return !cell;
      case Operator::kIsNotNull: return cell.has_value();
      case Operator::kBetween: return cell && Compare(*cell, values[0]) >= 0 && Compare(*cell, values[1]) <= 0;
      case Operator::kContains:
        return cell && Lower(std::get<std::string>(*cell)).find(Lower(std::get<std::string>(values[0]))) != std::string::npos;
      default: std::abort();  // not needed by a test yet
    }
  }

  // Below 0: `left` comes first. Nulls last either way, seq last of all.
  static int Order(const std::vector<Cell>& left, vault::Seq left_seq, const std::vector<Cell>& right, vault::Seq right_seq,
                   const vault::Select& select) {
    for (std::size_t key = 0; key < select.order.size(); ++key) {
      if (!left[key] || !right[key]) {
        if (left[key].has_value() != right[key].has_value()) return left[key] ? -1 : 1;
        continue;
      }
      const int compared = Compare(*left[key], *right[key]);
      if (compared != 0) return select.order[key].descending ? -compared : compared;
    }
    return left_seq < right_seq ? -1 : left_seq > right_seq;
  }
  static std::vector<Cell> KeysOf(const FakeRow& row, const vault::Select& select) {
    std::vector<Cell> keys;
    for (const model::SortKey& key : select.order) keys.push_back(CellOf(key.column, row));
    return keys;
  }
  static void SortRows(std::vector<const FakeRow*>& rows, const vault::Select& select) {
    std::sort(rows.begin(), rows.end(), [&](const FakeRow* left, const FakeRow* right) {
      return Order(KeysOf(*left, select), left->seq, KeysOf(*right, select), right->seq, select) < 0;
    });
  }
  static bool IsAfter(const FakeRow& row, const vault::Select& select) {
    return Order(KeysOf(row, select), row.seq, select.position->values, select.position->seq, select) > 0;
  }

  std::string id_ = "fake";
  std::vector<std::shared_ptr<const model::Dataset>> datasets_;
  std::map<std::string, std::deque<FakeRow>> rows_;
  std::map<std::string, std::vector<vault::Tombstone>> tombstones_;
  std::shared_ptr<FakePeople> people_ = std::make_shared<FakePeople>();
  std::unordered_map<std::string, std::int32_t> participant_numbers_, session_numbers_;
  vault::Seq last_seq_ = 0;
};

inline Result<std::shared_ptr<const model::ColumnBatch>> FakeCursor::Next() {
  if (study_.before_batch) study_.before_batch();
  if (interrupted_) return Fail(ErrorCode::kCancelled, "The reading was interrupted.");
  if (study_.fail_after_rows > 0 && next_ >= study_.fail_after_rows) return Fail(ErrorCode::kIo, "The fake study fails here.");
  if (next_ >= rows_.size()) return std::shared_ptr<const model::ColumnBatch>();
  const std::size_t rows = std::min(study_.batch_rows, rows_.size() - next_);
  auto batch = FakeBatch(rows, *dataset_).Build(select_.columns, rows_.data() + next_);
  next_ += rows;
  return batch;
}

inline void FakeCursor::Suspend() {
  if (Resumable()) ++study_.suspensions;
}

}  // namespace sheaf::exporting
