#include "api/native/audit_hook.h"

#include <algorithm>
#include <array>

#include "api/json_text.h"
#include "api/native/call.h"
#include "api/native/client_address.h"
#include "base/ids.h"
#include "base/log.h"
#include "privacy/codes.h"

namespace sheaf::api::native {
namespace {

constexpr std::size_t kMostReasonCharacters = 500;
constexpr std::size_t kMostQueryBytes = 8192;

using Kind = AuditRule::Kind;

// What has erased a participant must not name them again.
constexpr std::string_view kErase = "participant.erase";

struct Operation {
  std::string_view method;
  std::string_view pattern;
  std::string_view action;
  Kind kind;
};

// What is done in many requests a second, or already has entries of its own; every other change is durable. `/api/v1` is left out.
constexpr std::array kOperations = std::to_array<Operation>({
    {"GET", "/studies/{study}/participants", "participants.list", Kind::kNoted},
    {"GET", "/studies/{study}/participants/{participant}", "participant.read", Kind::kNoted},
    {"PUT", "/studies/{study}/participants/{participant}", "participant.change", Kind::kNoted},
    {"GET", "/studies/{study}/sessions", "sessions.list", Kind::kNoted},
    {"GET", "/studies/{study}/sessions/{session}", "session.read", Kind::kNoted},
    {"PUT", "/studies/{study}/sessions/{session}", "session.change", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/records", "records.read", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/count", "records.count", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/summary", "records.summary", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/series", "records.series", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/distribution", "records.distribution", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/arrivals", "records.arrivals", Kind::kNoted},
    {"GET", "/studies/{study}/overview", "study.overview", Kind::kNoted},
    {"GET", "/studies/{study}/participants/{participant}/overview", "participant.overview", Kind::kNoted},
    {"GET", "/studies/{study}/sessions/{session}/overview", "session.overview", Kind::kNoted},
    {"GET", "/studies/{study}/quality", "quality.read", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/quality", "quality.read", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/quality/participants", "quality.list", Kind::kNoted},
    {"GET", "/studies/{study}/datasets/{dataset}/quality/sessions", "quality.list", Kind::kNoted},
    {"GET", "/studies/{study}/live", "live.open", Kind::kNoted},
    {"POST", "/studies/{study}/datasets/{dataset}/records", "records.write", Kind::kNone},
    {"DELETE", "/studies/{study}/datasets/{dataset}/records/{record}", "record.delete", Kind::kDurable},
    {"GET", "/studies/{study}/datasets/{dataset}/export", "export.stream", Kind::kDurable},
    {"POST", "/studies/{study}/exports", "export.create", Kind::kDurable},
    {"GET", "/exports/{export}/file", "export.download", Kind::kDurable},
    {"POST", "/exports/{export}/link", "export.link", Kind::kDurable},
    {"GET", "/downloads/{download}", "export.download", Kind::kDurable},
    {"GET", "/exports/{export}/parts/{part}", "export.download", Kind::kDurable},
    {"GET", "/exports/{export}/manifest", "export.manifest", Kind::kNoted},
    {"DELETE", "/exports/{export}", "export.delete", Kind::kDurable},
    {"POST", "/studies/{study}/schedules", "schedule.create", Kind::kDurable},
    {"PATCH", "/studies/{study}/schedules/{schedule}", "schedule.change", Kind::kDurable},
    {"DELETE", "/studies/{study}/schedules/{schedule}", "schedule.delete", Kind::kDurable},
    {"POST", "/studies/{study}/schedules/{schedule}/pause", "schedule.pause", Kind::kDurable},
    {"POST", "/studies/{study}/schedules/{schedule}/resume", "schedule.resume", Kind::kDurable},
    {"POST", "/studies/{study}/schedules/{schedule}/run", "schedule.start", Kind::kDurable},
    {"POST", "/studies/{study}/schedules/{schedule}/deliveries/{delivery}/replay", "export.redeliver", Kind::kDurable},
    {"PUT", "/studies/{study}/donation-project", "donations.settings", Kind::kDurable},
    {"PUT", "/studies/{study}/donation-project/token", "donations.token_create", Kind::kDurable},
    {"DELETE", "/studies/{study}/donation-project/token", "donations.token_delete", Kind::kDurable},
    {"GET", "/studies/{study}/donation-project/log", "donations.logs", Kind::kNoted},
    {"GET", "/studies/{study}/files", "files.list", Kind::kNoted},
    {"POST", "/studies/{study}/files", "file.begin", Kind::kDurable},
    {"GET", "/studies/{study}/files/{file}", "file.read", Kind::kNoted},
    {"DELETE", "/studies/{study}/files/{file}", "file.delete", Kind::kDurable},
    {"PUT", "/studies/{study}/files/{file}/content", "file.upload", Kind::kDurable},
    {"PATCH", "/studies/{study}/files/{file}/content", "file.upload", Kind::kNoted},
    {"POST", "/studies/{study}/files/{file}/complete", "file.complete", Kind::kDurable},
    {"GET", "/studies/{study}/files/{file}/content", "file.download", Kind::kDurable},
    {"POST", "/studies/{study}/files/{file}/link", "file.lend", Kind::kDurable},
    {"GET", "/file-links/{word}", "file.download", Kind::kDurable},
    {"POST", "/session", "session.sign_in", Kind::kDurable},
    {"DELETE", "/session", "session.sign_out", Kind::kDurable},
    {"PUT", "/account/password", "account.password", Kind::kDurable},
    {"POST", "/account/second-factor", "second_factor.begin", Kind::kDurable},
    {"PUT", "/account/second-factor", "second_factor.set", Kind::kDurable},
    {"DELETE", "/account/second-factor", "second_factor.remove", Kind::kDurable},
    {"POST", "/accounts", "account.create", Kind::kDurable},
    {"PATCH", "/accounts/{account}", "account.change", Kind::kDurable},
    {"POST", "/keys", "key.create", Kind::kDurable},
    {"DELETE", "/keys/{key}", "key.revoke", Kind::kDurable},
    {"PUT", "/studies/{study}/grants/{account}", "grant.change", Kind::kDurable},
    {"DELETE", "/studies/{study}/grants/{account}", "grant.remove", Kind::kDurable},
    {"PUT", "/studies/{study}/owner", "study.owner", Kind::kDurable},
    {"POST", "/studies", "study.create", Kind::kDurable},
    {"PATCH", "/studies/{study}", "study.change", Kind::kDurable},
    {"DELETE", "/studies/{study}", "study.delete", Kind::kDurable},
    {"PUT", "/studies/{study}/lock", "study.lock", Kind::kDurable},
    {"DELETE", "/studies/{study}/lock", "study.unlock", Kind::kDurable},
    {"PUT", "/studies/{study}/datasets/{dataset}", "definition.change", Kind::kDurable},
    {"POST", "/studies/{study}/sensors", "definition.change", Kind::kDurable},
    {"GET", "/studies/{study}/participants/{participant}/consents", "consent.read", Kind::kNoted},
    {"PUT", "/studies/{study}/participants/{participant}/consents/{purpose}", "consent.change", Kind::kDurable},
    {"GET", "/studies/{study}/participants/{participant}/withdrawal", "withdrawal.read", Kind::kNoted},
    {"POST", "/studies/{study}/participants/{participant}/withdrawal", "participant.withdraw", Kind::kDurable},
    {"DELETE", "/studies/{study}/participants/{participant}/withdrawal", "participant.return", Kind::kDurable},
    {"POST", "/studies/{study}/participants/{participant}/erasure", kErase, Kind::kDurable},
    {"POST", "/studies/{study}/participants/{participant}/links", "link.create", Kind::kDurable},
    {"DELETE", "/studies/{study}/participants/{participant}/links/{link}", "link.revoke", Kind::kDurable},
    {"GET", "/studies/{study}/requests", "requests.list", Kind::kNoted},
    {"PUT", "/studies/{study}/requests/{request}", "request.decide", Kind::kDurable},
    {"PUT", "/studies/{study}/retention", "retention.change", Kind::kDurable},
    {"DELETE", "/studies/{study}/retention", "retention.change", Kind::kDurable},
    {"PUT", "/studies/{study}/datasets/{dataset}/retention", "retention.change", Kind::kDurable},
    {"DELETE", "/studies/{study}/datasets/{dataset}/retention", "retention.change", Kind::kDurable},
    {"POST", "/retention/run", "retention.run", Kind::kDurable},
    {"GET", "/me", "own.read", Kind::kNoted},
    {"GET", "/me/datasets/{dataset}/records", "own.records", Kind::kNoted},
    {"GET", "/me/export", "own.export", Kind::kDurable},
    {"POST", "/me/requests", "own.request", Kind::kDurable},
    {"GET", "/studies/{study}/datasets/{dataset}/risk", "records.risk", Kind::kNoted},
    {"GET", "/audit", "audit.read", Kind::kNoted},
    {"GET", "/audit/export", "audit.export", Kind::kDurable},
    {"GET", "/audit/verify", "audit.verify", Kind::kDurable},
    {"GET", "/studies/{study}/audit", "audit.read", Kind::kNoted},
    {"GET", "/studies/{study}/audit/export", "audit.export", Kind::kDurable},
});

// Parts of an address that name something of no participant.
constexpr std::array<std::string_view, 6> kTargets = {"export", "key", "account", "link", "delivery", "schedule"};
// Those that may: they go into the detail.
constexpr std::string_view kRecord = "record";
constexpr std::array<std::string_view, 4> kPersonal = {"session", kRecord, "request", "purpose"};

bool IsReason(std::string_view text) {
  if (!IsUtf8(text)) return false;
  const bool line = std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return line && static_cast<std::size_t>(characters) <= kMostReasonCharacters;
}

//! A record that is gone tells nobody's whose it was: its id would stay when they are erased.
void AddRecordCode(const Call& call, std::string_view record, JsonObject& detail) {
  const auto key = call.rooms->keys->CodeKey(call.Part("study"));
  if (key) detail.Text("record_code", privacy::Code(*key, privacy::CodeKind::kRecord, record));
}

//! Whoever is asked about after their erasure is not to be named anew.
std::string KnownOrCode(const Call& call, const std::string& participant) {
  const std::string_view study = call.audit.study.empty() ? call.Part("study") : std::string_view(call.audit.study);
  const auto vault = call.rooms->vault->OpenStudy(study);
  if (vault && (*vault)->ParticipantNumber(participant)) return participant;
  const auto key = call.rooms->keys->CodeKey(study);
  return key ? privacy::Code(*key, privacy::CodeKind::kParticipant, participant) : std::string();
}

std::string DetailOf(const Call& call) {
  JsonObject detail;
  bool any = false;
  for (const std::string_view name : kPersonal) {
    const std::string_view part = call.Part(name);
    if (part.empty()) continue;
    if (name != kRecord) detail.Text(name, part.substr(0, kMostQueryBytes));
    else AddRecordCode(call, part, detail);
    any = true;
  }
  const auto& query = call.request.query_parameters;
  if (!query.empty()) {
    JsonObject parameters;
    std::size_t bytes = 0;
    for (const auto& [name, value] : query) {
      // A cursor holds the values of a row, in a writing that an erasure could not search.
      if (name == "cursor") continue;
      bytes += name.size() + value.size();
      if (bytes <= kMostQueryBytes) parameters.Text(name, name == "participant" ? KnownOrCode(call, value) : value);
    }
    if (bytes > kMostQueryBytes) parameters.Count("shortened_from_bytes", bytes);
    detail.Raw("query", parameters.Finish());
    any = true;
  }
  if (!call.audit.options.empty()) {
    detail.Raw("options", call.audit.options);
    any = true;
  }
  return any ? detail.Finish() : std::string();
}

//! Nothing of whom it was about.
void Forget(catalog::AuditEntry& entry) {
  const std::string participant = std::move(entry.detail.participant);
  entry.detail.participant.clear();
  entry.detail.text.clear();
  if (entry.detail.reason.find(participant) != std::string::npos) entry.detail.reason.clear();
}

//! 401, 403, and the 404 that stands for a 403.
bool IsDenied(const Error& failure) {
  const int status = Describe(failure.code).http_status;
  return status == 401 || status == 403 || status == 404;
}

}  // namespace

AuditRule RuleFor(std::string_view method, std::string_view pattern) {
  constexpr std::string_view kRoot = "/api/v1";
  const std::string_view path = pattern.substr(0, kRoot.size()) == kRoot ? pattern.substr(kRoot.size()) : pattern;
  for (const Operation& operation : kOperations) {
    if (operation.method == method && operation.pattern == path) return {std::string(operation.action), operation.kind};
  }
  // An operation without a row: a change is worth an entry whatever it is, a read of no participant's data is not.
  return {std::string(method) + " " + std::string(path), method == "GET" ? Kind::kNone : Kind::kDurable};
}

Status CheckReason(const http::Request& request) {
  if (IsReason(request.Header("x-reason"))) return {};
  return Fail(ErrorCode::kBadParameter, "X-Reason is one line of UTF-8 with at most 500 characters.", "X-Reason");
}

catalog::AuditEntry EntryOf(const Call& call, std::string_view action) {
  catalog::AuditEntry entry;
  const bool visitor = !call.audit.link.empty();
  entry.actor = visitor ? call.audit.link : call.audit.actor.empty() ? call.principal.account : call.audit.actor;
  entry.actor_kind = visitor ? "participant" : entry.actor.empty() ? "nobody" : "account";
  entry.key = call.principal.key;
  entry.action = action;
  const std::string_view study = call.audit.study.empty() ? call.Part("study") : std::string_view(call.audit.study);
  if (IsSlug(study)) entry.study = study;
  const std::string_view dataset = call.audit.dataset.empty() ? call.Part("dataset") : std::string_view(call.audit.dataset);
  if (IsSlug(dataset)) entry.dataset = dataset;
  entry.target = call.audit.target;
  for (const std::string_view name : kTargets) {
    if (entry.target.empty() && IsSlug(call.Part(name))) entry.target = call.Part(name);
  }
  entry.outcome = "ok";
  if (call.audit.rows) entry.rows = static_cast<std::int64_t>(*call.audit.rows);
  // A participant's own address is theirs, and goes with them.
  (visitor ? entry.detail.address : entry.address) = call.Client();
  entry.request = call.request.id;
  entry.detail.participant = call.audit.participant.empty() ? std::string(call.Part("participant")) : call.audit.participant;
  entry.detail.reason = call.request.Header("x-reason");
  entry.detail.text = DetailOf(call);
  return entry;
}

Status AuditCall(const Call& call, const AuditRule& rule, const Error* failure) {
  if (!call.rooms->audit || (failure == nullptr && call.audit.written)) return {};
  if (failure != nullptr) {
    if (!IsDenied(*failure)) return {};
    // Who guesses ids is seen by it, also where reading itself leaves no entry; what was asked of one's own study and is
    // not there was not denied.
    if (failure->code == ErrorCode::kNotFound && call.seen_study) return {};
    catalog::AuditEntry entry = EntryOf(call, rule.action);
    entry.outcome = "denied";
    entry.rows.reset();
    call.rooms->audit->Note(std::move(entry));
    return {};
  }
  if (rule.kind == Kind::kNone || call.request.method == "HEAD") return {};
  catalog::AuditEntry entry = EntryOf(call, rule.action);
  if (rule.action == kErase) Forget(entry);
  if (rule.kind == Kind::kNoted) {
    call.rooms->audit->Note(std::move(entry));
    return {};
  }
  const Status recorded = call.rooms->audit->Record(entry);
  if (recorded) return {};
  // What was changed is changed: the entry goes after it as soon as it can. What would be given out is not.
  if (call.request.method != "GET") {
    call.rooms->audit->Note(std::move(entry));
    return {};
  }
  return recorded;
}

void AuditStranger(const Rooms& rooms, const http::Request& request, const Error& failure) {
  if (!rooms.audit || !IsDenied(failure)) return;
  catalog::AuditEntry entry;
  entry.actor_kind = "nobody";
  entry.action = "authentication";
  entry.outcome = "denied";
  entry.address = ClientAddress(request, rooms.trust_proxy);
  entry.request = request.id;
  rooms.audit->Note(std::move(entry));
}

}  // namespace sheaf::api::native
