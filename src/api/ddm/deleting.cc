// Deleting a participant, and all data of a project.

#include <algorithm>

#include "api/ddm/route.h"
#include "base/log.h"

namespace sheaf::api::ddm {
namespace {

http::Response MessageAnswer(const Visit& visit, int status, std::string_view text) {
  return JsonAnswer(visit.Request(), Message(text), "DELETE, OPTIONS", status);
}

//! Also administrators (contract ddm.md, 2.4). This protocol says it in `message`, where a handler answers.
std::optional<http::Response> RefuseOthers(const Visit& visit) {
  if (visit.caller.owner) return std::nullopt;
  visit.Log("Forbidden Deletion Request", "Request user is not permitted to delete the project data.");
  const Error denied{ErrorCode::kForbidden, "User does not have access.", "", 0};
  std::ignore = Audit(visit.call, "donations.delete", &denied);
  return MessageAnswer(visit, 403, denied.detail);
}

Result<http::Response> DeleteParticipant(const Visit& visit) {
  if (auto refused = RefuseOthers(visit)) return *std::move(refused);
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

//! Everybody's, also those who withdrew.
std::vector<std::string> EverybodyOf(vault::StudyVault& vault) {
  std::vector<std::string> ids;
  const auto people = vault.People();
  for (std::int32_t number = 1; number < people->ParticipantLimit(); ++number) {
    if (const std::string_view id = people->ParticipantId(number); !id.empty()) ids.emplace_back(id);
  }
  return ids;
}

Result<http::Response> DeleteData(const Visit& visit) {
  if (auto refused = RefuseOthers(visit)) return *std::move(refused);
  const native::Rooms& rooms = visit.Rooms();
  const std::string& study = visit.project.study.id;
  SHEAF_TRY(rooms.jobs->ExpireFiles(study, "", "The data of the donation project was deleted."));
  std::vector<std::string> datasets;
  // Counted as the researcher has seen them: whose participant withdrew was gone before.
  const auto count = [&](const std::string& dataset) -> Result<std::uint64_t> {
    if (!visit.project.vault->FindDataset(dataset)) return std::uint64_t{0};
    datasets.push_back(dataset);
    SHEAF_ASSIGN(const auto summary, visit.project.vault->Summarize(dataset));
    return summary.records;
  };
  std::uint64_t donations = 0;
  for (const std::int64_t blueprint : DonatedBlueprints(*visit.project.vault)) {
    SHEAF_ASSIGN(const std::uint64_t records, count(model::BlueprintDatasetId(blueprint)));
    donations += records;
  }
  SHEAF_ASSIGN(const std::uint64_t responses, count(std::string(model::kQuestionnaireDataset)));
  SHEAF_TRY(rooms.eraser->EraseAll(study, EverybodyOf(*visit.project.vault), datasets, visit.caller.principal.account));
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
