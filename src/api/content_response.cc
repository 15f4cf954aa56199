#include "api/content_response.h"

#include <algorithm>
#include <array>

#include "api/byte_range.h"
#include "api/problem.h"

namespace sheaf::api {

Result<http::Response> ContentResponse(const http::Request& request, const Content& content) {
  const std::string etag = "\"" + content.sha256 + "\"";
  const std::uint64_t size = content.bytes->Size();
  const std::string_view if_match = request.Header("if-match");
  if (!if_match.empty() && !ListsEtag(if_match, etag, false)) {
    return Fail(ErrorCode::kPreconditionFailed, "The file has another ETag.", "If-Match");
  }
  http::Response response;
  response.headers = {{"ETag", etag}, {"Accept-Ranges", "bytes"}, {"Cache-Control", "private, no-cache"}};
  if (ListsEtag(request.Header("if-none-match"), etag, true)) {
    response.status = 304;
    return response;
  }
  ByteRange range{ByteRange::Kind::kWhole, 0, size};
  if (request.method == "GET" && RangeStillValid(request.Header("if-range"), etag)) range = ResolveRange(request.Header("range"), size);
  if (range.kind == ByteRange::Kind::kUnsatisfiable) {
    const Error error{ErrorCode::kRangeNotSatisfiable, "The file has " + std::to_string(size) + " bytes.", "Range", 0};
    response = ProblemResponse(error, request.path, request.id);
    response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    return response;
  }
  response.headers.emplace_back("Content-Type", content.media_type);
  response.headers.emplace_back("Content-Disposition", content.disposition);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (range.kind == ByteRange::Kind::kPart) {
    response.status = 206;
    const std::uint64_t last = range.offset + range.length - 1;
    response.headers.emplace_back("Content-Range",
                                  "bytes " + std::to_string(range.offset) + "-" + std::to_string(last) + "/" + std::to_string(size));
  }
  auto read = [bytes = content.bytes](std::uint64_t offset, std::uint64_t most) { return bytes->ReadAt(offset, most); };
  response.file = http::FileBody{{}, range.offset, range.length, std::move(read)};
  return response;
}

bool MayShowInline(std::string_view media_type) {
  constexpr std::array<std::string_view, 6> kHarmless = {"image/png",  "image/jpeg", "image/gif",
                                                         "image/webp", "text/plain", "application/json"};
  if (media_type.rfind("video/", 0) == 0 || media_type.rfind("audio/", 0) == 0) return true;
  return std::find(kHarmless.begin(), kHarmless.end(), media_type) != kHarmless.end();
}

}  // namespace sheaf::api
