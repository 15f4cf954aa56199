#include "api/json_text.h"
#include "api/native/call.h"
#include "model/definition_json.h"
#include "quality/design.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

std::string SummaryJson(const model::Dataset& dataset, const vault::Summary& summary) {
  JsonArray fields;
  for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
    // A field added since the last commit has no statistics yet: nobody was asked.
    const vault::FieldSummary counts = i < summary.fields.size() ? summary.fields[i] : vault::FieldSummary{0, 0, summary.records};
    JsonObject field;
    field.Text("id", dataset.fields[i].id);
    field.Count("answered", counts.answered).Count("skipped", counts.skipped).Count("absent", counts.absent);
    fields.Raw(field.Finish());
  }
  JsonObject object;
  object.Text("dataset", dataset.id).Count("records", summary.records);
  object.Count("participants", summary.participants).Count("sessions", summary.sessions);
  object.OptionalTime("first_time", summary.first_time).OptionalTime("last_time", summary.last_time);
  object.OptionalTime("first_received", summary.first_received).OptionalTime("last_received", summary.last_received);
  object.Integer("last_seq", summary.last_seq).Raw("fields", fields.Finish());
  return object.Finish();
}

Answer ListDatasets(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  auto datasets = vault->Datasets();
  std::erase_if(datasets, [&](const auto& dataset) { return !model::MaySeeDataset(access.rights, dataset->id); });
  JsonArray items;
  for (const auto& dataset : datasets) items.Raw(model::DatasetJson(*dataset));
  return ListResponse("datasets", items.Finish(), "", datasets.size());
}

Answer GetDataset(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const auto dataset, call.Dataset(*vault));
  return JsonResponse(model::DatasetJson(*dataset));
}

//! Files that were made before leave as it was then; who may fetch them is told by what counts now.
bool Reclassified(const model::Dataset& before, const model::Dataset& now) {
  for (std::size_t field = 0; field < before.fields.size(); ++field) {
    if (before.fields[field].privacy != now.fields[field].privacy) return true;
  }
  return false;
}

Answer PutDataset(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableDataset(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string text, call.JsonText(kMaxSettingsBody));
  SHEAF_ASSIGN(model::Dataset wanted, model::ParseDataset(text, call.Part("dataset")));
  SHEAF_TRY(quality::DesignOf(wanted));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  bool created = false;
  const auto before = vault->FindDataset(wanted.id);
  SHEAF_ASSIGN(const auto kept, vault->PutDataset(std::move(wanted), &created));
  if (before && Reclassified(**before, *kept)) {
    SHEAF_TRY(call.rooms->jobs->ExpireFiles(study.id, kept->id, "Privacy classes of its fields have changed; start the export again."));
  }
  http::Response response = JsonResponse(model::DatasetJson(*kept), created ? 201 : 200);
  if (created) response.headers.emplace_back("Location", call.Address("/api/v1/studies/" + study.id + "/datasets/" + kept->id));
  return response;
}

Answer GetSummary(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const auto dataset, call.Dataset(*vault));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  SHEAF_ASSIGN(const vault::Summary summary, privacy::Summarize(*vault, reader, dataset->id));
  return JsonResponse(SummaryJson(*dataset, summary));
}

}  // namespace

void AddDatasetRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets", ListDatasets);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets/{dataset}", GetDataset);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/datasets/{dataset}", PutDataset, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets/{dataset}/summary", GetSummary);
}

}  // namespace sheaf::api::native
