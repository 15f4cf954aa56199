#include <charconv>

#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "export/page.h"
#include "export/plan.h"
#include "export/rows.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::uint64_t kDefaultPage = 100;

Answer ListRecords(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters({"limit",          "cursor",   "filter",      "sort",       "columns",
                                 "since",          "until",    "tombstones",  "values",     "timezone",
                                 "identifiers",    "payloads", "shift_dates", "generalise", "location_decimals",
                                 "require_k",      "group_by", "test",        "people",     "consented_only",
                                 "consent_purpose"},
                                {"participant", "session"}));
  exporting::PageOptions page;
  SHEAF_ASSIGN(page.limit, call.CountParameter("limit", kDefaultPage, 1, exporting::kMaxPage));
  page.cursor = call.request.QueryParameter("cursor").value_or("");
  SHEAF_ASSIGN(page.options, exporting::OptionsFromQuery(call.request.query_parameters, {"limit", "cursor"}));
  page.options.format = exporting::Format::kNdjson;
  page.viewer = call.Viewer(access);
  exporting::ApplyConsent(page.options, access.study.settings);
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  std::uint64_t rows = 0;
  SHEAF_ASSIGN(std::string json, exporting::RenderPage(*vault, call.Part("dataset"), page, &rows));
  call.audit.rows = rows;
  return JsonResponse(std::move(json));
}

Answer CountRecords(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters({"filter", "since", "until", "identifiers", "test", "consented_only", "consent_purpose"},
                                {"participant", "session"}));
  SHEAF_ASSIGN(exporting::ExportOptions options, exporting::OptionsFromQuery(call.request.query_parameters));
  if (options.privacy.identifiers == privacy::IdentifierMode::kAggregate)
    return Fail(ErrorCode::kBadParameter, "Aggregates have counts of their own: ask for a page or an export of them.", "identifiers");
  exporting::ApplyConsent(options, access.study.settings);
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const exporting::Plan plan, exporting::MakePlan(*vault, options, call.Part("dataset"), 0, call.Viewer(access)));
  SHEAF_ASSIGN(const std::uint64_t count, vault->Count(plan.select));
  JsonObject object;
  object.Count("count", count);
  return JsonResponse(object.Finish());
}

Answer CheckRisk(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters({"filter", "columns", "since", "until", "identifiers", "payloads", "shift_dates", "generalise",
                                 "location_decimals", "require_k", "test", "consented_only", "consent_purpose"},
                                {"participant", "session"}));
  SHEAF_ASSIGN(exporting::ExportOptions options, exporting::OptionsFromQuery(call.request.query_parameters));
  exporting::ApplyConsent(options, access.study.settings);
  if (options.privacy.identifiers == privacy::IdentifierMode::kAggregate)
    return Fail(ErrorCode::kBadParameter, "The risk is that of records; aggregates have a least cell size.", "identifiers");
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const exporting::Plan plan, exporting::MakePlan(*vault, options, call.Part("dataset"), 0, call.Viewer(access)));
  SHEAF_ASSIGN(const auto table, exporting::CheckRisk(*vault, plan));
  return JsonResponse(privacy::RiskJson(plan.dataset->id, table->Report(plan.risk.least_allowed), plan.risk.columns, false));
}

//! "seq:1042" → 1042; nullopt when it is the id of a record.
std::optional<vault::Seq> SeqOf(std::string_view record) {
  constexpr std::string_view kPrefix = "seq:";
  if (record.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
  const std::string_view digits = record.substr(kPrefix.size());
  vault::Seq seq = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seq);
  if (error != std::errc{} || end != digits.data() + digits.size() || seq <= vault::kNoSeq) return std::nullopt;
  return seq;
}

Answer DeleteRecord(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableDataset(access::Action::kDeleteRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  const std::string record(call.Part("record"));
  if (!IsRecordId(record)) return Fail(ErrorCode::kBadId, "A record's id has 1 to 255 bytes of UTF-8 without control characters.");
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  SHEAF_ASSIGN(const auto dataset, call.Dataset(*vault));
  const auto seq = SeqOf(record);
  SHEAF_ASSIGN(const std::uint64_t deleted,
               seq ? vault->DeleteRecords(dataset->id, {}, {*seq}) : vault->DeleteRecords(dataset->id, {record}, {}));
  if (deleted == 0) return Fail(ErrorCode::kNotFound, "The dataset has no such record.");
  return NoContent();
}

}  // namespace

void AddRecordRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets/{dataset}/records", ListRecords);
  AddRoute(router, rooms, "DELETE", "/api/v1/studies/{study}/datasets/{dataset}/records/{record}", DeleteRecord);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets/{dataset}/count", CountRecords);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets/{dataset}/risk", CheckRisk);
}

}  // namespace sheaf::api::native
