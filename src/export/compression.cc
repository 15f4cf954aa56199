#include "export/compression.h"

#include <zlib.h>
#include <zstd.h>

#include <utility>

namespace sheaf::exporting {
namespace {
// Level 1 of both: an export is read once, and the network of a laptop is slower than this.
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;
// A window of 32 KiB makes a context of 0.3 MB instead of 1 MB, at the same size to a part in three hundred: rows
// repeat within a few KiB. A waiting stream keeps its context.
constexpr int kZstdWindowLog = 15;

void AppendLittleEndian(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xFF);
}
Error CompressionError() { return Error{ErrorCode::kInternal, "The export could not be compressed.", {}, 0}; }
}  // namespace

struct BlockCompressor::Deflater {
  z_stream stream{};
  bool ready = false;
  Deflater() { ready = deflateInit2(&stream, kGzipLevel, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK; }
  ~Deflater() {
    if (ready) deflateEnd(&stream);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
};

BlockCompressor::BlockCompressor(Compression compression) : compression_(compression) {}
BlockCompressor::~BlockCompressor() = default;

Status BlockCompressor::Compress(std::string raw, Block& block) {
  block.raw_bytes = raw.size();
  if (compression_ != Compression::kGzip) {
    block.bytes = std::move(raw);
    return {};
  }
  if (!deflater_) deflater_ = std::make_unique<Deflater>();
  if (!deflater_->ready || deflateReset(&deflater_->stream) != Z_OK) return Fail(CompressionError());
  z_stream& stream = deflater_->stream;
  block.crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(raw.data()), raw.size()));
  block.bytes.clear();
  // Z_SYNC_FLUSH ends the block on a byte without ending the stream, so that blocks of several lanes join.
  std::size_t taken = 0;
  bool flushed = raw.empty();
  while (!flushed) {
    const std::size_t input = std::min<std::size_t>(raw.size() - taken, 1u << 30);
    stream.next_in = reinterpret_cast<Bytef*>(raw.data() + taken);
    stream.avail_in = static_cast<uInt>(input);
    const int flush = taken + input == raw.size() ? Z_SYNC_FLUSH : Z_NO_FLUSH;
    do {
      const std::size_t before = block.bytes.size();
      const std::size_t room = std::max<std::size_t>(raw.size() / 3, 16384);
      block.bytes.resize(before + room);
      stream.next_out = reinterpret_cast<Bytef*>(block.bytes.data() + before);
      stream.avail_out = static_cast<uInt>(std::min<std::size_t>(room, 1u << 30));
      const uInt offered = stream.avail_out;
      const int answer = deflate(&stream, flush);
      if (answer != Z_OK && answer != Z_BUF_ERROR) return Fail(CompressionError());
      block.bytes.resize(before + (offered - stream.avail_out));
    } while (stream.avail_out == 0);
    taken += input;
    flushed = flush == Z_SYNC_FLUSH;
  }
  return {};
}

struct FrameWriter::ZstdFrame {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  bool ready = false;
  ZstdFrame() {
    ready = context != nullptr && !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kZstdLevel)) &&
            !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kZstdWindowLog)) &&
            !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1));
  }
  ~ZstdFrame() { ZSTD_freeCCtx(context); }
  ZstdFrame(const ZstdFrame&) = delete;
  ZstdFrame& operator=(const ZstdFrame&) = delete;

  Status Push(std::string_view raw, ZSTD_EndDirective directive, std::string& out) {
    if (!ready) return Fail(CompressionError());
    ZSTD_inBuffer input{raw.data(), raw.size(), 0};
    for (;;) {
      const std::size_t before = out.size();
      const std::size_t room = std::max<std::size_t>(raw.size() / 3, 16384);
      out.resize(before + room);
      ZSTD_outBuffer output{out.data() + before, room, 0};
      const std::size_t left = ZSTD_compressStream2(context, &output, &input, directive);
      out.resize(before + output.pos);
      if (ZSTD_isError(left)) return Fail(CompressionError());
      if (left == 0 && input.pos == input.size) return {};
    }
  }
};

FrameWriter::FrameWriter(Compression compression) : compression_(compression) {
  if (compression_ == Compression::kZstd) zstd_ = std::make_unique<ZstdFrame>();
}
FrameWriter::~FrameWriter() = default;

void FrameWriter::AppendGzipHeader(std::string& out) {
  if (begun_) return;
  begun_ = true;
  // Deflate, no flags, no time, fastest, Unix.
  out.append("\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\x03", 10);
}

Status FrameWriter::Append(Block block, std::string& out) {
  switch (compression_) {
    case Compression::kNone:
      if (out.empty()) {
        out = std::move(block.bytes);
      } else {
        out += block.bytes;
      }
      return {};
    case Compression::kGzip:
      AppendGzipHeader(out);
      crc_ = static_cast<std::uint32_t>(crc32_combine(crc_, block.crc, static_cast<z_off_t>(block.raw_bytes)));
      raw_bytes_ += block.raw_bytes;
      out += block.bytes;
      return {};
    case Compression::kZstd:
      if (block.bytes.empty()) return {};
      return zstd_->Push(block.bytes, ZSTD_e_flush, out);
  }
  return {};
}

Status FrameWriter::End(std::string& out) {
  if (compression_ == Compression::kGzip) {
    AppendGzipHeader(out);
    out.append("\x03\x00", 2);  // the last deflate block, empty
    AppendLittleEndian(out, crc_);
    AppendLittleEndian(out, static_cast<std::uint32_t>(raw_bytes_));
  } else if (compression_ == Compression::kZstd) {
    return zstd_->Push({}, ZSTD_e_end, out);
  }
  return {};
}

Status CompressInOrder(BlockCompressor& compressor, FrameWriter& frame, std::string raw, std::string& out) {
  Block block;
  SHEAF_TRY(compressor.Compress(std::move(raw), block));
  return frame.Append(std::move(block), out);
}

}  // namespace sheaf::exporting
