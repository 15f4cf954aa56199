#pragma once
//! A ZIP made while it is sent, for who waits for it: the same as a background export's, of what one request asks for.

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "blobs/blobs.h"
#include "export/options.h"
#include "export/viewer.h"
#include "files/files.h"
#include "vault/vault.h"

namespace sheaf::exporting {

struct ZipRequest {
  std::shared_ptr<vault::StudyVault> study;
  std::string study_id;
  std::string study_name;
  std::string account;  //!< who asks, for the manifest
  ExportOptions options;
  Viewer viewer;
  std::shared_ptr<blobs::Blobs> blobs;
  std::shared_ptr<files::Files> files;  //!< may be null: then no media
  std::string temporary;
};

//! Writes it into `take`, whose error ends it, on the calling thread. Bounded memory. Setting `cancelled` ends it soon with kCancelled.
Status WriteZipNow(const ZipRequest& request, const std::function<Status(std::string_view)>& take, const std::atomic<bool>& cancelled);

}  // namespace sheaf::exporting
