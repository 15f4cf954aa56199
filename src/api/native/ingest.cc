#include "ingest/ingest.h"
#include "api/content_headers.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "api/problem.h"
#include "base/log.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

std::string IngestJson(const ingest::IngestResult& result) {
  JsonObject object;
  object.Count("accepted", result.accepted).Raw("rejected", RejectionsJson(result.rejected));
  object.Count("rejected_total", result.rejected_total).Integer("seq", result.seq).Flag("repeated", result.repeated);
  return object.Finish();
}

Result<ingest::OnError> ReadOnError(const Call& call) {
  const std::string_view text = call.request.QueryParameter("on_error").value_or("reject");
  if (text == "reject") return ingest::OnError::kReject;
  if (text == "skip") return ingest::OnError::kSkip;
  return Fail(ErrorCode::kBadParameter, "\"on_error\" is reject or skip.", "on_error");
}

Result<ingest::IngestOptions> ReadOptions(const Call& call, const model::Study& study) {
  SHEAF_TRY(call.OnlyParameters({"on_error"}));
  ingest::IngestOptions options;
  options.dataset = call.Part("dataset");
  SHEAF_ASSIGN(options.on_error, ReadOnError(call));
  SHEAF_ASSIGN(options.format, RecordsFormat(call.request.Header("content-type")));
  options.content_encoding = call.request.Header("content-encoding");
  SHEAF_ASSIGN(const std::string key, call.IdempotencyKey());
  if (!key.empty()) options.idempotency_key = call.principal.account + "/" + study.id + "/" + options.dataset + "/" + key;
  options.spool_directory = call.rooms->temporary;
  options.refused = call.rooms->refused;
  return options;
}

//! What the commit's callback needs after the handler is gone.
struct Waiting {
  http::Responder responder;
  std::string path;
  std::string request;
};

void SendOutcome(const Waiting& waiting, const Status& status, const ingest::IngestResult& result) {
  if (status) return waiting.responder.Send(JsonResponse(IngestJson(result)));
  const Error& error = status.error();
  const int http_status = Describe(error.code).http_status;
  if (http_status >= 500 && error.code != ErrorCode::kUnavailable) {
    LogError("records were not kept", {{"request", waiting.request}, {"error", Describe(error.code).slug}, {"detail", error.detail}});
  }
  if (result.rejected_total == 0) return waiting.responder.Send(ProblemResponse(error, waiting.path, waiting.request));
  waiting.responder.Send(ProblemResponse(error, waiting.path, waiting.request, result.rejected, result.rejected_total));
}

//! Reads as the bytes come; leaves the answer to the commit, so that no thread waits for the disk.
Answer PostRecords(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableDataset(access::Action::kWriteRecords));
  SHEAF_ASSIGN(ingest::IngestOptions options, ReadOptions(call, study));
  SHEAF_ASSIGN(auto vault, call.Vault(study));
  ingest::IngestRequest records(std::move(vault), std::move(options));
  SHEAF_TRY(records.Begin());
  while (true) {
    SHEAF_ASSIGN(const auto bytes, call.request.body->Read());
    if (bytes.empty()) break;
    SHEAF_TRY(records.Feed(bytes));
  }
  auto waiting = std::make_shared<Waiting>(Waiting{call.responder, call.request.path, call.request.id});
  records.Commit([waiting](const Status& status, const ingest::IngestResult& result) { SendOutcome(*waiting, status, result); });
  return std::nullopt;
}

}  // namespace

void AddIngestRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/datasets/{dataset}/records", PostRecords, kAnyBody);
}

}  // namespace sheaf::api::native
