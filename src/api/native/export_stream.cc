#include "api/content_headers.h"
#include "api/native/call.h"
#include "export/plan.h"
#include "export/rows.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

//! An export as the body of a response: the two rooms have the same shape and do not know each other.
class StreamBody : public http::BodySource {
 public:
  explicit StreamBody(std::unique_ptr<exporting::Stream> stream) : stream_(std::move(stream)) {}
  void Read(Ready ready) override { stream_->Read(std::move(ready)); }
  void Cancel() override { stream_->Cancel(); }

 private:
  std::unique_ptr<exporting::Stream> stream_;
};

//! Writes the entry of a stream's end when the connection is done with it.
class AuditedBody : public http::BodySource {
 public:
  AuditedBody(std::unique_ptr<exporting::Stream> stream, std::shared_ptr<access::AuditLog> audit, catalog::AuditEntry entry)
      : stream_(std::move(stream)), audit_(std::move(audit)), entry_(std::move(entry)) {}
  ~AuditedBody() override {
    entry_.outcome = *outcome_;
    entry_.rows = static_cast<std::int64_t>(stream_->GetProgress().rows);
    audit_->Note(std::move(entry_));
  }

  void Read(Ready ready) override {
    // One Read at a time, and none when the body is destroyed.
    stream_->Read([outcome = outcome_, ready = std::move(ready)](Result<std::string> piece) {
      if (!piece) *outcome = piece.error().code == ErrorCode::kCancelled ? "cancelled" : "failed";
      else if (piece->empty()) *outcome = "ok";
      ready(std::move(piece));
    });
  }
  void Cancel() override { stream_->Cancel(); }

 private:
  std::unique_ptr<exporting::Stream> stream_;
  std::shared_ptr<access::AuditLog> audit_;
  catalog::AuditEntry entry_;
  std::shared_ptr<std::string> outcome_ = std::make_shared<std::string>("cancelled");
};

//! For HEAD: the headers are those of the stream, and none is opened for it.
class NoBody : public http::BodySource {
 public:
  void Read(Ready ready) override { ready(std::string()); }
  void Cancel() override {}
};

Result<exporting::ExportOptions> ReadOptions(const Call& call) {
  SHEAF_ASSIGN(exporting::ExportOptions options, exporting::OptionsFromQuery(call.request.query_parameters));
  if (options.format == exporting::Format::kZip) {
    return Fail(ErrorCode::kUnknownFormat, "A ZIP is made by an export job: POST /api/v1/studies/{study}/exports.", "format");
  }
  if (options.privacy.risk)
    return Fail(ErrorCode::kBadParameter, "A stream has no place for a report: ask an export job, or GET .../risk.", "risk");
  return options;
}

Result<exporting::Compression> ChooseCompression(const Call& call, exporting::Format format) {
  // Parquet is compressed in itself; its bytes go as they are whatever the client would unpack.
  if (format == exporting::Format::kParquet) return exporting::Compression::kNone;
  const auto compression = NegotiateCompression(call.request.Header("accept-encoding"));
  if (!compression) return Fail(ErrorCode::kNotAcceptable, "The export can be sent plain, as gzip and as zstd.", "Accept-Encoding");
  return *compression;
}

//! The number of rows where the kept statistics tell it; a progress bar is not worth a scan.
std::optional<std::uint64_t> KnownRows(vault::StudyVault& vault, const exporting::Plan& plan) {
  if (plan.aggregate || plan.options.privacy.require_k > 0) return std::nullopt;
  if (plan.select.where || plan.select.after != vault::kNoSeq || plan.select.limit != 0) return std::nullopt;
  if (!plan.select.consented_to.empty()) return std::nullopt;
  const auto summary = vault.Summarize(plan.dataset->id);
  if (!summary || summary->last_seq > plan.select.upto) return std::nullopt;
  return summary->records;
}

http::Headers StreamHeaders(const exporting::Plan& plan, exporting::Compression compression, const std::string& study) {
  const exporting::Format format = plan.options.format;
  http::Headers headers = {
      {"Content-Type", std::string(ContentTypeOf(format))},
      {"Content-Disposition", AttachmentHeader(study + "_" + plan.dataset->id + "." + std::string(exporting::Name(format)))},
      {"Cache-Control", "no-store"},
      {"Vary", "Accept-Encoding"},
      {"Sheaf-Cursor", plan.cursor}};
  if (compression == exporting::Compression::kGzip) headers.emplace_back("Content-Encoding", "gzip");
  if (compression == exporting::Compression::kZstd) headers.emplace_back("Content-Encoding", "zstd");
  return headers;
}

Answer StreamExport(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kExport));
  SHEAF_ASSIGN(exporting::ExportOptions options, ReadOptions(call));
  exporting::ApplyConsent(options, access.study.settings);
  SHEAF_ASSIGN(const exporting::Compression compression, ChooseCompression(call, options.format));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(exporting::Plan plan, exporting::MakePlan(*vault, options, call.Part("dataset"), 0, call.Viewer(access)));
  http::Response response;
  response.headers = StreamHeaders(plan, compression, access.study.id);
  if (const auto rows = KnownRows(*vault, plan)) response.headers.emplace_back("Sheaf-Rows", std::to_string(*rows));
  if (call.request.method == "HEAD") {
    response.source = std::make_unique<NoBody>();
    return response;
  }
  SHEAF_TRY(exporting::PreparePlan(*vault, plan));
  SHEAF_ASSIGN(auto stream, call.rooms->streams->Open(vault, std::move(plan), compression));
  if (!call.rooms->audit) {
    response.source = std::make_unique<StreamBody>(std::move(stream));
    return response;
  }
  // One entry that is durable before the first byte leaves, and one at the end.
  catalog::AuditEntry entry = EntryOf(call, "export.stream");
  entry.outcome = "started";
  SHEAF_TRY(call.rooms->audit->Record(entry));
  call.audit.written = true;
  response.source = std::make_unique<AuditedBody>(std::move(stream), call.rooms->audit, std::move(entry));
  return response;
}

}  // namespace

void AddStreamRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/datasets/{dataset}/export", StreamExport);
}

}  // namespace sheaf::api::native
