#include "api/hyperstudy/target.h"

#include <algorithm>

#include "base/ids.h"

namespace sheaf::api::hyperstudy {
namespace {

constexpr std::size_t kMostRemembered = 100000;
constexpr std::uint64_t kPage = 500;
// How many of an experiment's rooms are looked at for its start.
constexpr std::size_t kMostStarts = 5000;

// Another study may get a room of the same id, or be shown to the account: then the answer is another one. Where looking takes
// long it is not done so often.
constexpr int kLastsTimes = 20;
constexpr auto kLastsAtLeast = std::chrono::seconds(2);
constexpr auto kLastsAtMost = std::chrono::seconds(60);

// Line breaks part the words: no id has one.
std::string KeyOf(const std::string& who, std::string_view room) { return who + "\n" + std::string(room); }

//! Keys of one account may see different studies.
std::string WhoAsks(const Asking& asking) {
  std::string who = asking.call.principal.account;
  for (const std::string& study : asking.call.principal.studies) who += "\n" + study;
  return who;
}

bool SeesAll(const model::ViewRights& rights) {
  return rights.identifiers && rights.datasets.empty() && !model::SeesSomeParticipants(rights);
}

//! True, false for what is not there, or what went wrong.
template <class T>
Result<bool> Found(const Result<T>& found) {
  if (found) return true;
  if (found.error().code == ErrorCode::kNotFound) return false;
  return Fail(found.error());
}

//! The studies in which the caller sees the room, of those named.
Result<std::vector<Target>> Among(const Asking& asking, std::string_view room, const std::vector<std::string>& studies, bool* forbidden) {
  std::vector<Target> found;
  for (const std::string& study : studies) {
    auto target = OpenExperiment(asking, study);
    if (!target) {
      const ErrorCode code = target.error().code;
      if (code == ErrorCode::kForbidden) *forbidden = true;
      if (code == ErrorCode::kForbidden || code == ErrorCode::kNotFound) continue;
      return Fail(target.error());
    }
    SHEAF_ASSIGN(const bool has, HasRoom(asking.call, *target, room));
    if (has) found.push_back(*std::move(target));
  }
  return found;
}

Result<std::vector<std::string>> StudiesOf(const Asking& asking) {
  const auto& rooms = *asking.service.rooms;
  const std::string owner = rooms.gate->ListOwner(asking.call.principal);
  std::vector<std::string> ids;
  std::string after;
  while (true) {
    SHEAF_ASSIGN(const auto page, rooms.catalog->Studies(owner, "", after, kPage, asking.call.principal.studies));
    for (const model::Study& study : page) ids.push_back(study.id);
    if (page.size() < kPage) return ids;
    after = page.back().id;
  }
}

Result<Target> Choose(std::vector<Target> found, std::string_view room) {
  if (found.empty()) return Fail(ErrorCode::kNotFound, "Room not found");
  if (found.size() > 1)
    return Fail(ErrorCode::kBadParameter, "Several experiments have a room of this id; say which by experimentId.", "experimentId");
  Target target = std::move(found.front());
  target.scope = "room";
  target.scope_id = target.room = room;
  return target;
}

}  // namespace

std::vector<std::string> RoomDirectory::Find(const std::string& who, std::string_view room, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(KeyOf(who, room));
  return found == entries_.end() || found->second.until < now ? std::vector<std::string>() : found->second.studies;
}

void RoomDirectory::Put(const std::string& who, std::string_view room, std::vector<std::string> studies, Clock::time_point now,
                        Clock::duration took) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMostRemembered) entries_.clear();
  const auto lasts = std::clamp<Clock::duration>(kLastsTimes * took, kLastsAtLeast, kLastsAtMost);
  entries_[KeyOf(who, room)] = {std::move(studies), now + lasts};
}

Result<Target> OpenExperiment(const Asking& asking, std::string_view study) {
  const auto& rooms = *asking.service.rooms;
  auto allowed = rooms.gate->AllowTopic(asking.call.principal, asking.topic, asking.purpose, study);
  if (!allowed && allowed.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kNotFound, "Experiment not found");
  if (!allowed) return Fail(allowed.error());
  Target target;
  target.access = *std::move(allowed);
  SHEAF_ASSIGN(target.vault, rooms.vault->OpenStudy(target.access.study.id));
  target.scope = "experiment";
  target.scope_id = target.access.study.id;
  return target;
}

Result<Target> FindRoom(const Asking& asking, std::string_view room, std::string_view experiment) {
  // The scope first: it tells nothing about rooms.
  SHEAF_TRY(asking.service.rooms->gate->AllowTopic(asking.call.principal, asking.topic));
  if (!IsRecordId(room)) return Fail(ErrorCode::kNotFound, "Room not found");
  bool forbidden = false;
  const std::string who = WhoAsks(asking);
  const auto began = RoomDirectory::Clock::now();
  std::vector<std::string> studies = {std::string(experiment)};
  if (experiment.empty()) studies = asking.service.directory.Find(who, room, began);
  SHEAF_ASSIGN(auto found, Among(asking, room, studies, &forbidden));
  if (found.empty() && experiment.empty()) {
    SHEAF_ASSIGN(studies, StudiesOf(asking));
    SHEAF_ASSIGN(found, Among(asking, room, studies, &forbidden));
    std::vector<std::string> names;
    for (const Target& target : found) names.push_back(target.Experiment());
    const auto now = RoomDirectory::Clock::now();
    if (!names.empty()) asking.service.directory.Put(who, room, std::move(names), now, now - began);
  }
  // Who may see a room but not do this is told so; where none was found nothing is said of studies that may not be read.
  if (found.empty() && forbidden && asking.purpose != access::Intent::kView) {
    Asking view = asking;
    view.purpose = access::Intent::kView;
    SHEAF_ASSIGN(const Target seen, FindRoom(view, room, experiment));
    (void)seen;
    return Fail(ErrorCode::kForbidden, "The experiment's owner has not granted this.");
  }
  return Choose(std::move(found), room);
}

Result<Target> FindTarget(const Asking& asking, const DataQuery& query) {
  const native::Call& call = asking.call;
  Result<Target> target = Fail(ErrorCode::kNotFound, "Experiment not found");
  if (!call.Part("study").empty()) {
    target = OpenExperiment(asking, call.Part("study"));
    if (target) target->room = query.room;
  } else if (!call.Part("session").empty()) {
    target = FindRoom(asking, call.Part("session"), query.experiment);
    // A room in the query, too: only that room, which is this one or none.
    if (target && !query.room.empty()) target->room = query.room == target->room ? target->room : std::string("\x01");
  } else {
    SHEAF_TRY(asking.service.rooms->gate->AllowTopic(call.principal, asking.topic));
    if (query.room.empty()) return Fail(ErrorCode::kBadParameter, "The parameter roomId is required for the scope participant.", "roomId");
    target = FindRoom(asking, query.room, query.experiment);
    if (target) {
      target->scope = "participant";
      target->scope_id = target->participant = call.Part("participant");
      SHEAF_ASSIGN(const bool has, HasParticipant(call, *target, target->participant));
      if (!has) return Fail(ErrorCode::kNotFound, "Participant not found");
    }
  }
  if (target) {
    call.seen_study = true;
    call.audit.study = target->Experiment();
  }
  return target;
}

Result<bool> HasRoom(const native::Call& call, const Target& target, std::string_view room) {
  if (SeesAll(target.access.rights)) return target.vault->SessionNumber(room).has_value();
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(target.access));
  return Found(privacy::FindSession(*target.vault, reader, room));
}

Result<bool> HasParticipant(const native::Call& call, const Target& target, std::string_view participant) {
  if (!IsRecordId(participant) || participant == kNobody) return false;
  if (SeesAll(target.access.rights)) return Found(target.vault->FindParticipant(participant));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(target.access));
  return Found(privacy::FindParticipant(*target.vault, reader, participant));
}

Result<std::vector<model::Session>> SessionsOf(const native::Call& call, const Target& target, std::size_t most) {
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(target.access));
  std::vector<model::Session> sessions;
  if (target.scope != "experiment" && !target.room.empty()) {
    auto session = privacy::FindSession(*target.vault, reader, target.room);
    if (session) sessions.push_back(*std::move(session));
    else if (session.error().code != ErrorCode::kNotFound) return Fail(session.error());
    return sessions;
  }
  vault::ListOptions options;
  options.limit = 1000;
  while (true) {
    SHEAF_ASSIGN(auto page, privacy::ListSessions(*target.vault, reader, options));
    for (model::Session& session : page.items) {
      if (sessions.size() == most) return sessions;
      sessions.push_back(std::move(session));
    }
    if (page.next.empty()) return sessions;
    options.after = page.next;
  }
}

Result<std::optional<Micros>> StartOf(const native::Call& call, const Target& target) {
  SHEAF_ASSIGN(const auto sessions, SessionsOf(call, target, kMostStarts));
  std::optional<Micros> first;
  for (const model::Session& session : sessions) {
    if (session.start && (!first || *session.start < *first)) first = session.start;
  }
  return first;
}

std::shared_ptr<const model::Dataset> DatasetOf(const Target& target, const RecordType& type) {
  const auto sees = [&](const auto& dataset) { return model::MaySeeDataset(target.access.rights, dataset->id); };
  const auto datasets = target.vault->Datasets();
  const auto named = std::find_if(datasets.begin(), datasets.end(), [&](const auto& one) { return one->id == type.dataset; });
  if (named != datasets.end()) return sees(*named) ? *named : nullptr;
  if (type.kind == model::DatasetKind::kCustom) return nullptr;
  const auto of_kind = std::find_if(datasets.begin(), datasets.end(), [&](const auto& one) { return one->kind == type.kind && sees(one); });
  return of_kind == datasets.end() ? nullptr : *of_kind;
}

}  // namespace sheaf::api::hyperstudy
