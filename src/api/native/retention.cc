// How long data stays: rules of studies and datasets, what falls due, and doing it.

#include "privacy/retention.h"

#include "api/json_text.h"
#include "api/native/call.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr access::Action kManage = access::Action::kManageStudy;

http::Response RuleResponse(const privacy::RetentionRule& rule) { return JsonResponse(privacy::RetentionRuleJson(rule)); }

//! The dataset of the address; empty where the address is the study's.
Result<std::string> DatasetPart(const Call& call, const model::Study& study) {
  if (call.Part("dataset").empty()) return std::string();
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  SHEAF_ASSIGN(const auto dataset, call.Dataset(*vault));
  return dataset->id;
}

Answer GetRetention(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string dataset, DatasetPart(call, study));
  SHEAF_ASSIGN(const auto rule, call.rooms->retention->FindRule(study.id, dataset));
  return RuleResponse(rule.value_or(privacy::RetentionRule()));
}

bool Deletes(const privacy::RetentionRule& rule) { return rule.delete_on || rule.delete_after_days; }

//! What a rule deletes, and what its hold has kept from being deleted, goes as if by the caller's own hand.
Status RequireDelete(const Call& call, const model::Study& study, const std::string& dataset, const privacy::RetentionRule& wanted) {
  SHEAF_ASSIGN(const auto present, call.rooms->retention->FindRule(study.id, dataset));
  if (!Deletes(wanted) && !(present && present->hold && !wanted.hold)) return {};
  SHEAF_TRY(call.Study(dataset.empty() ? access::Action::kDeleteStudy : access::Action::kDeleteRecords));
  return {};
}

Answer PutRetention(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kManage));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string text, call.JsonText(kMaxSettingsBody));
  SHEAF_ASSIGN(const privacy::RetentionRule rule, privacy::ParseRetentionRule(text));
  SHEAF_ASSIGN(const std::string dataset, DatasetPart(call, study));
  SHEAF_TRY(RequireDelete(call, study, dataset, rule));
  SHEAF_TRY(call.rooms->retention->PutRule(study.id, dataset, rule));
  return RuleResponse(rule);
}

Answer DeleteRetention(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kManage));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string dataset, DatasetPart(call, study));
  SHEAF_TRY(RequireDelete(call, study, dataset, {}));
  SHEAF_TRY(call.rooms->retention->RemoveRule(study.id, dataset));
  return NoContent();
}

std::string StepsJson(const std::vector<privacy::RetentionStep>& steps) {
  JsonArray items;
  for (const auto& step : steps) items.Raw(privacy::RetentionStepJson(step));
  return items.Finish();
}

Answer ListNotices(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(auto steps, call.rooms->retention->Notices(access.study.id));
  std::erase_if(steps, [&access](const privacy::RetentionStep& step) {
    return !step.dataset.empty() && !model::MaySeeDataset(access.rights, step.dataset);
  });
  return ListResponse("notices", StepsJson(steps), "", steps.size());
}

Answer RunRetention(Call& call) {
  SHEAF_TRY(call.rooms->gate->Allow(call.principal, access::Action::kDeleteStudy));
  if (!call.principal.admin) return Fail(ErrorCode::kForbidden, "Only an administrator starts the work on all studies.");
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto dry_run, body.Flag("dry_run"));
  SHEAF_TRY(body.Finish());
  SHEAF_ASSIGN(const auto steps, call.rooms->retention->Run(dry_run.value_or(false)));
  JsonObject object;
  object.Flag("dry_run", dry_run.value_or(false)).Raw("steps", StepsJson(steps));
  return JsonResponse(object.Finish());
}

}  // namespace

void AddRetentionRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  for (const std::string& path :
       {std::string("/api/v1/studies/{study}/retention"), std::string("/api/v1/studies/{study}/datasets/{dataset}/retention")}) {
    AddRoute(router, rooms, "GET", path, GetRetention);
    AddRoute(router, rooms, "PUT", path, PutRetention, kMaxSettingsBody);
    AddRoute(router, rooms, "DELETE", path, DeleteRetention);
  }
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/retention/notices", ListNotices);
  AddRoute(router, rooms, "POST", "/api/v1/retention/run", RunRetention, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
