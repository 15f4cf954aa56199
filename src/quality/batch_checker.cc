#include "quality/batch_checker.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quality/mix.h"

namespace sheaf::quality {
namespace {

using model::CellType;
using model::ColumnBatch;
using model::ColumnKind;
using model::ColumnView;
using model::FieldType;

// Places of the columns every batch has.
enum : std::size_t { kSeq, kParticipant, kSession, kTime, kOnset, kReceived, kSkipped, kFixed };

// 1900-01-01 and 2100-01-01.
constexpr Micros kFirstDate = -2208988800000000, kLastDate = 4102444800000000;
constexpr double kNoOnset = std::numeric_limits<double>::quiet_NaN();

//! Of a cell that is not null.
std::uint64_t HashCell(const ColumnView& view, std::size_t row) {
  switch (view.type) {
    case CellType::kInt16: return static_cast<std::uint64_t>(view.At<std::int16_t>(row));
    case CellType::kInt32: return static_cast<std::uint64_t>(view.At<std::int32_t>(row));
    case CellType::kInt64: return static_cast<std::uint64_t>(view.At<std::int64_t>(row));
    case CellType::kDouble: return BitsOf(view.At<double>(row));
    case CellType::kBool: return view.At<bool>(row) ? 1 : 0;
    case CellType::kString: return HashText(view.At<model::StringCell>(row).View());
    case CellType::kInt32List: {
      const auto& list = view.At<model::ListCell>(row);
      std::uint64_t hash = list.length;
      for (std::uint64_t i = 0; i < list.length; ++i) hash = Mix(hash, static_cast<std::uint64_t>(view.child[list.offset + i]));
      return hash;
    }
  }
  return 0;
}

double NumberAt(const ColumnView& view, std::size_t row) {
  return view.type == CellType::kDouble ? view.At<double>(row) : static_cast<double>(view.At<std::int64_t>(row));
}

bool AllNull(const ColumnView& view, std::size_t rows) {
  if (view.validity == nullptr) return false;
  for (std::size_t word = 0; word < (rows + 63) / 64; ++word) {
    if (view.validity[word] != 0) return false;
  }
  return true;
}

}  // namespace

BatchChecker::BatchChecker(const Parts& parts) : parts_(parts) {
  for (const auto kind : {ColumnKind::kSeq, ColumnKind::kParticipant, ColumnKind::kSession, ColumnKind::kTime, ColumnKind::kOnset,
                          ColumnKind::kReceived, ColumnKind::kSkipped}) {
    columns_.push_back({kind, -1, {}});
  }
  const auto& dataset = parts_.dataset;
  const auto& design = parts_.design;
  place_of_field_.assign(dataset.fields.size(), -1);
  const bool append = dataset.mode == model::DatasetMode::kAppend;
  order_matters_ = append;
  duplicates_matter_ = append && design.On(Check::kDuplicate);
  for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
    const auto& rule = dataset.fields[i];
    const int field = static_cast<int>(i);
    if (rule.required && design.On(Check::kRequired)) AddSource(field, required_);
    const bool number = rule.type == FieldType::kInteger || rule.type == FieldType::kDouble;
    if ((number && (rule.min || rule.max)) || rule.type == FieldType::kDouble || rule.type == FieldType::kDatetime)
      AddSource(field, valued_);
    if (duplicates_matter_) AddSource(field, hashed_);
  }
  if (design.basis == Basis::kFields) {
    for (const int field : design.counted_fields) AddSource(field, counted_);
  }
  if (design.basis == Basis::kComponents) {
    if (design.component_field >= 0) AddSource(design.component_field, pair_);
    if (design.state_field >= 0) AddSource(design.state_field, pair_);
  }
  if (design.event_field >= 0 && design.On(Check::kEventOrder)) {
    AddSource(design.event_field, event_);
    for (const int field : design.event_of) AddSource(field, event_of_);
    for (const auto& option : dataset.fields[static_cast<std::size_t>(design.event_field)].options)
      event_options_.push_back(MomentOf(option.id));
  }
  std::vector<Source> ends;
  for (const auto& [start, end] : design.spans) {
    if (!design.On(Check::kEndBeforeStart)) break;
    AddSource(start, ends);
    AddSource(end, ends);
  }
  for (std::size_t i = 0; i + 1 < ends.size(); i += 2) spans_.emplace_back(ends[i], ends[i + 1]);
  report_ = [this](std::uint32_t group, vault::Seq seq) { parts_.groups.All()[group].Found(Check::kDuplicate, -1, seq); };
}

void BatchChecker::AddSource(int field, std::vector<Source>& sources) {
  int& place = place_of_field_[static_cast<std::size_t>(field)];
  if (place < 0) {
    place = static_cast<int>(columns_.size());
    columns_.push_back({ColumnKind::kField, field, {}});
  }
  sources.push_back({field, static_cast<std::size_t>(place)});
}

Status BatchChecker::Check(const ColumnBatch& batch, bool dirty) {
  SHEAF_TRY(FindGroups(batch, dirty));
  CheckTimes(batch);
  for (const auto& source : required_) CheckRequired(batch, source);
  for (const auto& source : valued_) CheckValues(batch, source);
  for (const auto& [start, end] : spans_) CheckSpan(batch, start, end);
  if (parts_.design.basis == Basis::kFields) CountCells(batch);
  if (!pair_.empty()) NotePairs(batch);
  if (!event_.empty()) NoteEvents(batch);
  return duplicates_matter_ ? FindDuplicates(batch) : Status();
}

Status BatchChecker::Finish() { return parts_.duplicates.Settle(report_); }

Status BatchChecker::FindGroups(const ColumnBatch& batch, bool dirty) {
  rows_.resize(batch.rows);
  const auto& participants = batch.columns[kParticipant];
  const auto& sessions = batch.columns[kSession];
  for (std::size_t row = 0; row < batch.rows; ++row) {
    const std::int32_t session = sessions.IsNull(row) ? 0 : sessions.At<std::int32_t>(row);
    const std::uint32_t place = parts_.groups.At(participants.At<std::int32_t>(row), session);
    rows_[row] = parts_.groups.All()[place].dirty == dirty ? place : kNotLooked;
  }
  if (parts_.groups.All().size() <= kMostGroups) return {};
  return Fail(ErrorCode::kAggregateTooLarge, "The dataset has more pairs of participant and session than can be checked.");
}

void BatchChecker::CheckTimes(const ColumnBatch& batch) {
  const auto& times = batch.columns[kTime];
  const auto& onsets = batch.columns[kOnset];
  const auto& received = batch.columns[kReceived];
  const auto& seqs = batch.columns[kSeq];
  const bool wanted = parts_.design.time_expected && parts_.design.On(Check::kTimeMissing);
  EachRow(batch, [&](std::size_t row) {
    Group& group = At(row);
    ++group.records;
    const vault::Seq seq = seqs.At<std::int64_t>(row);
    if (times.IsNull(row)) {
      if (wanted) group.Found(Check::kTimeMissing, -1, seq);
      return;
    }
    const double onset = onsets.IsNull(row) ? kNoOnset : onsets.At<double>(row);
    CheckTime(group, times.At<std::int64_t>(row), received.At<std::int64_t>(row), onset, seq);
  });
}

void BatchChecker::CheckTime(Group& group, Micros time, Micros received, double onset, vault::Seq seq) {
  const Design& design = parts_.design;
  ++group.timed;
  if (group.first == model::kNoTime || time < group.first) group.first = time;
  if (group.last == model::kNoTime || time > group.last) group.last = time;
  const double ms = static_cast<double>(time) / 1000;
  if (ms - static_cast<double>(received) / 1000 > design.clock_ahead_ms && design.On(Check::kClockAhead)) {
    group.Found(Check::kClockAhead, -1, seq);
  }
  const SessionWindow* window = nullptr;
  if (group.session != 0) {
    const auto found = parts_.sessions.find(group.session);
    if (found != parts_.sessions.end()) window = &found->second;
  }
  double shift = kNoOnset;
  bool jumped = false;
  if (!std::isnan(onset)) {
    shift = ms - onset;
    const bool off_start = window != nullptr && window->start != model::kNoTime &&
                           std::abs(shift - static_cast<double>(window->start) / 1000) > design.onset_tolerance_ms;
    if (off_start && design.On(Check::kOnset)) group.Found(Check::kOnset, -1, seq);
    jumped = std::abs(shift - group.previous_shift) > design.clock_jump_ms;  // false where there is none before
  }
  if (order_matters_ && group.previous != model::kNoTime) {
    // What comes in another request may have waited somewhere; within one, a device sends in the order of its clock.
    const bool back = time < group.previous && received == group.previous_received;
    if (std::isnan(shift)) jumped = back && static_cast<double>(group.previous - time) / 1000 > design.clock_jump_ms;
    if (jumped && design.On(Check::kClockJump)) group.Found(Check::kClockJump, -1, seq);
    else if (back && design.On(Check::kTimeOrder)) group.Found(Check::kTimeOrder, -1, seq);
  }
  group.previous = time;
  group.previous_received = received;
  if (!std::isnan(shift)) group.previous_shift = shift;
  const bool after_end =
      window != nullptr && window->end != model::kNoTime && static_cast<double>(time - window->end) / 1000 > design.clock_ahead_ms;
  if (after_end && design.On(Check::kOutsideSession)) group.Found(Check::kOutsideSession, -1, seq);
  if (parts_.max_gap > 0) group.AddTime(time, seq, parts_.max_gap);
}

bool BatchChecker::Skipped(const ColumnBatch& batch, std::size_t row, int field) const {
  const auto& skipped = batch.columns[kSkipped];
  if (skipped.IsNull(row)) return false;
  const auto blob = skipped.At<model::StringCell>(row).View();
  for (std::size_t at = 0; at + 1 < blob.size(); at += 2) {
    const int number = static_cast<unsigned char>(blob[at]) | static_cast<unsigned char>(blob[at + 1]) << 8;
    if (number == field) return true;
  }
  return false;
}

void BatchChecker::CheckRequired(const ColumnBatch& batch, const Source& source) {
  const auto& view = batch.columns[source.place];
  if (view.validity == nullptr) return;
  EachRow(batch, [&](std::size_t row) {
    if (!view.IsNull(row) || Skipped(batch, row, source.field)) return;
    At(row).Found(Check::kRequired, source.field, batch.columns[kSeq].At<std::int64_t>(row));
  });
}

void BatchChecker::CheckValues(const ColumnBatch& batch, const Source& source) {
  const auto& view = batch.columns[source.place];
  if (AllNull(view, batch.rows)) return;
  const auto& rule = parts_.dataset.fields[static_cast<std::size_t>(source.field)];
  const auto& seqs = batch.columns[kSeq];
  const bool types = parts_.design.On(Check::kType), ranges = parts_.design.On(Check::kRange);
  if (rule.type == FieldType::kDatetime) {
    if (!types) return;
    EachRow(batch, [&](std::size_t row) {
      if (view.IsNull(row)) return;
      const Micros date = view.At<std::int64_t>(row);
      if (date < kFirstDate || date >= kLastDate) At(row).Found(Check::kType, source.field, seqs.At<std::int64_t>(row));
    });
    return;
  }
  const double least = rule.min.value_or(-std::numeric_limits<double>::infinity());
  const double most = rule.max.value_or(std::numeric_limits<double>::infinity());
  EachRow(batch, [&](std::size_t row) {
    if (view.IsNull(row)) return;
    const double number = NumberAt(view, row);
    if (!std::isfinite(number)) {
      if (types) At(row).Found(Check::kType, source.field, seqs.At<std::int64_t>(row));
    } else if (ranges && (number < least || number > most)) {
      At(row).Found(Check::kRange, source.field, seqs.At<std::int64_t>(row));
    }
  });
}

void BatchChecker::CheckSpan(const ColumnBatch& batch, const Source& start, const Source& end) {
  const auto& from = batch.columns[start.place];
  const auto& to = batch.columns[end.place];
  EachRow(batch, [&](std::size_t row) {
    if (from.IsNull(row) || to.IsNull(row)) return;
    const bool reversed =
        from.type == CellType::kInt64 ? to.At<std::int64_t>(row) < from.At<std::int64_t>(row) : to.At<double>(row) < from.At<double>(row);
    if (reversed) At(row).Found(Check::kEndBeforeStart, end.field, batch.columns[kSeq].At<std::int64_t>(row));
  });
}

void BatchChecker::CountCells(const ColumnBatch& batch) {
  hashes_.assign(batch.rows, 0);
  for (const auto& source : counted_) {
    const auto& view = batch.columns[source.place];
    if (AllNull(view, batch.rows)) continue;
    for (std::size_t row = 0; row < batch.rows; ++row) hashes_[row] += view.IsNull(row) ? 0 : 1;
  }
  const auto& skipped = batch.columns[kSkipped];
  EachRow(batch, [&](std::size_t row) {
    const std::size_t declined = skipped.IsNull(row) ? 0 : skipped.At<model::StringCell>(row).View().size() / 2;
    At(row).cells += hashes_[row] + declined;
  });
}

void BatchChecker::NotePairs(const ColumnBatch& batch) {
  auto& pairs = parts_.pairs;
  EachRow(batch, [&](std::size_t row) {
    std::uint64_t hash = 7;
    for (const auto& source : pair_) {
      const auto& view = batch.columns[source.place];
      hash = Mix(hash, view.IsNull(row) ? 0 : HashCell(view, row) + 1);
    }
    auto met = std::find(pairs.begin(), pairs.end(), hash);
    if (met == pairs.end()) {
      if (pairs.size() >= kMostPairs) return;
      met = pairs.insert(pairs.end(), hash);
    }
    const auto place = static_cast<std::uint16_t>(met - pairs.begin());
    auto& places = At(row).Detail().places;
    const auto at = std::lower_bound(places.begin(), places.end(), place);
    if (at == places.end() || *at != place) places.insert(at, place);
  });
}

void BatchChecker::NoteEvents(const ColumnBatch& batch) {
  const auto& types = batch.columns[event_.front().place];
  const auto& times = batch.columns[kTime];
  if (AllNull(types, batch.rows)) return;
  const auto moment_at = [&](std::size_t row) -> Moment {
    if (types.type == CellType::kString) return MomentOf(types.At<model::StringCell>(row).View());
    const auto option = types.type == CellType::kInt16 ? types.At<std::int16_t>(row) : types.At<std::int32_t>(row);
    const auto place = static_cast<std::size_t>(option);
    return place < event_options_.size() ? event_options_[place] : Moment();
  };
  EachRow(batch, [&](std::size_t row) {
    if (types.IsNull(row) || times.IsNull(row)) return;
    Moment moment = moment_at(row);
    if (moment.kind == Moment::Kind::kNeither) return;
    for (const auto& source : event_of_) {
      const auto& view = batch.columns[source.place];
      moment.what = Mix(moment.what, view.IsNull(row) ? 0 : HashCell(view, row) + 1);
    }
    NoteMoment(At(row).Detail().events, moment, times.At<std::int64_t>(row), batch.columns[kSeq].At<std::int64_t>(row));
  });
}

Status BatchChecker::FindDuplicates(const ColumnBatch& batch) {
  const auto& times = batch.columns[kTime];
  const auto& onsets = batch.columns[kOnset];
  hashes_.resize(batch.rows);
  for (std::size_t row = 0; row < batch.rows; ++row) {
    if (rows_[row] == kNotLooked || times.IsNull(row)) continue;
    const Group& group = At(row);
    // A group that is checked anew does not meet the hashes of what it was before.
    std::uint64_t hash = Mix(static_cast<std::uint64_t>(group.participant) << 32 | static_cast<std::uint32_t>(group.session), group.epoch);
    hash = Mix(hash, static_cast<std::uint64_t>(times.At<std::int64_t>(row)));
    if (!onsets.IsNull(row)) hash = Mix(hash, BitsOf(onsets.At<double>(row)));
    hashes_[row] = hash;
  }
  for (const auto& source : hashed_) {
    const auto& view = batch.columns[source.place];
    if (AllNull(view, batch.rows)) continue;
    const auto salt = static_cast<std::uint64_t>(source.field) * 0xD6E8FEB86659FD93u;
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (rows_[row] == kNotLooked || view.IsNull(row)) continue;
      hashes_[row] = Mix(hashes_[row], HashCell(view, row) ^ salt);
    }
  }
  for (std::size_t row = 0; row < batch.rows; ++row) {
    if (rows_[row] == kNotLooked || times.IsNull(row)) continue;
    SHEAF_TRY(parts_.duplicates.Add(hashes_[row], rows_[row], batch.columns[kSeq].At<std::int64_t>(row), report_));
  }
  return {};
}

}  // namespace sheaf::quality
