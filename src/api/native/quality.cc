#include "api/native/monitoring.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/json_text.h"
#include "api/native/call.h"
#include "privacy/coded_people.h"
#include "quality/checker.h"
#include "quality/report_json.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

//! What a reader sees of a study, and whom they ask about.
struct Sight {
  access::StudyAccess access;
  std::shared_ptr<vault::StudyVault> vault;
  privacy::Reader reader;
  quality::Whom whom;

  bool SeesAll() const { return !model::SeesSomeParticipants(access.rights) && access.rights.datasets.empty(); }
  //! Ids by number, or what stands for them.
  std::shared_ptr<const vault::PeopleView> People() const {
    auto people = vault->People();
    return access.rights.identifiers ? people : privacy::CodedPeople(std::move(people), reader.key);
  }
};

Result<Sight> Look(const Call& call, access::StudyAccess access) {
  Sight sight{std::move(access), nullptr, {}, {}};
  SHEAF_ASSIGN(sight.vault, call.Vault(sight.access.study));
  SHEAF_ASSIGN(sight.reader, call.Reader(sight.access));
  sight.whom.with_records = !sight.access.rights.datasets.empty();
  if (const auto who = privacy::WhoIsSeen(sight.access.rights, sight.access.study.settings)) {
    SHEAF_ASSIGN(sight.whom.seen, sight.vault->ParticipantNumbers(*who));
  }
  if (const auto asked = call.request.QueryParameter("participant")) {
    SHEAF_ASSIGN(const auto participant, privacy::FindParticipant(*sight.vault, sight.reader, *asked));
    sight.whom.participant = participant.number;
    call.audit.participant = participant.id;
  }
  if (const auto asked = call.request.QueryParameter("session")) {
    SHEAF_ASSIGN(const auto session, privacy::FindSession(*sight.vault, sight.reader, *asked));
    sight.whom.session = session.number;
  }
  return sight;
}

Result<std::string> ReportText(const Sight& sight, const quality::DatasetReport& report) {
  if (!sight.access.rights.identifiers) return quality::DatasetReportJson(report, nullptr);
  SHEAF_ASSIGN(const auto ids, quality::SampleIds(*sight.vault, report));
  return quality::DatasetReportJson(report, &ids);
}

Answer GetDatasetQuality(quality::Checker& checker, Call& call) {
  SHEAF_ASSIGN(access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters({"participant", "session"}));
  SHEAF_ASSIGN(const Sight sight, Look(call, std::move(access)));
  SHEAF_ASSIGN(const auto dataset, call.Dataset(*sight.vault));
  SHEAF_ASSIGN(const auto report, checker.Report(*sight.vault, {{dataset->id}, sight.whom}));
  SHEAF_ASSIGN(std::string json, ReportText(sight, report.datasets.front()));
  return JsonResponse(std::move(json));
}

//! Sessions whose own times are wrong, in the shape of a dataset's finding.
std::string SessionFindings(const Sight& sight, const std::vector<std::int32_t>& sessions) {
  JsonArray findings;
  // Who sees a part only would learn of sessions of others.
  if (sessions.empty() || !sight.SeesAll()) return findings.Finish();
  const auto& entry = quality::Describe(quality::Check::kSessionTimes);
  const auto people = sight.People();
  JsonArray samples;
  for (std::size_t i = 0; i < std::min(sessions.size(), quality::kTallySamples); ++i) samples.Text(people->SessionId(sessions[i]));
  JsonObject finding;
  finding.Text("check", entry.name).Text("severity", quality::Name(entry.severity)).Count("count", sessions.size());
  finding.Text("says", entry.says).Raw("sessions", samples.Finish());
  return findings.Raw(finding.Finish()).Finish();
}

Answer GetQuality(quality::Checker& checker, Call& call) {
  SHEAF_ASSIGN(access::StudyAccess access, call.Access(access::Action::kReadRecords));
  SHEAF_TRY(call.OnlyParameters({"participant", "session"}));
  SHEAF_ASSIGN(const Sight sight, Look(call, std::move(access)));
  quality::Request request;
  for (const auto& dataset : sight.vault->Datasets()) {
    if (model::MaySeeDataset(sight.access.rights, dataset->id)) request.datasets.push_back(dataset->id);
  }
  request.whom = sight.whom;
  SHEAF_ASSIGN(const auto report, checker.Report(*sight.vault, request));
  std::array<std::uint64_t, quality::kSeverities> total{};
  JsonArray datasets;
  std::uint64_t records = 0;
  bool complete = true;
  for (const auto& one : report.datasets) {
    SHEAF_ASSIGN(const std::string json, ReportText(sight, one));
    datasets.Raw(json);
    records += one.records;
    complete = complete && one.complete;
    const auto counts = quality::CountBySeverity(one);
    for (std::size_t i = 0; i < counts.size(); ++i) total[i] += counts[i];
  }
  if (sight.SeesAll()) total[static_cast<std::size_t>(quality::Severity::kError)] += report.bad_sessions.size();
  JsonObject object;
  object.Text("study", sight.access.study.id).Time("checked_at", Now()).Count("records", records);
  object.Raw("counts", quality::CountsJson(total)).Raw("findings", SessionFindings(sight, report.bad_sessions));
  object.Raw("datasets", datasets.Finish()).Flag("complete", complete);
  return JsonResponse(object.Finish());
}

std::string GroupJson(const quality::GroupReport& report, std::string_view noun, std::string_view id) {
  JsonObject object;
  if (report.number == 0) object.Raw(noun, "null");
  else object.Text(noun, id);
  object.Count("records", report.records).OptionalTime("first_time", report.first).OptionalTime("last_time", report.last);
  object.Raw("completeness", quality::CompletenessJson(report.completeness)).Raw("counts", quality::CountsJson(report.counts));
  return object.Finish();
}

Answer ListGroups(quality::Checker& checker, Call& call, bool by_session) {
  SHEAF_ASSIGN(access::StudyAccess access, call.ReadAccess());
  SHEAF_ASSIGN(const ListQuery query, ReadListQuery(call, ListSearch::kNo));
  std::int32_t after = -1;
  if (!query.after.empty()) {
    const auto [end, error] = std::from_chars(query.after.data(), query.after.data() + query.after.size(), after);
    if (error != std::errc{} || end != query.after.data() + query.after.size() || after < 0)
      return Fail(ErrorCode::kBadCursor, "The cursor was not given by this list.", "cursor");
  }
  SHEAF_ASSIGN(const Sight sight, Look(call, std::move(access)));
  SHEAF_ASSIGN(const auto dataset, call.Dataset(*sight.vault));
  SHEAF_ASSIGN(const auto reports, checker.ReportEach(*sight.vault, dataset->id, by_session, sight.whom));
  const auto people = sight.People();
  const std::string_view noun = by_session ? "session" : "participant";
  JsonArray items;
  std::string next;
  std::uint64_t given = 0;
  std::int32_t last = 0;
  for (const auto& report : reports) {
    if (report.number <= after) continue;
    if (given == query.limit) {
      next = std::to_string(last);
      break;
    }
    items.Raw(GroupJson(report, noun, by_session ? people->SessionId(report.number) : people->ParticipantId(report.number)));
    last = report.number;
    ++given;
  }
  call.audit.rows = given;
  return ListResponse(by_session ? "sessions" : "participants", items.Finish(), next, reports.size());
}

}  // namespace

void AddQualityRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms, const Monitoring& monitoring) {
  const auto checker = monitoring.quality;
  const std::string of_dataset = "/api/v1/studies/{study}/datasets/{dataset}/quality";
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/quality", [checker](Call& call) { return GetQuality(*checker, call); });
  AddRoute(router, rooms, "GET", of_dataset, [checker](Call& call) { return GetDatasetQuality(*checker, call); });
  AddRoute(router, rooms, "GET", of_dataset + "/participants", [checker](Call& call) { return ListGroups(*checker, call, false); });
  AddRoute(router, rooms, "GET", of_dataset + "/sessions", [checker](Call& call) { return ListGroups(*checker, call, true); });
}

}  // namespace sheaf::api::native
