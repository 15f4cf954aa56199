#include <chrono>
#include <thread>

#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxNameBytes = 500;
constexpr std::size_t kMaxDescriptionBytes = 20000;
constexpr std::uint64_t kExportsAtOnce = 200;
// How long a deletion waits for requests and exports that have the study open.
constexpr int kDeleteAttempts = 30;
constexpr std::chrono::milliseconds kDeletePause{100};
constexpr std::uint64_t kStudiesAtOnce = 500;

std::string StudyJson(const model::Study& study) {
  JsonObject object;
  object.Text("id", study.id).Text("name", study.name).Text("description", study.description);
  object.Text("status", model::Name(study.status)).Text("owner", study.owner).Flag("locked", study.locked);
  object.Raw("settings", model::StudySettingsJson(study.settings)).OptionalTime("ends_at", study.ends_at);
  object.Time("created_at", study.created_at).Time("updated_at", study.updated_at);
  return object.Finish();
}

std::string StudyPath(std::string_view id) { return "/api/v1/studies/" + std::string(id); }

//! Takes what may be set from the body into `study`; what is absent stays.
Status ReadSettings(JsonBody& body, model::Study& study) {
  SHEAF_ASSIGN(const auto name, body.Text("name", kMaxNameBytes));
  if (name && name->empty()) return Fail(ErrorCode::kBadMember, "A study's name cannot be empty.", body.Place("name"));
  if (name) study.name = *name;
  SHEAF_ASSIGN(auto description, body.Text("description", kMaxDescriptionBytes));
  if (description) study.description = std::move(*description);
  SHEAF_ASSIGN(const auto status, body.Text("status", kMaxNameBytes));
  if (status) {
    const auto known = model::StudyStatusFrom(*status);
    if (!known) return Fail(ErrorCode::kBadMember, "\"status\" is one of active, completed, archived.", body.Place("status"));
    study.status = *known;
  }
  SHEAF_ASSIGN(const auto settings, body.ObjectText("settings"));
  if (settings) { SHEAF_ASSIGN(study.settings, model::ChangeStudySettings(study.settings, *settings, body.Place("settings"))); }
  if (body.Has("ends_at")) { SHEAF_ASSIGN(study.ends_at, body.Time("ends_at")); }
  return body.Finish();
}

Result<model::Study> ReadNewStudy(Call& call) {
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  model::Study study;
  SHEAF_ASSIGN(const auto id, body.Text("id", kMaxSettingsBody));
  if (id && !IsSlug(*id)) return Fail(ErrorCode::kBadId, "A study's id has 1 to 64 of A-Z a-z 0-9 _ -.", body.Place("id"));
  study.id = id ? *id : NewId("study_");
  study.name = study.id;
  study.owner = call.principal.account;
  SHEAF_TRY(ReadSettings(body, study));
  return study;
}

//! A namespace that no study of the catalog names is what a crash left between the two steps of making a study, and
//! then empty; anything else in it is somebody's data and not to be taken over.
Status AdoptNamespace(vault::Vault& vault, const std::string& id) {
  SHEAF_ASSIGN(const auto leftover, vault.OpenStudy(id));
  if (leftover->LastSeq() == vault::kNoSeq && leftover->Datasets().empty()) return {};
  return Fail(ErrorCode::kConflict, "Records of an earlier study with this id are still on the server.", "/id");
}

//! Protocols that know studies by whole numbers must find one study by a number, its id or its setting. Under StudyChanges.
Status CheckNumber(const Rooms& rooms, const model::Study& study) {
  const std::string number = study.settings.number > 0 ? std::to_string(study.settings.number) : std::string();
  for (std::string after;;) {
    SHEAF_ASSIGN(const auto others, rooms.catalog->Studies("", "", after, kStudiesAtOnce));
    for (const model::Study& other : others) {
      if (other.id == study.id) continue;
      if (!number.empty() && (other.id == number || other.settings.number == study.settings.number)) {
        return Fail(ErrorCode::kConflict, "Another study has the number " + number + ".", "/settings/number");
      }
      if (other.settings.number > 0 && study.id == std::to_string(other.settings.number)) {
        return Fail(ErrorCode::kConflict, "Another study has the number " + study.id + ".", "/id");
      }
    }
    if (others.size() < kStudiesAtOnce) return {};
    after = others.back().id;
  }
}

//! Might it be called by a number at all? Most studies need no look at the others.
bool HasNumber(const model::Study& study) {
  return study.settings.number > 0 || std::all_of(study.id.begin(), study.id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<model::Study> CreateStudy(const Rooms& rooms, const model::Study& study) {
  const std::lock_guard lock(StudyChanges());
  if (rooms.catalog->FindStudy(study.id)) return Fail(ErrorCode::kStudyExists, "There is a study " + study.id + ".", "/id");
  if (HasNumber(study)) SHEAF_TRY(CheckNumber(rooms, study));
  const Status created = rooms.vault->CreateStudy(study.id);
  if (!created) {
    const bool there = created.error().code == ErrorCode::kStudyExists || created.error().code == ErrorCode::kConflict;
    if (!there) return Fail(created.error());
    SHEAF_TRY(AdoptNamespace(*rooms.vault, study.id));
  }
  auto kept = rooms.catalog->AddStudy(study);
  if (!kept && created) {
    if (const Status dropped = rooms.vault->DropStudy(study.id); !dropped) {
      LogWarning("an empty study stays behind", {{"study", study.id}, {"detail", dropped.error().detail}});
    }
  }
  return kept;
}

//! Cancels a job that is not finished, and removes it with its file.
Status RemoveExport(exporting::JobRunner& jobs, const std::string& id) {
  SHEAF_TRY(jobs.CancelOrRemove(id));
  // The first call only cancelled when the job was not finished.
  if (jobs.Find(id)) SHEAF_TRY(jobs.CancelOrRemove(id));
  if (jobs.Find(id)) return Fail(ErrorCode::kUnavailable, "An export of the study is still running.");
  return {};
}

Status RemoveExports(const Rooms& rooms, const std::string& study) {
  while (true) {
    SHEAF_ASSIGN(const auto jobs, rooms.catalog->Exports("", study, "", kExportsAtOnce));
    if (jobs.empty()) return {};
    for (const catalog::ExportJob& job : jobs) {
      const Status removed = RemoveExport(*rooms.jobs, job.id);
      if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
    }
  }
}

//! Records first, the catalog's row last: whatever breaks in between, the study can still be named and deleted again,
//! and nothing of it stays behind unseen.
Status TryToDelete(const Rooms& rooms, const std::string& study) {
  const std::lock_guard lock(StudyChanges());
  SHEAF_TRY(RemoveExports(rooms, study));
  SHEAF_TRY(rooms.files->RemoveOfStudy(study));
  const Status dropped = rooms.vault->DropStudy(study);
  if (!dropped && dropped.error().code != ErrorCode::kNotFound) return dropped;
  // One that was asked for while the records went.
  SHEAF_TRY(RemoveExports(rooms, study));
  SHEAF_TRY(rooms.catalog->RemoveStudy(study));
  // And what was still on its way: its row is gone, so that nothing more can be added.
  SHEAF_TRY(rooms.files->RemoveOfStudy(study));
  return {};
}

Answer ListStudies(Call& call) {
  SHEAF_TRY(call.rooms->gate->Allow(call.principal, access::Action::kListStudies));
  SHEAF_ASSIGN(const ListQuery query, ReadListQuery(call, ListSearch::kYes));
  const std::string owner = call.rooms->gate->ListOwner(call.principal);
  const std::vector<std::string>& only = call.principal.studies;
  SHEAF_ASSIGN(auto studies, call.rooms->catalog->Studies(owner, query.search, query.after, query.limit + 1, only));
  SHEAF_ASSIGN(const std::uint64_t total, call.rooms->catalog->CountStudies(owner, query.search, only));
  const bool more = studies.size() > query.limit;
  if (more) studies.resize(query.limit);
  JsonArray items;
  for (const model::Study& study : studies) items.Raw(StudyJson(study));
  return ListResponse("studies", items.Finish(), more ? studies.back().id : "", total);
}

Answer PostStudy(Call& call) {
  SHEAF_TRY(call.rooms->gate->Allow(call.principal, access::Action::kCreateStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const model::Study wanted, ReadNewStudy(call));
  SHEAF_ASSIGN(const model::Study study, CreateStudy(*call.rooms, wanted));
  call.audit.study = study.id;
  http::Response response = JsonResponse(StudyJson(study), 201);
  response.headers.emplace_back("Location", call.Address(StudyPath(study.id)));
  return response;
}

Answer GetStudy(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  return JsonResponse(StudyJson(study));
}

Answer PatchStudy(Call& call) {
  SHEAF_TRY(call.Study(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  const std::lock_guard lock(StudyChanges());
  SHEAF_ASSIGN(model::Study study, call.Study(access::Action::kManageStudy));
  const model::StudySettings before = study.settings;
  SHEAF_TRY(ReadSettings(body, study));
  if (study.settings.number != before.number && study.settings.number > 0) SHEAF_TRY(CheckNumber(*call.rooms, study));
  SHEAF_ASSIGN(const model::Study kept, call.rooms->catalog->UpdateStudy(study));
  if (before.attributes != kept.settings.attributes || before.site_attribute != kept.settings.site_attribute) {
    SHEAF_TRY(call.rooms->jobs->ExpireFiles(study.id, "", "The study's settings of privacy have changed; start the export again."));
  }
  return JsonResponse(StudyJson(kept));
}

Answer RemoveStudy(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kDeleteStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(DeleteStudy(*call.rooms, study.id));
  LogInfo("study deleted", {{"study", study.id}, {"account", call.principal.account}});
  return NoContent();
}

}  // namespace

std::mutex& StudyChanges() {
  static std::mutex changes;
  return changes;
}

Status DeleteStudy(const Rooms& rooms, const std::string& study) {
  Status deleted = TryToDelete(rooms, study);
  for (int attempt = 1; !deleted && deleted.error().code == ErrorCode::kUnavailable && attempt < kDeleteAttempts; ++attempt) {
    std::this_thread::sleep_for(kDeletePause);
    deleted = TryToDelete(rooms, study);
  }
  return deleted;
}

void AddStudyRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies", ListStudies);
  AddRoute(router, rooms, "POST", "/api/v1/studies", PostStudy, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}", GetStudy);
  AddRoute(router, rooms, "PATCH", "/api/v1/studies/{study}", PatchStudy, kMaxSettingsBody);
  AddRoute(router, rooms, "DELETE", "/api/v1/studies/{study}", RemoveStudy);
}

}  // namespace sheaf::api::native
