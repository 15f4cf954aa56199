// Experiments, deployments, and who may see them.

#include <algorithm>
#include <cctype>
#include <map>

#include "api/hyperstudy/people.h"
#include "api/hyperstudy/routes.h"
#include "api/json_text.h"
#include "base/ids.h"

namespace sheaf::api::hyperstudy {
namespace {

constexpr std::uint64_t kCatalogPage = 500;
constexpr std::uint64_t kDefaultPage = 50;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

//! The studies the caller sees and may look into, in order of id.
Result<std::vector<model::Study>> StudiesOf(const native::Call& call, access::Topic topic) {
  const auto& rooms = *call.rooms;
  SHEAF_TRY(rooms.gate->AllowTopic(call.principal, topic));
  std::vector<model::Study> studies;
  std::string after;
  while (true) {
    SHEAF_ASSIGN(auto page, rooms.catalog->Studies(rooms.gate->ListOwner(call.principal), "", after, kCatalogPage, call.principal.studies));
    const bool last = page.size() < kCatalogPage;
    if (!page.empty()) after = page.back().id;
    for (model::Study& study : page) studies.push_back(std::move(study));
    if (last) return studies;
  }
}

struct Counts {
  std::uint64_t rooms = 0, participants = 0;
};
Result<Counts> CountsOf(const native::Call& call, const Target& target) {
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(target.access));
  vault::ListOptions one;
  one.limit = 1;
  SHEAF_ASSIGN(const auto sessions, privacy::ListSessions(*target.vault, reader, one));
  SHEAF_ASSIGN(const auto participants, privacy::ListParticipants(*target.vault, reader, one));
  const bool nobody = target.vault->ParticipantNumber(kNobody).has_value() && participants.total > 0;
  return Counts{sessions.total, participants.total - (nobody ? 1 : 0)};
}

void AddOwner(const native::Call& call, const model::Study& study, JsonObject& object, std::string_view member) {
  const auto owner = call.rooms->catalog->FindAccount(study.owner);
  object.Text("ownerId", study.owner);
  if (!owner) object.Raw(member, "null");
  else object.Text(member, member == "ownerName" ? owner->name : owner->email);
}

Result<std::string> ExperimentJson(const native::Call& call, const Target& target) {
  const model::Study& study = target.access.study;
  SHEAF_ASSIGN(const Counts counts, CountsOf(call, target));
  JsonObject object;
  object.Text("id", study.id).Text("name", study.name).Text("description", study.description);
  AddOwner(call, study, object, "ownerEmail");
  object.Text("status", model::Name(study.status)).Count("roomCount", counts.rooms).Count("participantCount", counts.participants);
  object.Raw("createdAt", InstantJson(study.created_at)).Raw("updatedAt", InstantJson(study.updated_at));
  object.Raw("states", "[]").Raw("roles", "{}").Raw("requiredParticipants", "null");
  return object.Finish();
}

//! What Sheaf has of an experiment's design: its datasets.
std::string ConfigJson(const Target& target) {
  const model::Study& study = target.access.study;
  JsonObject object;
  object.Text("id", study.id).Text("name", study.name).Text("description", study.description);
  object.Raw("states", "[]").Raw("roles", "{}").Raw("requiredParticipants", "null");
  JsonArray types;
  for (const auto& dataset : target.vault->Datasets()) {
    if (model::MaySeeDataset(target.access.rights, dataset->id)) types.Text(dataset->id);
  }
  object.Raw("dataTypes", types.Finish());
  return object.Finish();
}

Envelope UserEnvelope(const native::Call& call, std::string data_type, DataQuery query, Micros began) {
  Envelope envelope;
  envelope.data_type = std::move(data_type);
  envelope.scope = "user";
  envelope.scope_id = call.principal.account;
  envelope.query = std::move(query);
  envelope.began = began;
  return envelope;
}

Answer ListExperiments(native::Call& call, Service& service, bool shared) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(DataQuery query, ReadDataQuery(call.request, "id", kDefaultPage));
  const std::string search = Lower(call.request.QueryParameter("search").value_or(""));
  SHEAF_ASSIGN(auto studies, StudiesOf(call, access::Topic::kExperiments));
  std::erase_if(studies, [&](const model::Study& study) {
    const bool found = Lower(study.name).find(search) != std::string::npos || Lower(study.description).find(search) != std::string::npos;
    return !found || (shared && study.owner == call.principal.account);
  });
  Envelope envelope = UserEnvelope(call, "experiments", query, began);
  envelope.total = studies.size();
  std::vector<std::string> rows;
  for (std::uint64_t i = query.offset; i < studies.size() && rows.size() < query.limit; ++i) {
    auto target = OpenExperiment({call, service, access::Topic::kExperiments}, studies[static_cast<std::size_t>(i)].id);
    if (!target) {
      // It went while the list was made.
      rows.push_back(JsonObject().Text("id", studies[static_cast<std::size_t>(i)].id).Finish());
      continue;
    }
    SHEAF_ASSIGN(std::string row, ExperimentJson(call, *target));
    rows.push_back(std::move(row));
  }
  return ListResponse(envelope, rows);
}

using OneJson = std::function<Result<std::string>(const native::Call&, const Target&, Envelope&)>;

Answer OneExperiment(native::Call& call, Service& service, const std::string& data_type, const OneJson& render) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "id"));
  SHEAF_ASSIGN(const Target target, OpenExperiment({call, service, access::Topic::kExperiments}, call.Part("study")));
  Envelope envelope = EnvelopeFor(target, data_type, query, began);
  envelope.total = 1;
  SHEAF_ASSIGN(const std::string one, render(call, target, envelope));
  return ListResponse(envelope, {one});
}

Result<std::string> ExportJson(const native::Call& call, const Target& target, Envelope& envelope) {
  SHEAF_ASSIGN(const std::string experiment, ExperimentJson(call, target));
  JsonObject more;
  more.Text("filename", target.Experiment() + "-export.json").Count("mediaAssetsCount", 0);
  std::string members = more.Finish();
  envelope.more = "," + members.substr(1, members.size() - 2);
  return JsonObject().Raw("experiment", experiment).Raw("mediaAssets", "[]").Finish();
}

Answer CheckAccess(native::Call& call, Service& service) {
  const std::string_view study = call.Part("study");
  SHEAF_ASSIGN(const bool view, service.rooms->gate->MayInStudy(call.principal, access::Intent::kView, study));
  SHEAF_ASSIGN(const bool can_export, service.rooms->gate->MayInStudy(call.principal, access::Intent::kExport, study));
  const std::string row = JsonObject().Flag("canView", view).Flag("canExport", can_export).Finish();
  Envelope envelope;
  envelope.data_type = "access";
  envelope.scope = "experiment";
  envelope.scope_id = study;
  envelope.began = MonotonicNow();
  envelope.total = 1;
  http::Response response = Enveloped("[" + row + "]", MetadataJson(envelope, 1));
  response.body.insert(1, row.substr(1, row.size() - 2) + ",");
  return response;
}

struct Deployment {
  std::string id, name;
  std::vector<const model::Session*> sessions;
};

//! A study's sessions by deployment. A study that names none is one deployment of its own id.
std::map<std::string, Deployment> DeploymentsOf(const Target& target, const std::vector<model::Session>& sessions) {
  const model::Study& study = target.access.study;
  std::map<std::string, Deployment> deployments;
  for (const model::Session& session : sessions) {
    Deployment& deployment = deployments[DeploymentOf(session, study)];
    deployment.name = DeploymentNameOf(session, study);
    deployment.sessions.push_back(&session);
  }
  if (deployments.empty()) deployments[study.id].name = study.name;
  for (auto& [id, deployment] : deployments) deployment.id = id;
  return deployments;
}

std::string DeploymentJson(const native::Call& call, const Target& target, const Deployment& deployment) {
  const model::Study& study = target.access.study;
  Micros created = study.created_at, updated = study.updated_at;
  std::uint64_t participants = 0;
  if (!deployment.sessions.empty()) created = deployment.sessions.front()->created_at;
  for (const model::Session* session : deployment.sessions) {
    participants += session->attendance.size();
    created = std::min(created, session->created_at);
    updated = std::max(updated, session->updated_at);
  }
  JsonObject object;
  object.Text("id", deployment.id).Text("experimentId", study.id).Text("name", deployment.name);
  object.Text("status", model::Name(study.status));
  AddOwner(call, study, object, "ownerName");
  object.Count("participantCount", participants).Raw("maxParticipants", "null").Count("roomCount", deployment.sessions.size());
  object.Raw("createdAt", InstantJson(created)).Raw("updatedAt", InstantJson(updated));
  return object.Finish();
}

using Visit = std::function<Status(const Target&, const Deployment&)>;

//! Every deployment the caller sees, or those of one experiment.
Status EachDeployment(native::Call& call, Service& service, const std::string& experiment, const Visit& visit) {
  SHEAF_ASSIGN(const auto studies, StudiesOf(call, access::Topic::kDeployments));
  for (const model::Study& study : studies) {
    if (!experiment.empty() && study.id != experiment) continue;
    const auto target = OpenExperiment({call, service, access::Topic::kDeployments}, study.id);
    if (!target) continue;
    SHEAF_ASSIGN(const auto sessions, RoomsWithPeople(call, *target, static_cast<std::size_t>(-1)));
    for (const auto& [id, deployment] : DeploymentsOf(*target, sessions)) SHEAF_TRY(visit(*target, deployment));
  }
  return {};
}

Answer ListDeployments(native::Call& call, Service& service) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(DataQuery query, ReadDataQuery(call.request, "id", 1'000'000));
  const std::string status(call.request.QueryParameter("status").value_or(""));
  std::vector<std::string> rows;
  SHEAF_TRY(EachDeployment(call, service, query.experiment, [&](const Target& target, const Deployment& deployment) -> Status {
    if (status.empty() || status == model::Name(target.access.study.status)) rows.push_back(DeploymentJson(call, target, deployment));
    return {};
  }));
  query.limit = std::max<std::uint64_t>(query.limit, rows.size());
  query.offset = 0;  // it is one list
  Envelope envelope = UserEnvelope(call, "deployments", query, began);
  envelope.total = rows.size();
  return ListResponse(envelope, rows);
}

Answer GetDeployment(native::Call& call, Service& service) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "id"));
  std::optional<http::Response> response;
  SHEAF_TRY(EachDeployment(call, service, query.experiment, [&](const Target& target, const Deployment& deployment) -> Status {
    if (response || deployment.id != call.Part("deployment")) return {};
    Envelope envelope = EnvelopeFor(target, "deployment", query, began);
    envelope.scope = "deployment";
    envelope.scope_id = deployment.id;
    envelope.total = 1;
    response = Enveloped(DeploymentJson(call, target, deployment), MetadataJson(envelope, 1));
    return {};
  }));
  if (!response) return Fail(ErrorCode::kNotFound, "Deployment not found");
  return response;
}

Answer ListDeploymentRooms(native::Call& call, Service& service) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(DataQuery query, ReadDataQuery(call.request, "startTime"));
  const std::string deployment(call.Part("deployment"));
  std::optional<http::Response> response;
  SHEAF_TRY(EachDeployment(call, service, query.experiment, [&](const Target& target, const Deployment& one) -> Status {
    if (response || one.id != deployment) return {};
    query.deployment = deployment;
    call.audit.study = target.Experiment();
    SHEAF_ASSIGN(const Table rooms, RoomTable(call, target, query));
    Envelope envelope = EnvelopeFor(target, "sessions", query, began);
    envelope.scope = "deployment";
    envelope.scope_id = deployment;
    response = TableResponse(std::move(envelope), rooms, &call.audit.rows);
    return {};
  }));
  if (!response) return Fail(ErrorCode::kNotFound, "Deployment not found");
  return response;
}

}  // namespace

void AddExperimentRoutes(const Routes& routes) {
  routes.Add("GET", "/experiments", "", [](native::Call& call, Service& service) { return ListExperiments(call, service, false); });
  routes.Add("GET", "/experiments/shared", "", [](native::Call& call, Service& service) { return ListExperiments(call, service, true); });
  routes.Add("GET", "/experiments/{study}", "", [](native::Call& call, Service& service) {
    return OneExperiment(call, service, "experiment",
                         [](const native::Call& asked, const Target& target, Envelope&) { return ExperimentJson(asked, target); });
  });
  routes.Add("GET", "/experiments/{study}/config", "", [](native::Call& call, Service& service) {
    return OneExperiment(call, service, "experimentConfig",
                         [](const native::Call&, const Target& target, Envelope&) { return Result<std::string>(ConfigJson(target)); });
  });
  routes.Add("GET", "/experiments/{study}/export", "",
             [](native::Call& call, Service& service) { return OneExperiment(call, service, "experimentExport", ExportJson); });
  routes.Add("GET", "/deployments", "", ListDeployments);
  routes.Add("GET", "/deployments/{deployment}", "", GetDeployment);
  routes.Add("GET", "/deployments/{deployment}/sessions", "sessions.list", ListDeploymentRooms);
  routes.Add("GET", "/data/check-access/experiment/{study}", "", CheckAccess);
}

}  // namespace sheaf::api::hyperstudy
