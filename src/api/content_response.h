#pragma once
//! Answers that give out bytes which never change under their ETag: ranges and conditions of RFC 9110.

#include <memory>
#include <string>

#include "blobs/blobs.h"
#include "http/server.h"

namespace sheaf::api {

struct Content {
  std::string sha256;  //!< hex: the ETag
  std::string media_type = "application/octet-stream";
  std::string disposition;  //!< the whole header
  std::shared_ptr<blobs::BlobReader> bytes;
};

//! 200, 206, 304; kPreconditionFailed, and kRangeNotSatisfiable as a problem with `Content-Range`. Never with Content-Encoding.
Result<http::Response> ContentResponse(const http::Request& request, const Content& content);

//! May a browser show it in a page of ours? Sound, pictures and plain text: nothing that could run.
bool MayShowInline(std::string_view media_type);

}  // namespace sheaf::api
