// Files of participants' records: what is known of them.

#include <map>

#include "api/json_text.h"
#include "api/native/file_access.h"
#include "base/ids.h"
#include "base/time.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxTextBytes = 255;
constexpr std::int64_t kMostNumber = std::int64_t{1} << 53;
constexpr std::int64_t kDefaultLoanS = 900;
constexpr std::int64_t kLongestLoanS = 86400;

Result<files::File> ReadFile(Call& call) {
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  files::File file;
  const std::pair<std::string_view, std::string*> texts[] = {{"id", &file.id},
                                                             {"kind", &file.kind},
                                                             {"name", &file.name},
                                                             {"media_type", &file.media_type},
                                                             {"participant", &file.participant},
                                                             {"session", &file.session},
                                                             {"dataset", &file.dataset},
                                                             {"record", &file.record},
                                                             {"field", &file.field},
                                                             {"sha256", &file.sha256}};
  for (const auto& [name, text] : texts) {
    if (body.IsNull(name)) {
      body.Ignore(name);
      continue;
    }
    SHEAF_ASSIGN(auto given, body.Text(name, kMaxTextBytes));
    if (given) *text = *std::move(given);
  }
  SHEAF_ASSIGN(const auto size, body.Integer("size", 0, kMostNumber));
  if (size) file.size = static_cast<std::uint64_t>(*size);
  SHEAF_ASSIGN(file.duration_ms, body.Integer("duration_ms", 0, kMostNumber));
  SHEAF_ASSIGN(file.width, body.Integer("width", 0, kMostNumber));
  SHEAF_ASSIGN(file.height, body.Integer("height", 0, kMostNumber));
  SHEAF_ASSIGN(file.started_at, body.Time("started_at"));
  SHEAF_ASSIGN(file.ended_at, body.Time("ended_at"));
  SHEAF_ASSIGN(auto attributes, body.ObjectText("attributes"));
  if (attributes) file.attributes = *std::move(attributes);
  SHEAF_TRY(body.Finish());
  return file;
}

//! The dataset and the field it names must be there, the participant must not have withdrawn.
Status CheckTies(const Call& call, vault::StudyVault& vault, const files::File& file) {
  if (!file.dataset.empty()) {
    const auto dataset = vault.FindDataset(file.dataset);
    if (!dataset) return Fail(ErrorCode::kBadMember, "There is no dataset with this id.", "/dataset");
    if (!file.field.empty() && (*dataset)->FieldNumber(file.field) < 0)
      return Fail(ErrorCode::kBadMember, "The dataset has no such field.", "/field");
    if (call.rooms->retention && call.rooms->retention->IsArchived(file.study, file.dataset)) {
      return Fail(ErrorCode::kStudyReadOnly, "The dataset is archived by its rule of retention.");
    }
  }
  if (file.dataset.empty() && !file.field.empty()) return Fail(ErrorCode::kBadMember, "A field is named with its dataset.", "/field");
  if (!file.participant.empty()) SHEAF_TRY(privacy::WelcomeParticipant(vault, file.participant));
  return {};
}

Answer PostFile(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kWriteRecords));
  SHEAF_TRY(call.WritableStudy(access::Action::kWriteRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(files::File file, ReadFile(call));
  file.study = access.study.id;
  file.account = call.principal.account;
  if (file.kind.empty()) return Fail(ErrorCode::kBadMember, "\"kind\" is recording, donation, answer or other.", "/kind");
  if (!access.rights.datasets.empty() && !model::MaySeeDataset(access.rights, file.dataset)) {
    return Fail(ErrorCode::kForbidden, "The grant is for other datasets.");
  }
  // Ids are looked at before anything is made of them.
  if (!file.participant.empty() && !IsRecordId(file.participant)) return Fail(ErrorCode::kBadId, "This cannot be an id.", "/participant");
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_TRY(CheckTies(call, *vault, file));
  bool created = false;
  SHEAF_ASSIGN(const files::File kept, call.rooms->files->Begin(std::move(file), &created));
  NoteFile(call, kept);
  http::Response response = JsonResponse(FileJson(kept), created ? 201 : 200);
  response.headers.emplace_back("Location", call.Address(FilePath(kept)));
  response.headers.emplace_back("Upload-Offset", std::to_string(kept.received));
  return response;
}

//! Which kinds of records' files the caller may read; found out once for each kind.
class KindsRead {
 public:
  KindsRead(const Call& call, bool all) : call_(call), all_(all) {}
  bool Reads(model::DatasetKind kind) {
    if (all_) return true;
    const auto [place, added] = known_.try_emplace(kind, false);
    if (added) place->second = call_.rooms->gate->Allow(call_.principal, access::Action::kReadRecords, kind).has_value();
    return place->second;
  }

 private:
  const Call& call_;
  const bool all_;
  std::map<model::DatasetKind, bool> known_;
};

//! With a key for some kinds of records: the files of these.
Result<access::StudyAccess> AnyReadAccess(const Call& call, bool& all) {
  auto allowed = call.Access(access::Action::kReadRecords);
  all = allowed.has_value();
  if (allowed || allowed.error().code != ErrorCode::kForbidden) return allowed;
  using Kind = model::DatasetKind;
  for (const Kind kind :
       {Kind::kRecordings, Kind::kDonation, Kind::kSurvey, Kind::kCustom, Kind::kEvents, Kind::kChat, Kind::kContinuousRatings,
        Kind::kSparseRatings, Kind::kSyncMetrics, Kind::kComponents, Kind::kSensor, Kind::kProfile}) {
    auto by_kind = call.rooms->gate->AllowStudy(call.principal, access::Action::kReadRecords, call.Part("study"), kind);
    if (by_kind) return by_kind;
  }
  return allowed;
}

Result<files::FileFilter> ReadFilter(const Call& call) {
  files::FileFilter filter;
  const std::pair<std::string_view, std::string*> texts[] = {{"kind", &filter.kind},       {"participant", &filter.participant},
                                                             {"session", &filter.session}, {"dataset", &filter.dataset},
                                                             {"record", &filter.record},   {"field", &filter.field}};
  for (const auto& [name, text] : texts) *text = call.request.QueryParameter(name).value_or("");
  if (!filter.kind.empty() && !files::IsFileKind(filter.kind)) {
    return Fail(ErrorCode::kBadParameter, "\"kind\" is recording, donation, answer or other.", "kind");
  }
  const std::string_view state = call.request.QueryParameter("state").value_or("");
  if (!state.empty() && state != "complete" && state != "uploading") {
    return Fail(ErrorCode::kBadParameter, "\"state\" is complete or uploading.", "state");
  }
  if (!state.empty()) filter.complete = state == "complete";
  return filter;
}

Answer ListFiles(Call& call) {
  bool all = false;
  SHEAF_ASSIGN(const access::StudyAccess access, AnyReadAccess(call, all));
  SHEAF_TRY(call.OnlyParameters({"limit", "cursor", "kind", "participant", "session", "dataset", "record", "field", "state"}));
  SHEAF_ASSIGN(const std::uint64_t limit, call.CountParameter("limit", 100, 1, 1000));
  const std::string after(call.request.QueryParameter("cursor").value_or(""));
  if (!after.empty() && !IsSlug(after)) return Fail(ErrorCode::kBadCursor, "The cursor was not given by this list.", "cursor");
  SHEAF_ASSIGN(const auto reader, call.Reader(access));
  SHEAF_ASSIGN(const files::FileFilter asked, ReadFilter(call));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const files::FileFilter filter, privacy::FilterFor(*vault, reader, asked));
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(*vault, reader));
  KindsRead kinds(call, all);
  const auto* const care = vault->Care();
  const bool everything = all && access.rights == model::ViewRights{} && (care == nullptr || !care->AnyWithdrawn());
  const files::Visible visible = [&](const files::File& file) {
    return seen.Sees(file) && (all || kinds.Reads(privacy::KindOfFile(*vault, file)));
  };
  SHEAF_ASSIGN(const files::FileList list,
               call.rooms->files->List(access.study.id, filter, after, limit, everything ? files::Visible() : visible));
  JsonArray items;
  for (const files::File& file : list.items) items.Raw(FileJson(seen.Shown(file)));
  call.audit.rows = list.items.size();
  return ListResponse("files", items.Finish(), list.next, list.total);
}

Answer GetFile(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const SeenFile found, FindFile(call, Wanted::kWords));
  NoteFile(call, found.file);
  return JsonResponse(FileJson(found.shown));
}

Answer DeleteFile(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kDeleteRecords));
  SHEAF_TRY(call.WritableStudy(access::Action::kDeleteRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  const Error missing{ErrorCode::kNotFound, "There is no such file.", "", 0};
  if (!IsSlug(call.Part("file"))) return Fail(missing);
  const auto file = call.rooms->files->Find(access.study.id, call.Part("file"));
  if (!file) return Fail(file.error().code == ErrorCode::kNotFound ? missing : file.error());
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const auto reader, call.Reader(access));
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(*vault, reader));
  if (!seen.Sees(*file)) return Fail(missing);
  NoteFile(call, *file);
  SHEAF_TRY(call.rooms->files->Remove(file->study, file->id));
  return NoContent();
}

Answer PostLink(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const SeenFile found, FindFile(call, Wanted::kBytes));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto seconds, body.Integer("expires_in_s", 1, kLongestLoanS));
  SHEAF_ASSIGN(const auto disposition, body.Text("disposition", kMaxTextBytes));
  SHEAF_TRY(body.Finish());
  if (disposition && *disposition != "inline" && *disposition != "attachment") {
    return Fail(ErrorCode::kBadMember, "\"disposition\" is inline or attachment.", "/disposition");
  }
  if (!found.file.complete)
    return Fail(ErrorCode::kFileIncomplete, std::to_string(found.file.received) + " bytes of the file have arrived so far.");
  const Micros expires_at = Now() + seconds.value_or(kDefaultLoanS) * 1'000'000;
  const files::Lent lent{found.file.study, found.file.id, call.principal.account, disposition && *disposition == "attachment"};
  SHEAF_ASSIGN(const std::string word, call.rooms->files->Mint(lent, expires_at));
  NoteFile(call, found.file);
  JsonObject object;
  object.Text("url", call.Address("/api/v1/file-links/" + word)).Time("expires_at", expires_at);
  return JsonResponse(object.Finish(), 201);
}

}  // namespace

void AddFileRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/files", ListFiles);
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/files", PostFile, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/files/{file}", GetFile);
  AddRoute(router, rooms, "DELETE", "/api/v1/studies/{study}/files/{file}", DeleteFile);
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/files/{file}/link", PostLink, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
