// What a study asks to be donated: its blueprints and its questionnaire.

#include "model/donation_project.h"

#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "catalog/donation_table.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kUrlIdCharacters = 8;

std::string ProjectJson(const catalog::DonationProjectRow& row, const model::Study& study) {
  JsonObject object;
  object.Text("url_id", row.url_id).Text("slug", row.slug).Time("created_at", row.created_at).Flag("super_secret", study.locked);
  object.Raw("settings", row.settings);
  return object.Finish();
}

Answer GetProject(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto row, call.rooms->catalog->Donations().FindProject(study.id));
  return JsonResponse(ProjectJson(row, study));
}

Answer PutProject(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableStudy(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string text, call.JsonText(kMaxSettingsBody));
  SHEAF_ASSIGN(model::DonationProject project, model::ParseDonationProject(text));
  const auto before = call.rooms->catalog->Donations().FindProject(study.id);
  if (!before && before.error().code != ErrorCode::kNotFound) return Fail(before.error());
  if (before && !project.url_id.empty() && project.url_id != before->url_id) {
    return Fail(ErrorCode::kConflict, "A project's url_id stays: addresses that were given out have it.", "/url_id");
  }
  if (project.url_id.empty()) project.url_id = before ? before->url_id : RandomToken(kUrlIdCharacters);
  if (project.slug.empty()) project.slug = before ? before->slug : study.id;
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  // Datasets first: a project is never there without what it collects into.
  for (const model::Blueprint& blueprint : project.blueprints) SHEAF_TRY(vault->PutDataset(model::BlueprintDataset(blueprint), nullptr));
  SHEAF_TRY(vault->PutDataset(model::QuestionnaireDataset(project), nullptr));
  SHEAF_ASSIGN(const auto row, call.rooms->catalog->Donations().PutProject(
                                   {study.id, project.url_id, project.slug, model::DonationProjectJson(project), 0}));
  return JsonResponse(ProjectJson(row, study), before ? 200 : 201);
}

}  // namespace

void AddDonationProjectRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/donation-project", GetProject);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/donation-project", PutProject, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
