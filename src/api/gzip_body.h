#pragma once
//! A file packed as one gzip member while it is sent.

#include <cstdint>
#include <memory>

#include "blobs/blobs.h"
#include "export/compression.h"
#include "http/server.h"

namespace sheaf::api {

//! Each piece is read and packed on a thread of its own that ends with it: a client that is slow holds none.
class GzipBody final : public http::BodySource {
 public:
  explicit GzipBody(std::shared_ptr<blobs::BlobReader> file) : file_(std::move(file)) {}
  void Read(Ready ready) override;
  void Cancel() override {}

 private:
  Result<std::string> Next();

  const std::shared_ptr<blobs::BlobReader> file_;
  exporting::BlockCompressor compressor_{exporting::Compression::kGzip};
  exporting::FrameWriter frame_{exporting::Compression::kGzip};
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace sheaf::api
