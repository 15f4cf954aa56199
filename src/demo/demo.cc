#include "demo/demo.h"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <memory>
#include <utility>

#include "base/log.h"
#include "catalog/donation_table.h"
#include "demo/studies.h"
#include "model/definition_json.h"

namespace sheaf::demo {
namespace {

// One batch as the vault wants it.
class OneBatch : public vault::BatchSource {
 public:
  explicit OneBatch(model::RecordBatch&& batch) : batch_(std::move(batch)) {}
  Result<model::RecordBatch*> Next() override { return std::exchange(given_, true) ? nullptr : &batch_; }
  std::size_t Rows() const override { return batch_.rows; }
  std::size_t Bytes() const override { return batch_.bytes; }

 private:
  model::RecordBatch batch_;
  bool given_ = false;
};

Result<vault::AppendResult> AppendAndWait(vault::StudyVault& study, const model::Dataset& dataset, model::RecordBatch&& batch) {
  vault::AppendRequest request;
  request.dataset = dataset.id;
  request.definition_version = dataset.version;
  request.batches = std::make_unique<OneBatch>(std::move(batch));
  std::promise<Result<vault::AppendResult>> promise;
  auto answer = promise.get_future();
  study.Append(std::move(request), [&promise](Result<vault::AppendResult> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

Status FillDataset(vault::StudyVault& study, const DatasetPlan& plan, Summary& summary) {
  SHEAF_ASSIGN(const auto dataset, study.PutDataset(plan.definition, nullptr));
  DatasetSummary filled{study.StudyId(), dataset->id, 0};
  SHEAF_TRY(plan.generate(*dataset, [&](model::RecordBatch&& batch) -> Status {
    SHEAF_ASSIGN(const vault::AppendResult result, AppendAndWait(study, *dataset, std::move(batch)));
    filled.rows += result.accepted;
    return {};
  }));
  summary.rows += filled.rows;
  summary.datasets.push_back(std::move(filled));
  return {};
}

Status KeepFile(files::Files& files, const StudyPlan& plan, const FilePlan& planned) {
  files::File file;
  file.study = plan.study.id;
  file.id = planned.id;
  file.kind = planned.kind;
  file.name = planned.name;
  file.media_type = planned.media_type;
  file.participant = planned.participant;
  file.session = planned.session;
  file.dataset = planned.dataset;
  file.record = planned.record;
  file.field = planned.field;
  file.started_at = planned.started_at;
  file.ended_at = planned.ended_at;
  file.duration_ms = planned.duration_ms;
  file.account = plan.study.owner;
  SHEAF_TRY(files.Begin(std::move(file), nullptr));
  const std::string bytes = planned.bytes();
  bool given = false;
  const auto source = [&]() -> Result<std::span<const char>> {
    return std::exchange(given, true) ? std::span<const char>() : std::span<const char>(bytes);
  };
  SHEAF_TRY(files.Put(plan.study.id, planned.id, source));
  return {};
}

Status FillStudy(vault::Vault& vault, catalog::Catalog& catalog, files::Files& files, StudyPlan plan, const std::string& owner,
                 Summary& summary) {
  const auto namespaces = vault.Studies();
  // Without an entry in the catalog it is what an interrupted call left behind.
  if (std::find(namespaces.begin(), namespaces.end(), plan.study.id) != namespaces.end()) { SHEAF_TRY(vault.DropStudy(plan.study.id)); }
  SHEAF_TRY(vault.CreateStudy(plan.study.id));
  SHEAF_ASSIGN(const auto study, vault.OpenStudy(plan.study.id));
  for (auto& participant : plan.participants) SHEAF_TRY(study->PutParticipant(std::move(participant), nullptr));
  for (auto& session : plan.sessions) SHEAF_TRY(study->PutSession(std::move(session), nullptr));
  for (const DatasetPlan& dataset : plan.datasets) SHEAF_TRY(FillDataset(*study, dataset, summary));
  summary.participants += plan.participants.size();
  summary.sessions += plan.sessions.size();
  plan.study.owner = owner;
  SHEAF_TRY(catalog.AddStudy(plan.study));
  for (const FilePlan& file : plan.files) SHEAF_TRY(KeepFile(files, plan, file));
  summary.files += plan.files.size();
  if (plan.project) {
    const auto& project = *plan.project;
    SHEAF_TRY(
        catalog.Donations().PutProject({plan.study.id, project.url_id, project.slug, model::DonationProjectJson(project), kBeginning}));
  }
  LogInfo("demo study filled", {{"study", plan.study.id}});
  return {};
}

}  // namespace

std::vector<StudyPlan> PlanStudies(const Scale& scale) {
  std::vector<StudyPlan> plans;
  plans.push_back(PlanSurvey(scale));
  plans.push_back(PlanExperiment(scale));
  plans.push_back(PlanSensors(scale));
  plans.push_back(PlanDonations(scale));
  return plans;
}

std::vector<std::string> StudyIds() { return {"demo-survey", "demo-experiment", "demo-sensors", "demo-donations"}; }

Result<Summary> Fill(vault::Vault& vault, catalog::Catalog& catalog, files::Files& files, const Options& options) {
  for (const std::string& id : StudyIds()) {
    const auto found = catalog.FindStudy(id);
    if (found) return Fail(ErrorCode::kStudyExists, "the study '" + id + "' is there already", "study");
    if (found.error().code != ErrorCode::kNotFound) return Fail(found.error());
  }
  Summary summary;
  for (StudyPlan& plan : PlanStudies(Scale{options.seed, options.rows})) {
    SHEAF_TRY(FillStudy(vault, catalog, files, std::move(plan), options.owner, summary));
  }
  return summary;
}

model::Study NewStudy(std::string_view id, std::string_view name, std::string_view description) {
  model::Study study;
  study.id = id;
  study.name = name;
  study.description = description;
  study.created_at = kBeginning;
  study.updated_at = kBeginning;
  return study;
}

model::Dataset Defined(std::string_view id, std::string_view json) {
  auto dataset = model::ParseDataset(json, id);
  if (!dataset) {
    // A slip in this program's own text, found by the first test that runs it.
    LogError("a demo definition is not valid", {{"dataset", id}, {"place", dataset.error().place}, {"detail", dataset.error().detail}});
    std::abort();
  }
  return *std::move(dataset);
}

std::string Numbered(std::string_view prefix, std::int64_t number, int digits) {
  std::string text = std::to_string(number);
  if (text.size() < static_cast<std::size_t>(digits)) text.insert(0, static_cast<std::size_t>(digits) - text.size(), '0');
  return std::string(prefix) + text;
}

std::int64_t Scaled(const Scale& scale, std::uint64_t per, std::int64_t low, std::int64_t high) {
  return std::clamp(static_cast<std::int64_t>(std::min<std::uint64_t>(scale.rows, 1ULL << 40) / per), low, high);
}

}  // namespace sheaf::demo
