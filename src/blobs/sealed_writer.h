#pragma once
//! Private to the room. Plain bytes in, the bytes of an encrypted file out.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "blobs/sealed_format.h"

namespace sheaf::blobs {

//! Holds one segment back: only at the end it is known which is the last.
class SealedWriter {
 public:
  //! Takes encrypted bytes, in order.
  using Sink = std::function<Status(std::string_view bytes)>;

  static Result<std::unique_ptr<SealedWriter>> Begin(const KeyBytes& public_key, Sink sink, unsigned segment_log2 = kSegmentLog2);
  ~SealedWriter();
  SealedWriter(const SealedWriter&) = delete;
  SealedWriter& operator=(const SealedWriter&) = delete;
  Status Write(std::string_view plain);
  Status End();

 private:
  SealedWriter(const KeyBytes& file_key, SealedHeader header, Sink sink)
      : segment_size_(header.SegmentSize()), cipher_(file_key, std::move(header)), sink_(std::move(sink)) {}
  Status SealSegment(std::string_view plain, bool last);

  const std::uint64_t segment_size_;
  const SegmentCipher cipher_;
  const Sink sink_;
  std::string held_;
  std::string sealed_;
  std::uint64_t number_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace sheaf::blobs
