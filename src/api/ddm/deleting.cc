// Deleting a participant, and all data of a project.

#include <algorithm>

#include "api/ddm/route.h"
#include "base/log.h"
#include "vault/care.h"

namespace sheaf::api::ddm {
namespace {

http::Response MessageAnswer(const Visit& visit, int status, std::string_view text) {
  return JsonAnswer(visit.Request(), Message(text), "DELETE, OPTIONS", status);
}

//! This protocol says it in `message`, where a handler answers.
std::optional<http::Response> RefuseOthers(const Visit& visit, bool superuser_may) {
  if (visit.caller.owner || (superuser_may && visit.caller.superuser)) return std::nullopt;
  visit.Log("Forbidden Deletion Request", "Request user is not permitted to delete the project data.");
  const Error denied{ErrorCode::kForbidden, "User does not have access.", "", 0};
  std::ignore = Audit(visit.call, "donations.delete", &denied);
  return MessageAnswer(visit, 403, denied.detail);
}

Result<http::Response> DeleteParticipant(const Visit& visit) {
  if (auto refused = RefuseOthers(visit, false)) return *std::move(refused);
  const std::string id(visit.call.Part("external_id"));
  const auto erased = visit.Rooms().eraser->Erase(visit.project.study.id, id, visit.caller.principal.account);
  if (!erased && erased.error().code == ErrorCode::kNotFound) {
    return MessageAnswer(visit, 404, "Participant with id \"" + id + "\" not found.");
  }
  if (!erased) return Fail(erased.error());
  // Whose it was is erased, in the log, too.
  const std::string place =
      visit.service.options.prefix + "/api/project/" + visit.project.UrlId() + "/participant/(removed)/delete DELETE: ";
  LogEvent(visit.Rooms(), visit.project, place + "Participant with external id \"(removed)\" was deleted.", "Participant deleted.");
  return MessageAnswer(visit, 200, "Participant with external id \"" + id + "\" successfully deleted.");
}

//! Of a dataset, where it is there.
Result<std::uint64_t> EraseRecords(const Visit& visit, const std::string& dataset) {
  if (!visit.project.vault->FindDataset(dataset)) return std::uint64_t{0};
  auto* const care = visit.project.vault->Care();
  if (care == nullptr) return Fail(ErrorCode::kInternal, "This store of records cannot delete for good.");
  SHEAF_ASSIGN(const auto summary, visit.project.vault->Summarize(dataset));
  SHEAF_TRY(visit.Rooms().files->RemoveOfDataset(visit.project.study.id, dataset));
  SHEAF_TRY(care->EraseRecords(dataset));
  return summary.records;
}

Result<http::Response> DeleteData(const Visit& visit) {
  if (auto refused = RefuseOthers(visit, true)) return *std::move(refused);
  const native::Rooms& rooms = visit.Rooms();
  const std::string& study = visit.project.study.id;
  SHEAF_TRY(rooms.jobs->ExpireFiles(study, "", "The data of the donation project was deleted."));
  std::uint64_t donations = 0;
  for (const std::int64_t blueprint : DonatedBlueprints(*visit.project.vault)) {
    SHEAF_ASSIGN(const std::uint64_t gone, EraseRecords(visit, model::BlueprintDatasetId(blueprint)));
    donations += gone;
  }
  SHEAF_ASSIGN(const std::uint64_t responses, EraseRecords(visit, std::string(model::kQuestionnaireDataset)));
  SHEAF_ASSIGN(const auto people, People(*visit.project.vault));
  for (const Person& person : people) {
    const auto erased = rooms.eraser->Erase(study, person.id, visit.caller.principal.account);
    if (!erased && erased.error().code != ErrorCode::kNotFound) return Fail(erased.error());
  }
  visit.Log("Data Deletion Successful", "The project data was deleted.");
  return MessageAnswer(
      visit, 200,
      "Deleted " + std::to_string(donations) + " data donations and " + std::to_string(responses) + " questionnaire responses.");
}

}  // namespace

void AddDeleteEndpoints(http::Router& router, const std::shared_ptr<const Service>& service) {
  Endpoint participant{"DELETE", "/api/project/{url_id}/participant/{external_id}/delete", "Delete Participant Api",
                       "donations.delete_participant"};
  participant.project_first = false;
  participant.handle = DeleteParticipant;
  AddEndpoint(router, service, std::move(participant));
  Endpoint data{"DELETE", "/api/project/{url_id}/data/delete", "Delete Project Data Api", "donations.delete", First::kSession};
  data.token = false;
  data.project_first = false;
  data.handle = DeleteData;
  AddEndpoint(router, service, std::move(data));
}

}  // namespace sheaf::api::ddm
