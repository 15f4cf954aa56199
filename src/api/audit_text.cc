#include "api/audit_text.h"

#include "api/json_text.h"

namespace sheaf::api {
namespace {

constexpr std::uint64_t kPage = 1000;
constexpr std::size_t kPiece = 100'000;

void AddCell(std::string& line, std::string_view text) {
  if (!line.empty()) line += ',';
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    line += text;
    return;
  }
  line += '"';
  if (formula) line += '\'';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

}  // namespace

std::optional<AuditFormat> AuditFormatFrom(std::string_view name) {
  if (name == "csv") return AuditFormat::kCsv;
  if (name == "ndjson") return AuditFormat::kNdjson;
  return std::nullopt;
}

std::string AuditJson(const catalog::AuditEntry& entry) {
  const bool redacted = entry.has_detail && entry.detail.salt.empty();
  JsonObject object;
  object.Integer("seq", entry.seq).Time("time", entry.time).Text("actor_kind", entry.actor_kind).Text("actor", entry.actor);
  object.Text("key", entry.key).Text("action", entry.action).Text("study", entry.study).Text("dataset", entry.dataset);
  object.Text("target", entry.target).Text("outcome", entry.outcome);
  if (entry.rows) object.Integer("rows", *entry.rows);
  else object.Raw("rows", "null");
  object.Integer("times", entry.times);
  object.Text("address", entry.detail.address.empty() ? entry.address : entry.detail.address);
  object.Text("request_id", entry.request).Text("participant", entry.detail.participant).Text("reason", entry.detail.reason);
  object.Raw("detail", entry.detail.text.empty() ? "{}" : std::string_view(entry.detail.text));
  object.Flag("redacted", redacted).Text("hash", entry.hash);
  return object.Finish();
}

std::string_view AuditCsvHeader() {
  return "seq,time,actor_kind,actor,key,action,study,dataset,target,outcome,rows,times,address,request_id,participant,reason,detail,"
         "redacted,hash\r\n";
}

std::string AuditCsvLine(const catalog::AuditEntry& entry) {
  std::string line = std::to_string(entry.seq);
  AddCell(line, FormatIsoUtc(entry.time));
  for (const std::string* text :
       {&entry.actor_kind, &entry.actor, &entry.key, &entry.action, &entry.study, &entry.dataset, &entry.target, &entry.outcome}) {
    AddCell(line, *text);
  }
  AddCell(line, entry.rows ? std::to_string(*entry.rows) : "");
  AddCell(line, std::to_string(entry.times));
  AddCell(line, entry.detail.address.empty() ? entry.address : entry.detail.address);
  for (const std::string* text : {&entry.request, &entry.detail.participant, &entry.detail.reason, &entry.detail.text})
    AddCell(line, *text);
  AddCell(line, entry.has_detail && entry.detail.salt.empty() ? "true" : "false");
  AddCell(line, entry.hash);
  return line + "\r\n";
}

Result<std::uint64_t> WriteAudit(catalog::AuditStore& audit, const catalog::AuditFilter& filter, AuditFormat format,
                                 const std::function<Status(std::string_view)>& take) {
  SHEAF_ASSIGN(const catalog::AuditHead head, audit.Head());
  std::string piece;
  if (format == AuditFormat::kCsv) piece = AuditCsvHeader();
  std::uint64_t written = 0;
  std::int64_t after = 0;
  for (bool more = true; more;) {
    SHEAF_ASSIGN(const auto entries, audit.Entries(filter, catalog::AuditStore::Order::kOldestFirst, after, kPage));
    more = entries.size() == kPage;
    for (const catalog::AuditEntry& entry : entries) {
      // Reading it is audited too: without an end it could run after itself.
      if (entry.seq > head.seq) more = false;
      if (entry.seq > head.seq) break;
      piece += format == AuditFormat::kCsv ? AuditCsvLine(entry) : AuditJson(entry) + "\n";
      ++written;
      after = entry.seq;
      if (piece.size() < kPiece) continue;
      SHEAF_TRY(take(piece));
      piece.clear();
    }
  }
  if (!piece.empty()) SHEAF_TRY(take(piece));
  return written;
}

}  // namespace sheaf::api
