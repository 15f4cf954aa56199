// What a study asks to be donated, its blueprints and its questionnaire; the token by which its data is fetched, and the log of who did.

#include "model/donation_project.h"

#include "access/donation_token.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "catalog/donation_table.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kUrlIdCharacters = 8;
constexpr std::size_t kMaxTokenBody = 16u << 10;
constexpr std::int64_t kUsualTokenDays = 30;

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

std::string TokenJson(const catalog::DonationToken& token, const std::string* key) {
  JsonObject object;
  if (key != nullptr) object.Text("token", *key);
  object.Time("created_at", token.created_at).OptionalTime("expires_at", token.expires_at);
  object.Flag("expired", token.expires_at && Now() > *token.expires_at);
  return object.Finish();
}

//! Its donation project's study; kNotFound when it is none.
Result<model::Study> ProjectStudy(const Call& call, access::Action action) {
  SHEAF_ASSIGN(model::Study study, call.Study(action));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(call.rooms->catalog->Donations().FindProject(study.id));
  return study;
}

Answer GetToken(Call& call) {
  SHEAF_ASSIGN(const model::Study study, ProjectStudy(call, access::Action::kReadAccess));
  SHEAF_ASSIGN(const auto token, call.rooms->catalog->Donations().FindToken(study.id));
  if (!token) return Fail(ErrorCode::kNotFound, "This project has no token.");
  return JsonResponse(TokenJson(*token, nullptr));
}

Answer PutToken(Call& call) {
  SHEAF_ASSIGN(const model::Study study, ProjectStudy(call, access::Action::kManageAccess));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxTokenBody));
  SHEAF_ASSIGN(const auto days, body.Integer("days", 1, access::kMostDonationTokenDays));
  SHEAF_TRY(body.Finish());
  SHEAF_ASSIGN(const auto made, access::MakeDonationToken(call.rooms->catalog->Donations(), *call.rooms->site_key, study.id,
                                                          days.value_or(kUsualTokenDays)));
  return JsonResponse(TokenJson(made.kept, &made.key), 201);
}

Answer DeleteToken(Call& call) {
  SHEAF_ASSIGN(const model::Study study, ProjectStudy(call, access::Action::kManageAccess));
  SHEAF_TRY(access::RemoveDonationToken(call.rooms->catalog->Donations(), study.id));
  return NoContent();
}

Answer GetLog(Call& call) {
  SHEAF_ASSIGN(const model::Study study, ProjectStudy(call, access::Action::kReadAudit));
  SHEAF_ASSIGN(const auto events, call.rooms->catalog->Donations().Events(study.id));
  SHEAF_ASSIGN(const auto faults, call.rooms->catalog->Donations().Exceptions(study.id));
  JsonArray lines, failures;
  for (const auto& event : events) {
    JsonObject line;
    line.Time("time", event.time).Text("description", event.description).Text("message", event.message);
    lines.Raw(line.Finish());
  }
  for (const auto& fault : faults) {
    JsonObject line;
    line.Time("time", fault.time).Text("participant", fault.participant).Text("type", fault.type);
    line.Text("raised_by", fault.raised_by).Text("blueprint", fault.blueprint).Text("message", fault.message);
    failures.Raw(line.Finish());
  }
  JsonObject object;
  object.Raw("events", lines.Finish()).Raw("exceptions", failures.Finish());
  return JsonResponse(object.Finish());
}

}  // namespace

void AddDonationProjectRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/donation-project", GetProject);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/donation-project", PutProject, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/donation-project/token", GetToken);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/donation-project/token", PutToken);
  AddRoute(router, rooms, "DELETE", "/api/v1/studies/{study}/donation-project/token", DeleteToken);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/donation-project/log", GetLog);
}

}  // namespace sheaf::api::native
