#pragma once
//! Content encodings, made so that most of the work happens on the lanes and yet one gzip member or one zstd frame
//! comes out: readers such as curl and browsers stop after the first member.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "export/pipeline.h"

namespace sheaf::exporting {

//! One block of an export on its way from a lane to the ordered stage.
struct Block {
  std::string bytes;            //!< gzip: deflated, ending on a byte; else as encoded
  std::uint64_t raw_bytes = 0;  //!< before compression
  std::uint64_t rows = 0;
  std::uint32_t crc = 0;  //!< gzip: CRC-32 of the raw bytes
};

//! What a lane does to a block. One object a thread; blocks are independent of each other.
class BlockCompressor {
 public:
  explicit BlockCompressor(Compression compression);
  ~BlockCompressor();
  BlockCompressor(const BlockCompressor&) = delete;
  BlockCompressor& operator=(const BlockCompressor&) = delete;
  //! Takes `raw` over. `block.rows` is left as it is.
  Status Compress(std::string raw, Block& block);

 private:
  struct Deflater;
  Compression compression_;
  std::unique_ptr<Deflater> deflater_;
};

//! The ordered stage: blocks in order become the bytes that go out. One thread at a time. Each call appends to `out` bytes
//! that a reader can decode at once.
class FrameWriter {
 public:
  explicit FrameWriter(Compression compression);
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;
  Status Append(Block block, std::string& out);
  //! Ends the member or frame. An export without a byte is a member or frame, too.
  Status End(std::string& out);

 private:
  struct ZstdFrame;
  void AppendGzipHeader(std::string& out);
  Compression compression_;
  bool begun_ = false;
  std::uint32_t crc_ = 0;
  std::uint64_t raw_bytes_ = 0;
  std::unique_ptr<ZstdFrame> zstd_;
};

//! Both stages on one thread.
Status CompressInOrder(BlockCompressor& compressor, FrameWriter& frame, std::string raw, std::string& out);

}  // namespace sheaf::exporting
