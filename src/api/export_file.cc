#include "api/export_file.h"

#include <algorithm>

#include "api/byte_range.h"
#include "api/content_headers.h"
#include "api/gzip_body.h"
#include "api/problem.h"
#include "blobs/sealed_format.h"

namespace sheaf::api {
namespace {

constexpr int kLookAgainS = 1;

bool TakesGzip(const http::Request& request) {
  const std::string_view accepts = request.Header("accept-encoding");
  if (accepts.find("gzip") == std::string_view::npos) return false;
  // What it likes better than gzip, and is not made here, is no reason to send it plain.
  std::string known;
  for (std::size_t begin = 0; begin <= accepts.size();) {
    const std::size_t end = std::min(accepts.find(',', begin), accepts.size());
    const std::string_view part = accepts.substr(begin, end - begin);
    if (part.find("zstd") == std::string_view::npos) known += (known.empty() ? "" : ",") + std::string(part);
    begin = end + 1;
  }
  return NegotiateCompression(known) == exporting::Compression::kGzip;
}

http::Response PackedResponse(http::Response response, const std::shared_ptr<blobs::BlobReader>& file) {
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.source = std::make_unique<GzipBody>(file);
  return response;
}

http::Response OutsideTheFile(const http::Request& request, const catalog::ExportJob& job) {
  const Error error{ErrorCode::kRangeNotSatisfiable, "The file has " + std::to_string(job.file_size) + " bytes.", "Range", 0};
  http::Response response = ProblemResponse(error, request.path, request.id);
  response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(job.file_size));
  return response;
}

}  // namespace

Status RequireFile(const catalog::ExportJob& job) {
  switch (job.state) {
    case catalog::ExportState::kPending:
    case catalog::ExportState::kExecuting: {
      Error error{ErrorCode::kExportNotReady, "The export is " + std::string(catalog::Name(job.state)) + ".", "", kLookAgainS};
      return Fail(std::move(error));
    }
    case catalog::ExportState::kFailed: return Fail(ErrorCode::kExportFailed, job.error);
    case catalog::ExportState::kCancelled: return Fail(ErrorCode::kCancelled, "The export was cancelled.");
    case catalog::ExportState::kExpired:
      return Fail(ErrorCode::kExportGone, job.error.empty() ? "The export's file has expired." : job.error);
    case catalog::ExportState::kSucceeded: return {};
  }
  return {};
}

Result<std::shared_ptr<blobs::BlobReader>> OpenFile(blobs::Blobs& blobs, secrets::KeyRing& keys, const catalog::ExportJob& job,
                                                    std::string_view passphrase) {
  const auto open_box = [&](std::string_view key_id, std::string_view box) -> Result<secrets::KeyBytes> {
    SHEAF_ASSIGN(const auto key, keys.OpenContent(job.study, passphrase));
    if (blobs::KeyId(key.Open()) != key_id) return Fail(ErrorCode::kExportGone, "The key of the export's file was destroyed.");
    return key.OpenBox(box);
  };
  auto file = blobs.Open(job.blob, open_box);
  if (!file && file.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kExportGone, "The export's file was removed.");
  if (!file) return file;
  if ((*file)->Size() != job.file_size) {
    return Fail(ErrorCode::kStorageDamaged, "The export's file does not have the size it was written with.");
  }
  return file;
}

Result<http::Response> FileResponse(const http::Request& request, const catalog::ExportJob& job,
                                    const std::shared_ptr<blobs::BlobReader>& file, const FileOptions& options) {
  const std::string plain = "\"" + job.sha256 + "\"", packed = "\"" + job.sha256 + "-gzip\"";
  const std::string_view if_match = request.Header("if-match");
  if (!if_match.empty() && !ListsEtag(if_match, plain, false)) {
    return Fail(ErrorCode::kPreconditionFailed, "The file has another ETag.", "If-Match");
  }
  const bool pack = options.may_pack && request.method == "GET" && request.Header("range").empty() && TakesGzip(request);
  const std::string& etag = pack ? packed : plain;
  http::Response response;
  response.headers = {
      {"ETag", etag}, {"Accept-Ranges", "bytes"}, {"Cache-Control", "private, no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  if (options.may_pack) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (ListsEtag(request.Header("if-none-match"), etag, true)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", options.content_type);
  response.headers.emplace_back("Content-Disposition", AttachmentHeader(job.file_name));
  if (pack) return PackedResponse(std::move(response), file);
  ByteRange range{ByteRange::Kind::kWhole, 0, job.file_size};
  if (request.method == "GET" && RangeStillValid(request.Header("if-range"), etag))
    range = ResolveRange(request.Header("range"), job.file_size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) return OutsideTheFile(request, job);
  if (range.kind == ByteRange::Kind::kPart) {
    response.status = 206;
    const std::string last = std::to_string(range.offset + range.length - 1);
    response.headers.emplace_back("Content-Range",
                                  "bytes " + std::to_string(range.offset) + "-" + last + "/" + std::to_string(job.file_size));
  }
  response.file = http::FileBody{
      {}, range.offset, range.length, [file](std::uint64_t offset, std::uint64_t most) { return file->ReadAt(offset, most); }};
  return response;
}

}  // namespace sheaf::api
