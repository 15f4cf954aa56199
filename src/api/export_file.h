#pragma once
//! The file of an export job as the body of an answer: parts of it, conditions on it, packed on the way where that is asked for.

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "http/server.h"
#include "secrets/key_ring.h"

namespace sheaf::api {

//! Says why there is no file, when there is none: kExportNotReady, kExportFailed, kCancelled, kExportGone.
Status RequireFile(const catalog::ExportJob& job);

//! The file as it can be read: with the study's key, which a locked study gives out for its passphrase only. kStudyLocked,
//! kExportGone, kStorageDamaged.
Result<std::shared_ptr<blobs::BlobReader>> OpenFile(blobs::Blobs& blobs, secrets::KeyRing& keys, const catalog::ExportJob& job,
                                                    std::string_view passphrase);

struct FileOptions {
  std::string content_type = "application/octet-stream";
  bool may_pack = false;  //!< as gzip for a client that takes it, and asks for no part
};
//! Range and conditions on a file that never changes under its ETag: 200, 206, 304, 416. kPreconditionFailed.
Result<http::Response> FileResponse(const http::Request& request, const catalog::ExportJob& job,
                                    const std::shared_ptr<blobs::BlobReader>& file, const FileOptions& options = {});

}  // namespace sheaf::api
