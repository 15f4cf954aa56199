#pragma once
//! Decoders that are as strict as the least forgiving client: one member, one frame, nothing behind it.

#include <zlib.h>
#include <zstd.h>

#include <optional>
#include <string>

namespace sheaf::exporting {

inline std::string Inflate(const std::string& bytes, bool& ended, std::size_t& used) {
  z_stream stream{};
  inflateInit2(&stream, 16 + 15);
  std::string text, buffer(1 << 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int answer = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    answer = inflate(&stream, Z_SYNC_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  } while (answer == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  ended = answer == Z_STREAM_END;
  used = bytes.size() - stream.avail_in;
  inflateEnd(&stream);
  return text;
}

//! Nullopt unless `bytes` is exactly one whole member with the right checksum and length.
inline std::optional<std::string> OneGzipMember(const std::string& bytes) {
  bool ended = false;
  std::size_t used = 0;
  std::string text = Inflate(bytes, ended, used);
  if (!ended || used != bytes.size()) return std::nullopt;
  return text;
}
inline std::string GzipSoFar(const std::string& bytes) {
  bool ended = false;
  std::size_t used = 0;
  return Inflate(bytes, ended, used);
}

inline std::string Unzstd(const std::string& bytes, bool& ended, std::size_t& used) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::string text, buffer(1 << 16, '\0');
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  ended = false;
  for (;;) {
    ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context, &output, &input);
    if (ZSTD_isError(left)) break;
    text.append(buffer.data(), output.pos);
    ended = left == 0;
    if (ended || (input.pos == input.size && output.pos < output.size)) break;
  }
  used = input.pos;
  ZSTD_freeDCtx(context);
  return text;
}
inline std::optional<std::string> OneZstdFrame(const std::string& bytes) {
  bool ended = false;
  std::size_t used = 0;
  std::string text = Unzstd(bytes, ended, used);
  if (!ended || used != bytes.size()) return std::nullopt;
  return text;
}
inline std::string ZstdSoFar(const std::string& bytes) {
  bool ended = false;
  std::size_t used = 0;
  return Unzstd(bytes, ended, used);
}

}  // namespace sheaf::exporting
