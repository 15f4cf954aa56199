#include "access/audit_chain.h"
#include "api/audit_text.h"
#include "api/content_headers.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "export/spool_file.h"

#include <charconv>
#include <filesystem>
#include <mutex>

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::uint64_t kDefaultPage = 100;
constexpr std::uint64_t kMaxPage = 1000;
constexpr std::uint64_t kPiece = 256u << 10;
constexpr std::size_t kMostActionBytes = 200;

Result<std::optional<Micros>> TimeParameter(const Call& call, std::string_view name) {
  const auto text = call.request.QueryParameter(name);
  if (!text) return std::optional<Micros>();
  const auto time = ParseIsoTime(*text);
  if (!time) return Fail(ErrorCode::kBadTime, "\"" + std::string(name) + "\" is no time in ISO 8601.", std::string(name));
  return std::optional<Micros>(time->instant);
}

Result<std::string> WordParameter(const Call& call, std::string_view name) {
  std::string text(call.request.QueryParameter(name).value_or(""));
  if (text.empty() || IsRecordId(text)) return text;
  return Fail(ErrorCode::kBadParameter, "\"" + std::string(name) + "\" takes up to 255 bytes of UTF-8 without control characters.",
              std::string(name));
}

//! What of the audit the caller may see: of one study its owner, of all the administrator, who can ask for one study too.
Result<catalog::AuditFilter> ReadFilter(const Call& call) {
  catalog::AuditFilter filter;
  if (call.Part("study").empty()) {
    SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, access::Action::kReadAudit));
    SHEAF_ASSIGN(filter.study, WordParameter(call, "study"));
  } else {
    SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kReadAudit));
    filter.study = study.id;
  }
  SHEAF_ASSIGN(filter.action, WordParameter(call, "action"));
  SHEAF_ASSIGN(filter.actor, WordParameter(call, "actor"));
  SHEAF_ASSIGN(filter.participant, WordParameter(call, "participant"));
  SHEAF_ASSIGN(filter.since, TimeParameter(call, "since"));
  SHEAF_ASSIGN(filter.until, TimeParameter(call, "until"));
  return filter;
}

Status RequireParameters(const Call& call, bool page) {
  const bool all = call.Part("study").empty();
  if (page && all) return call.OnlyParameters({"study", "action", "actor", "participant", "since", "until", "limit", "cursor"});
  if (page) return call.OnlyParameters({"action", "actor", "participant", "since", "until", "limit", "cursor"});
  if (all) return call.OnlyParameters({"study", "action", "actor", "participant", "since", "until", "format"});
  return call.OnlyParameters({"action", "actor", "participant", "since", "until", "format"});
}

Answer ListAudit(Call& call) {
  SHEAF_ASSIGN(const catalog::AuditFilter filter, ReadFilter(call));
  SHEAF_TRY(RequireParameters(call, true));
  SHEAF_ASSIGN(const std::uint64_t limit, call.CountParameter("limit", kDefaultPage, 1, kMaxPage));
  const std::string_view cursor = call.request.QueryParameter("cursor").value_or("");
  std::int64_t after = 0;
  if (!cursor.empty()) {
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), after);
    if (error != std::errc{} || end != cursor.data() + cursor.size() || after < 1)
      return Fail(ErrorCode::kBadCursor, "The cursor was not given by this list.", "cursor");
  }
  SHEAF_ASSIGN(auto entries, call.rooms->catalog->Audit().Entries(filter, catalog::AuditStore::Order::kNewestFirst, after, limit + 1));
  const bool more = entries.size() > limit;
  if (more) entries.resize(limit);
  JsonArray items;
  for (const catalog::AuditEntry& entry : entries) items.Raw(AuditJson(entry));
  JsonObject list;
  list.Raw("entries", items.Finish());
  if (more) list.Text("cursor", std::to_string(entries.back().seq));
  else list.Raw("cursor", "null");
  call.audit.rows = entries.size();
  return JsonResponse(list.Flag("has_more", more).Finish());
}

//! Written to a file without a name first: the catalog is read without waiting for the client.
Answer ExportAudit(Call& call) {
  SHEAF_ASSIGN(const catalog::AuditFilter filter, ReadFilter(call));
  SHEAF_TRY(RequireParameters(call, false));
  const auto format = AuditFormatFrom(call.request.QueryParameter("format").value_or("ndjson"));
  if (!format) return Fail(ErrorCode::kUnknownFormat, "The audit is given as csv or ndjson.", "format");
  http::Response response;
  const bool csv = *format == AuditFormat::kCsv;
  const std::string name = (filter.study.empty() ? "audit" : filter.study + "_audit") + (csv ? ".csv" : ".ndjson");
  response.headers = {{"Content-Type", csv ? "text/csv; charset=utf-8" : "application/x-ndjson"},
                      {"Content-Disposition", AttachmentHeader(name)},
                      {"Cache-Control", "no-store"}};
  SHEAF_ASSIGN(auto created, exporting::SpoolFile::Create(call.rooms->temporary));
  const auto file = std::make_shared<exporting::SpoolFile>(std::move(created));
  SHEAF_ASSIGN(call.audit.rows,
               WriteAudit(call.rooms->catalog->Audit(), filter, *format, [&](std::string_view bytes) { return file->Append(bytes); }));
  SHEAF_ASSIGN(const std::uint64_t size, file->Size());
  response.file = http::FileBody{{}, 0, size, [file](std::uint64_t offset, std::uint64_t most) {
                                   return file->ReadAt(offset, static_cast<std::size_t>(std::min(most, kPiece)));
                                 }};
  return response;
}

Answer VerifyAudit(Call& call) {
  SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, access::Action::kReadAudit));
  SHEAF_TRY(call.OnlyParameters({}));
  // It reads everything there is: not for many at a time.
  static std::mutex verifying;
  const std::unique_lock only(verifying, std::try_to_lock);
  if (!only) return Fail(ErrorCode::kUnavailable, "The audit is being verified already.");
  const auto head = std::filesystem::path(call.rooms->temporary).parent_path() / access::kHeadFile;
  SHEAF_ASSIGN(const access::AuditReport report, access::VerifyAudit(call.rooms->catalog->Audit(), *call.rooms->site_key, head.string()));
  JsonArray findings;
  for (const access::AuditFinding& finding : report.findings) {
    JsonObject one;
    if (finding.seq > 0) one.Integer("seq", finding.seq);
    else one.Raw("seq", "null");
    findings.Raw(one.Text("sentence", finding.sentence).Finish());
  }
  call.audit.rows = static_cast<std::uint64_t>(report.entries);
  JsonObject object;
  object.Flag("whole", report.findings.empty()).Integer("entries", report.entries).Integer("redacted", report.redacted);
  return JsonResponse(object.Raw("findings", findings.Finish()).Finish());
}

}  // namespace

void AddAuditRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/audit", ListAudit);
  AddRoute(router, rooms, "GET", "/api/v1/audit/export", ExportAudit);
  AddRoute(router, rooms, "GET", "/api/v1/audit/verify", VerifyAudit);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/audit", ListAudit);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/audit/export", ExportAudit);
}

}  // namespace sheaf::api::native
