#include "quality/dataset_state.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "quality/state_file.h"
#include "vault/changes.h"

namespace sheaf::quality {
namespace {

using model::ColumnKind;

// The interval is looked for in the first records; so many of their distances must be there.
constexpr std::uint64_t kInferFrom = 20'000;
constexpr std::size_t kInferLeast = 50;
// Looking again is worth it when there are so many times more records.
constexpr std::uint64_t kInferGrowth = 4;
constexpr double kGapIntervals = 5;
// More groups to be checked anew than this are not named one by one.
constexpr std::size_t kMostNamed = 2000;
// The file is written after so many records, or this long after the last time.
constexpr std::uint64_t kWorthRecords = 500'000;
constexpr auto kWorthTime = std::chrono::seconds(30);
// A scan of this much leaves something behind even if the process is killed.
constexpr std::uint64_t kSaveEvery = 20'000'000;

//! Records up to a change, of these participants; of none in particular: everybody's.
model::Predicate CheckedBefore(vault::Seq upto, const std::vector<std::int32_t>& numbers) {
  model::Predicate all;
  model::Predicate before;
  before.op = model::Operator::kLessEqual;
  before.column.kind = ColumnKind::kSeq;
  before.values.emplace_back(std::int64_t{upto});
  all.children.push_back(std::move(before));
  if (numbers.empty()) return all;
  model::Predicate whose;
  whose.op = model::Operator::kIn;
  whose.column.kind = ColumnKind::kParticipantNumber;
  for (const auto number : numbers) whose.values.emplace_back(std::int64_t{number});
  all.children.push_back(std::move(whose));
  return all;
}

}  // namespace

DatasetState::DatasetState(std::string directory, std::int32_t dataset)
    : directory_(std::move(directory)), number_(dataset), duplicates_(StateFile::RunPrefix(directory_, dataset)) {}
DatasetState::~DatasetState() = default;

void DatasetState::Reset() {
  upto_ = vault::kNoSeq;
  up_to_date_ = false;
  saved_at_ = {};  // what is on disk may be of records that are gone
  groups_.Clear();
  pairs_.clear();
  windows_.clear();
  duplicates_.Clear();
  records_ = 0;
  inferred_.reset();
  inferred_from_ = 0;
  infer_settled_ = false;
  changed_ = true;
}

Status DatasetState::Load() {
  loaded_ = true;
  if (auto loaded = StateFile::Load(*this); !loaded) {
    if (loaded.error().code != ErrorCode::kNotFound) {
      LogWarning("the state of a dataset's quality was damaged and is made anew", {{"dataset", dataset_}});
    }
    Reset();
  }
  return {};
}

//! What the records are held to may have changed.
Status DatasetState::Adopt(const model::Dataset& dataset) {
  auto design = DesignOf(dataset);
  // It was refused when the definition came; one that was kept before is as if there were none.
  design_ = design ? *std::move(design) : quality::Design();
  const std::uint64_t signature = Signature(dataset, design_);
  if (signature != signature_) {
    Reset();
    signature_ = signature;
  }
  return {};
}

Micros DatasetState::MaxGap() const {
  if (!design_.On(Check::kGap)) return 0;
  if (design_.max_gap_ms) return static_cast<Micros>(*design_.max_gap_ms * 1000);
  const auto interval = Interval();
  return interval ? static_cast<Micros>(*interval * kGapIntervals * 1000) : 0;
}

//! Are the first records regular? Then by which interval.
Status DatasetState::Infer(vault::StudyVault& study, const model::Dataset& dataset, vault::Seq upto) {
  if (!design_.infer_interval || design_.interval_ms || infer_settled_) return {};
  SHEAF_ASSIGN(const auto summary, study.Summarize(dataset.id));
  if (summary.records < inferred_from_ * kInferGrowth || summary.records < 2) return {};
  vault::Select select;
  select.dataset = dataset.id;
  select.upto = upto;
  select.limit = kInferFrom;
  select.columns = {{ColumnKind::kParticipant, -1, {}}, {ColumnKind::kSession, -1, {}}, {ColumnKind::kTime, -1, {}}};
  SHEAF_ASSIGN(const auto cursor, study.Read(select));
  Groups last;
  std::vector<Micros> distances;
  std::uint64_t rows = 0;
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    rows += batch->rows;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      if (batch->columns[2].IsNull(row)) continue;
      const auto& session = batch->columns[1];
      Group& group = last.All()[last.At(batch->columns[0].At<std::int32_t>(row), session.IsNull(row) ? 0 : session.At<std::int32_t>(row))];
      const Micros time = batch->columns[2].At<std::int64_t>(row);
      if (group.previous != model::kNoTime && time > group.previous) distances.push_back(time - group.previous);
      group.previous = time;
    }
  }
  inferred_from_ = rows;
  if (distances.size() < kInferLeast) return {};
  infer_settled_ = rows >= kInferFrom;
  std::sort(distances.begin(), distances.end());
  const Micros quarter = distances[distances.size() / 4], middle = distances[distances.size() / 2],
               three_quarters = distances[distances.size() * 3 / 4];
  const auto found = three_quarters <= 2 * quarter ? std::optional<double>(static_cast<double>(middle) / 1000) : std::nullopt;
  // A first guess stays: another one would mean to read everything again.
  if (!found || inferred_) return {};
  const auto from = inferred_from_;
  const bool settled = infer_settled_;
  Reset();
  inferred_ = found;
  inferred_from_ = from;
  infer_settled_ = settled;
  return {};
}

//! Marks the groups of which something that was counted is no longer so.
Status DatasetState::MarkChanged(vault::StudyVault& study, const model::Dataset& dataset, const SessionWindows& sessions, vault::Seq upto) {
  if (upto_ == vault::kNoSeq) {
    windows_ = sessions;
    return {};
  }
  auto* const changes = study.Changes();
  if (changes == nullptr) return Fail(ErrorCode::kInternal, "this vault does not tell what went");
  SHEAF_ASSIGN(const auto died, changes->Died(dataset.id, upto_, upto));
  for (const auto& [participant, session] : died) groups_.All()[groups_.At(participant, session)].dirty = true;
  if (windows_ == sessions) return {};
  const auto window_of = [](const SessionWindows& windows, std::int32_t session) {
    const auto found = windows.find(session);
    return found == windows.end() ? SessionWindow() : found->second;
  };
  for (auto& group : groups_.All()) {
    if (group.session != 0 && group.timed > 0 && !(window_of(windows_, group.session) == window_of(sessions, group.session))) {
      group.dirty = true;
    }
  }
  windows_ = sessions;
  changed_ = true;
  return {};
}

Status DatasetState::CheckAnew(vault::StudyVault& study, BatchChecker& checker, vault::Seq upto) {
  std::vector<std::int32_t> participants;
  for (auto& group : groups_.All()) {
    if (!group.dirty) continue;
    group.Clear(groups_.NewEpoch());
    group.dirty = true;
    participants.push_back(group.participant);
  }
  if (participants.empty()) return {};
  changed_ = true;
  std::sort(participants.begin(), participants.end());
  participants.erase(std::unique(participants.begin(), participants.end()), participants.end());
  vault::Select select;
  select.dataset = dataset_;
  select.columns = checker.Columns();
  select.upto = upto;
  if (participants.size() > kMostNamed) participants.clear();
  // What came later is read with the rest.
  select.where = CheckedBefore(upto_, participants);
  SHEAF_ASSIGN(const auto cursor, study.Read(select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    records_read_ += batch->rows;
    SHEAF_TRY(checker.Check(*batch, true));
  }
  for (auto& group : groups_.All()) group.dirty = false;
  return {};
}

Status DatasetState::CheckNew(vault::StudyVault& study, BatchChecker& checker, vault::Seq upto, const Budget& budget) {
  vault::Select select;
  select.dataset = dataset_;
  select.columns = checker.Columns();
  select.after = upto_;
  select.upto = upto;
  SHEAF_ASSIGN(const auto cursor, study.Read(select));
  up_to_date_ = false;
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    if (batch->rows == 0) continue;
    changed_ = true;
    SHEAF_TRY(checker.Check(*batch, false));
    upto_ = batch->columns[0].At<std::int64_t>(batch->rows - 1);
    records_read_ += batch->rows;
    read_since_saved_ += batch->rows;
    if (budget.Spent()) return {};
    if (read_since_saved_ >= kSaveEvery) {
      SHEAF_TRY(checker.Finish());
      if (auto saved = Save(When::kAlways); !saved) LogWarning("a state of quality was not saved", {{"dataset", dataset_}});
    }
  }
  upto_ = upto;
  up_to_date_ = true;
  return {};
}

Status DatasetState::CheckUpto(vault::StudyVault& study, const model::Dataset& dataset, const SessionWindows& sessions, vault::Seq upto,
                               const Budget& budget) {
  SHEAF_TRY(Infer(study, dataset, upto));
  SHEAF_TRY(MarkChanged(study, dataset, sessions, upto));
  BatchChecker checker({dataset, design_, sessions, MaxGap(), groups_, pairs_, duplicates_});
  SHEAF_TRY(CheckAnew(study, checker, upto));
  SHEAF_TRY(CheckNew(study, checker, upto, budget));
  SHEAF_TRY(checker.Finish());
  const auto& all = groups_.All();
  if (std::any_of(all.begin(), all.end(), [](const Group& group) { return group.records == 0; }))
    groups_.Retain([](const Group& group) { return group.records > 0; });
  CountRecords();
  return {};
}

void DatasetState::CountRecords() {
  records_ = 0;
  for (const auto& group : groups_.All()) records_ += group.records;
}

//! Is what was counted what is there? Versions that went long ago leave no trace but this. Asked of what is kept at commit, and
//! left for another time while somebody writes.
Result<bool> DatasetState::Complete(vault::StudyVault& study, vault::Seq upto) {
  SHEAF_ASSIGN(const auto summary, study.Summarize(dataset_));
  return summary.last_seq > upto || summary.records == records_;
}

Status DatasetState::Refresh(vault::StudyVault& study, const std::shared_ptr<const model::Dataset>& dataset, const SessionWindows& sessions,
                             const std::vector<std::int32_t>& visible, std::uint64_t generation, const Budget& budget) {
  dataset_ = dataset->id;
  if (!loaded_) SHEAF_TRY(Load());
  SHEAF_TRY(Adopt(*dataset));
  if (generation_ != generation) {
    const std::size_t before = groups_.All().size();
    groups_.Retain([&](const Group& group) { return std::binary_search(visible.begin(), visible.end(), group.participant); });
    if (groups_.All().size() != before) {
      changed_ = true;
      saved_at_ = {};
    }
    generation_ = generation;
    CountRecords();
  }
  const vault::Seq upto = study.LastSeq();
  if (upto < upto_) Reset();  // of other records: the study's file was put back
  if (upto == upto_ && up_to_date_ && windows_ == sessions) return {};
  Status checked = CheckUpto(study, *dataset, sessions, upto, budget);
  if (checked && up_to_date_) {
    SHEAF_ASSIGN(const bool complete, Complete(study, upto_));
    if (!complete && study.PeopleGeneration() == generation) {
      Reset();
      checked = CheckUpto(study, *dataset, sessions, upto, budget);
    }
  }
  // Half of a batch may have been counted.
  if (!checked) Reset();
  return checked;
}

Status DatasetState::Save(When when) {
  if (!changed_) return {};
  const auto now = std::chrono::steady_clock::now();
  const bool worth = read_since_saved_ >= kWorthRecords || now - saved_at_ >= kWorthTime;
  if (when == When::kWorthIt && !worth) return {};
  SHEAF_TRY(StateFile::Save(*this));
  changed_ = false;
  read_since_saved_ = 0;
  saved_at_ = now;
  return {};
}

}  // namespace sheaf::quality
