#include "vault/duckdb/statistics.h"

#include <algorithm>
#include <cstring>

namespace sheaf::vault {
namespace {

using model::kNoTime;

void Widen(Micros& first, Micros& last, Micros value) {
  if (value == kNoTime) return;
  if (first == kNoTime || value < first) first = value;
  if (last == kNoTime || value > last) last = value;
}
std::optional<Micros> Known(Micros value) { return value == kNoTime ? std::nullopt : std::optional(value); }
std::uint64_t PositiveCount(const std::vector<std::int64_t>& counts) {
  return static_cast<std::uint64_t>(std::count_if(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; }));
}

// The stored form: little-endian 64-bit words, a version first.
constexpr std::int64_t kFormat = 1;
void Put(std::string& out, std::int64_t value) {
  char bytes[8];
  std::memcpy(bytes, &value, 8);
  out.append(bytes, 8);
}
bool Take(std::string_view& in, std::int64_t& value) {
  if (in.size() < 8) return false;
  std::memcpy(&value, in.data(), 8);
  in.remove_prefix(8);
  return true;
}
void PutCounts(std::string& out, const std::vector<std::int64_t>& counts) {
  Put(out, static_cast<std::int64_t>(counts.size()));
  for (const auto count : counts) Put(out, count);
}
bool TakeCounts(std::string_view& in, std::vector<std::int64_t>& counts) {
  std::int64_t size = 0;
  if (!Take(in, size) || size < 0 || static_cast<std::uint64_t>(size) > in.size() / 8) return false;
  counts.resize(static_cast<std::size_t>(size));
  for (auto& count : counts) {
    if (!Take(in, count)) return false;
  }
  return true;
}

}  // namespace

std::vector<model::Column> Statistics::Columns(const model::Dataset& dataset) {
  std::vector<model::Column> columns = {{model::ColumnKind::kParticipant, -1, {}},
                                        {model::ColumnKind::kSession, -1, {}},
                                        {model::ColumnKind::kTime, -1, {}},
                                        {model::ColumnKind::kReceived, -1, {}},
                                        {model::ColumnKind::kSkipped, -1, {}}};
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    columns.push_back({model::ColumnKind::kField, static_cast<std::int32_t>(field), {}});
  }
  return columns;
}

void Statistics::CountPerson(PersonCounts& counts, std::int32_t number, std::int64_t amount) {
  if (number <= 0) return;
  if (sparse_) {
    counts.sparse[number] += amount;
    return;
  }
  auto& dense = counts.dense;
  if (dense.size() <= static_cast<std::size_t>(number)) {
    dense.resize(std::max<std::size_t>(static_cast<std::size_t>(number) + 1, dense.size() + dense.size() / 2));
  }
  dense[static_cast<std::size_t>(number)] += amount;
}

void Statistics::NoteTimes(Micros time, Micros received, int sign) {
  if (sign > 0) {
    Widen(first_time_, last_time_, time);
    Widen(first_received_, last_received_, received);
    return;
  }
  Widen(first_removed_, last_removed_, time);
  Widen(first_removed_received_, last_removed_received_, received);
}

void Statistics::Count(const model::ColumnBatch& batch, std::size_t fields, std::size_t begin, std::size_t end, int sign) {
  const auto& participant = batch.columns[0];
  const auto& session = batch.columns[1];
  const auto& time = batch.columns[2];
  const auto& received = batch.columns[3];
  const auto& skipped = batch.columns[4];
  SetFields(fields);
  records_ += static_cast<std::uint64_t>(static_cast<std::int64_t>(end - begin) * sign);
  for (std::size_t row = begin; row < end; ++row) {
    CountPerson(participants_, participant.At<std::int32_t>(row), sign);
    if (!session.IsNull(row)) CountPerson(sessions_, session.At<std::int32_t>(row), sign);
    NoteTimes(time.IsNull(row) ? kNoTime : time.At<std::int64_t>(row), received.At<std::int64_t>(row), sign);
    if (skipped.IsNull(row)) continue;
    const std::string_view numbers = skipped.At<model::StringCell>(row).View();
    for (std::size_t at = 0; at + 1 < numbers.size(); at += 2) {
      std::uint16_t field = 0;
      std::memcpy(&field, numbers.data() + at, 2);
      if (field < fields) fields_[field].skipped += sign;
    }
  }
  for (std::size_t field = 0; field < fields; ++field) {
    const auto& column = batch.columns[field + 5];
    auto answered = static_cast<std::int64_t>(end - begin);
    if (column.validity != nullptr) {
      for (std::size_t row = begin; row < end; ++row) answered -= column.IsNull(row) ? 1 : 0;
    }
    fields_[field].answered += sign * answered;
  }
}

void Statistics::CountRow(const model::RecordBatch& batch, std::size_t row, std::int32_t participant, std::int32_t session,
                          Micros received) {
  ++records_;
  CountPerson(participants_, participant, 1);
  CountPerson(sessions_, session, 1);
  NoteTimes(batch.time[row], received, 1);
  SetFields(batch.fields.size());
  for (std::size_t field = 0; field < batch.fields.size(); ++field) {
    const auto state = batch.fields[field].states[row];
    fields_[field].answered += state == model::CellState::kAnswered ? 1 : 0;
    fields_[field].skipped += state == model::CellState::kSkipped ? 1 : 0;
  }
}

void Statistics::Merge(const Statistics& delta) {
  records_ += delta.records_;
  Widen(first_time_, last_time_, delta.first_time_);
  Widen(first_time_, last_time_, delta.last_time_);
  Widen(first_received_, last_received_, delta.first_received_);
  Widen(first_received_, last_received_, delta.last_received_);
  // A row that went from an end of the range leaves the end unknown until somebody asks.
  const auto reaches = [](Micros removed_first, Micros removed_last, Micros first, Micros last) {
    return removed_first != kNoTime && (removed_first <= first || removed_last >= last);
  };
  range_uncertain_ = range_uncertain_ || reaches(delta.first_removed_, delta.last_removed_, first_time_, last_time_) ||
                     reaches(delta.first_removed_received_, delta.last_removed_received_, first_received_, last_received_);
  SetFields(delta.fields_.size());
  for (std::size_t field = 0; field < delta.fields_.size(); ++field) {
    fields_[field].answered += delta.fields_[field].answered;
    fields_[field].skipped += delta.fields_[field].skipped;
  }
  for (const auto& [number, amount] : delta.participants_.sparse) CountPerson(participants_, number, amount);
  for (const auto& [number, amount] : delta.sessions_.sparse) CountPerson(sessions_, number, amount);
  has_dead_rows = has_dead_rows || delta.has_dead_rows;
  last_seq = std::max(last_seq, delta.last_seq);
}

std::uint64_t Statistics::RecordsOf(std::int32_t participant) const {
  const auto& dense = participants_.dense;
  if (participant <= 0 || static_cast<std::size_t>(participant) >= dense.size()) return 0;
  return static_cast<std::uint64_t>(dense[static_cast<std::size_t>(participant)]);
}

void Statistics::SetRange(std::optional<Micros> first, std::optional<Micros> last, std::optional<Micros> first_received,
                          std::optional<Micros> last_received) {
  first_time_ = first.value_or(kNoTime);
  last_time_ = last.value_or(kNoTime);
  first_received_ = first_received.value_or(kNoTime);
  last_received_ = last_received.value_or(kNoTime);
  range_uncertain_ = false;
}

Summary Statistics::Summarize() const {
  Summary summary;
  summary.records = records_;
  summary.participants = PositiveCount(participants_.dense);
  summary.sessions = PositiveCount(sessions_.dense);
  summary.first_time = Known(first_time_);
  summary.last_time = Known(last_time_);
  summary.first_received = Known(first_received_);
  summary.last_received = Known(last_received_);
  summary.last_seq = last_seq;
  for (const auto& counts : fields_) {
    const auto answered = static_cast<std::uint64_t>(counts.answered);
    const auto skipped = static_cast<std::uint64_t>(counts.skipped);
    summary.fields.push_back({answered, skipped, records_ - answered - skipped});
  }
  return summary;
}

std::string Statistics::Serialize() const {
  std::string out;
  for (const std::int64_t word : {kFormat, static_cast<std::int64_t>(records_), first_time_, last_time_, first_received_, last_received_,
                                  std::int64_t{range_uncertain_}, std::int64_t{has_dead_rows}, last_seq}) {
    Put(out, word);
  }
  Put(out, static_cast<std::int64_t>(fields_.size()));
  for (const auto& counts : fields_) {
    Put(out, counts.answered);
    Put(out, counts.skipped);
  }
  PutCounts(out, participants_.dense);
  PutCounts(out, sessions_.dense);
  return out;
}

std::optional<Statistics> Statistics::Deserialize(std::string_view bytes) {
  Statistics statistics;
  std::int64_t words[9];
  for (auto& word : words) {
    if (!Take(bytes, word)) return std::nullopt;
  }
  if (words[0] != kFormat) return std::nullopt;
  statistics.records_ = static_cast<std::uint64_t>(words[1]);
  statistics.first_time_ = words[2];
  statistics.last_time_ = words[3];
  statistics.first_received_ = words[4];
  statistics.last_received_ = words[5];
  statistics.range_uncertain_ = words[6] != 0;
  statistics.has_dead_rows = words[7] != 0;
  statistics.last_seq = words[8];
  std::int64_t fields = 0;
  if (!Take(bytes, fields) || fields < 0 || static_cast<std::size_t>(fields) > model::kMaxFields) return std::nullopt;
  statistics.fields_.resize(static_cast<std::size_t>(fields));
  for (auto& counts : statistics.fields_) {
    if (!Take(bytes, counts.answered) || !Take(bytes, counts.skipped)) return std::nullopt;
  }
  if (!TakeCounts(bytes, statistics.participants_.dense) || !TakeCounts(bytes, statistics.sessions_.dense)) return std::nullopt;
  return statistics;
}

}  // namespace sheaf::vault
