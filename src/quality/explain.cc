#include "quality/explain.h"

#include <algorithm>

namespace sheaf::quality {
namespace {

using model::ColumnKind;
using model::DatasetKind;

bool IsEverybody(const Whom& whom) { return !whom.seen && !whom.participant && !whom.session && !whom.with_records; }

std::string WhyIncomplete(const DatasetReport& report) {
  if (report.dataset->kind == DatasetKind::kRecordings)
    return "Fewer recordings came than the design expects. Who denies the camera or the microphone has none.";
  switch (report.completeness->basis) {
    case Basis::kComponents: return "Components of the design have no record. Who disconnects, or is led another way, leaves them out.";
    case Basis::kInterval: return "Fewer samples came than there are intervals. A device that is off or disconnected sends none.";
    case Basis::kFields: return "Fields have neither an answer nor a skip. Who has not answered, or not to the end, leaves them out.";
    default: return "Fewer records came than the design expects. Who disconnects or leaves early sends no more.";
  }
}

void AddIncomplete(DatasetReport& report) {
  const auto& completeness = report.completeness;
  if (!completeness || completeness->received >= completeness->expected) return;
  report.others.push_back({Check::kIncomplete,
                           std::string(Name(completeness->basis)),
                           completeness->expected - completeness->received,
                           WhyIncomplete(report),
                           {}});
}

void AddRefused(const std::string& study, Refusals& refusals, DatasetReport& report) {
  for (const auto& [reason, count] : refusals.Of(study, report.dataset->id)) {
    report.others.push_back(
        {Check::kRefused, reason, count, "Records were refused when they were sent, and are not among these: " + reason + ".", {}});
  }
}

bool Has(const std::vector<std::string>& sorted, std::string_view text) { return std::binary_search(sorted.begin(), sorted.end(), text); }

//! A record that has, or names, no whole file.
class MissingFiles {
 public:
  MissingFiles(const Whom& whom, FilesOf files, const model::Dataset& dataset) : whom_(whom), files_(std::move(files)) {
    const bool donation = dataset.kind == DatasetKind::kDonation;
    payload_ = donation ? dataset.FieldNumber("payload") : -1;
    finding_.check = CheckOf(dataset);
    finding_.says = Describe(finding_.check).says;
  }

  static Check CheckOf(const model::Dataset& dataset) {
    return dataset.kind == DatasetKind::kDonation ? Check::kPayloadMissing : Check::kRecordingMissing;
  }

  std::vector<model::Column> Columns() const {
    std::vector<model::Column> columns = {
        {ColumnKind::kSeq, -1, {}}, {ColumnKind::kParticipant, -1, {}}, {ColumnKind::kSession, -1, {}}, {ColumnKind::kRecordId, -1, {}}};
    if (payload_ >= 0) columns.push_back({ColumnKind::kField, payload_, {}});
    return columns;
  }

  void Add(const model::ColumnBatch& batch) {
    const auto text = [&](std::size_t column, std::size_t row) {
      const auto& cells = batch.columns[column];
      return cells.IsNull(row) ? std::string_view() : cells.At<model::StringCell>(row).View();
    };
    for (std::size_t row = 0; row < batch.rows; ++row) {
      const std::int32_t session = batch.columns[2].IsNull(row) ? 0 : batch.columns[2].At<std::int32_t>(row);
      if (!Counts(batch.columns[1].At<std::int32_t>(row), session)) continue;
      const std::string_view payload = payload_ >= 0 ? text(4, row) : std::string_view();
      // Nothing was donated.
      if (payload_ >= 0 && payload.empty()) continue;
      if (payload_ >= 0 ? Has(files_.ids, payload) : Has(files_.records, text(3, row))) continue;
      ++finding_.count;
      if (finding_.samples.size() < kTallySamples) finding_.samples.push_back(batch.columns[0].At<std::int64_t>(row));
    }
  }

  const Notice& Found() const { return finding_; }

 private:
  bool Counts(std::int32_t participant, std::int32_t session) const {
    if (whom_.seen && !std::binary_search(whom_.seen->begin(), whom_.seen->end(), participant)) return false;
    return (!whom_.participant || *whom_.participant == participant) && (!whom_.session || *whom_.session == session);
  }

  const Whom& whom_;
  const FilesOf files_;
  int payload_ = -1;
  Notice finding_;
};

Status AddMissingFiles(vault::StudyVault& study, const Whom& whom, const FindFiles& find, const Design& design, DatasetReport& report) {
  const model::Dataset& dataset = *report.dataset;
  if (!design.On(MissingFiles::CheckOf(dataset))) return {};
  if (dataset.kind != DatasetKind::kRecordings && dataset.kind != DatasetKind::kDonation) return {};
  if (dataset.kind == DatasetKind::kDonation && dataset.FieldNumber("payload") < 0) return {};
  SHEAF_ASSIGN(auto files, find(study.StudyId(), dataset.id));
  MissingFiles missing(whom, std::move(files), dataset);
  vault::Select select;
  select.dataset = dataset.id;
  select.upto = study.LastSeq();
  select.columns = missing.Columns();
  SHEAF_ASSIGN(const auto cursor, study.Read(select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    missing.Add(*batch);
  }
  if (missing.Found().count > 0) report.others.push_back(missing.Found());
  return {};
}

}  // namespace

Status Explain(vault::StudyVault& study, const Whom& whom, Refusals* refusals, const FindFiles& files, const Design& design,
               DatasetReport& report) {
  if (files) SHEAF_TRY(AddMissingFiles(study, whom, files, design, report));
  // What was refused is nobody's in particular.
  if (refusals != nullptr && IsEverybody(whom) && design.On(Check::kRefused)) AddRefused(study.StudyId(), *refusals, report);
  if (design.On(Check::kIncomplete)) AddIncomplete(report);
  return {};
}

}  // namespace sheaf::quality
