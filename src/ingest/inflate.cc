#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <string>

#include "ingest/decode.h"

namespace sheaf::ingest {
namespace {

constexpr std::size_t kOutputBytes = 128u << 10;
constexpr std::uint64_t kFreeOutput = 16u << 20;  // below it, any ratio will do
// 8 MiB of history, what RFC 8878 asks every decoder to bear. More would be memory that a stranger decides on.
constexpr int kMaxWindowLog = 23;

tl::unexpected<Error> Bad(std::string sentence) { return Fail(ErrorCode::kBadCompression, std::move(sentence)); }

// Counts what went in and came out.
class BombGuard {
 public:
  explicit BombGuard(double max_ratio) : max_ratio_(max_ratio) {}
  Status Count(std::size_t in, std::size_t out) {
    in_ += in;
    out_ += out;
    if (out_ > kFreeOutput && static_cast<double>(out_) > max_ratio_ * static_cast<double>(in_)) {
      return Bad("The body unpacks to far more than it can reasonably hold.");
    }
    return {};
  }

 private:
  double max_ratio_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;
};

class PlainInflater final : public Inflater {
 public:
  Status Feed(std::span<const char> bytes, const Sink& sink) override { return bytes.empty() ? Status() : sink(bytes); }
  Status Finish(const Sink&) override { return {}; }
};

// RFC 1952: one or more members, each with its own checksum.
class GzipInflater final : public Inflater {
 public:
  explicit GzipInflater(double max_ratio) : guard_(max_ratio) {}
  ~GzipInflater() override {
    if (ready_) inflateEnd(&stream_);
  }
  GzipInflater(const GzipInflater&) = delete;
  GzipInflater& operator=(const GzipInflater&) = delete;

  Status Open() {
    constexpr int kGzipOnly = 16;
    ready_ = inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK;
    if (!ready_) return Fail(ErrorCode::kUnavailable, "There is not enough memory to unpack the body.");
    return {};
  }

  Status Feed(std::span<const char> bytes, const Sink& sink) override {
    while (!bytes.empty()) {
      const auto part = static_cast<uInt>(std::min<std::size_t>(bytes.size(), 1u << 30));
      SHEAF_TRY(Unpack(bytes.first(part), sink));
      bytes = bytes.subspan(part);
    }
    return {};
  }

  Status Finish(const Sink&) override {
    if (!between_members_) return Bad("The gzip data stops early.");
    return {};
  }

 private:
  Status Unpack(std::span<const char> bytes, const Sink& sink) {
    // zlib's interface takes no const, and does not write.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    bool more = true;
    while (stream_.avail_in > 0 || more) {
      if (stream_.avail_in > 0 && between_members_) {
        if (inflateReset(&stream_) != Z_OK) return Bad("The gzip data cannot be unpacked.");
        between_members_ = false;
      }
      const uInt before = stream_.avail_in;
      stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
      stream_.avail_out = static_cast<uInt>(output_.size());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return Bad("The gzip data is damaged.");
      const std::size_t produced = output_.size() - stream_.avail_out;
      SHEAF_TRY(guard_.Count(before - stream_.avail_in, produced));
      if (produced > 0) SHEAF_TRY(sink({output_.data(), produced}));
      if (code == Z_STREAM_END) between_members_ = true;
      more = code == Z_OK && stream_.avail_out == 0;
      if (code == Z_BUF_ERROR) break;
    }
    return {};
  }

  BombGuard guard_;
  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = false;  // one member ended, and the next has not begun; at the very beginning one must come
  std::array<char, kOutputBytes> output_;
};

// RFC 8878: one or more frames.
class ZstdInflater final : public Inflater {
 public:
  explicit ZstdInflater(double max_ratio) : guard_(max_ratio) {}
  ~ZstdInflater() override { ZSTD_freeDCtx(context_); }
  ZstdInflater(const ZstdInflater&) = delete;
  ZstdInflater& operator=(const ZstdInflater&) = delete;

  Status Open() {
    context_ = ZSTD_createDCtx();
    if (context_ == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMaxWindowLog)) != 0) {
      return Fail(ErrorCode::kUnavailable, "There is not enough memory to unpack the body.");
    }
    return {};
  }

  Status Feed(std::span<const char> bytes, const Sink& sink) override {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    bool more = false;
    while (input.pos < input.size || more) {
      const std::size_t before = input.pos;
      ZSTD_outBuffer output{output_.data(), output_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_, &output, &input);
      if (ZSTD_isError(left) != 0) return Bad("The zstd data is damaged, or was packed with a window above 8 MiB.");
      SHEAF_TRY(guard_.Count(input.pos - before, output.pos));
      if (output.pos > 0) SHEAF_TRY(sink({output_.data(), output.pos}));
      frame_ended_ = left == 0;
      more = output.pos == output.size && !frame_ended_;
    }
    return {};
  }

  Status Finish(const Sink&) override {
    if (!frame_ended_) return Bad("The zstd data stops early.");
    return {};
  }

 private:
  BombGuard guard_;
  ZSTD_DCtx* context_ = nullptr;
  bool frame_ended_ = false;
  std::array<char, kOutputBytes> output_;
};

template <class Kind>
Result<std::unique_ptr<Inflater>> Make(double max_ratio) {
  auto inflater = std::make_unique<Kind>(max_ratio);
  SHEAF_TRY(inflater->Open());
  return std::unique_ptr<Inflater>(std::move(inflater));
}

}  // namespace

Result<std::unique_ptr<Inflater>> MakeInflater(std::string_view content_encoding, double max_ratio) {
  std::string name(content_encoding);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.empty() || name == "identity") return std::unique_ptr<Inflater>(std::make_unique<PlainInflater>());
  if (name == "gzip" || name == "x-gzip") return Make<GzipInflater>(max_ratio);
  if (name == "zstd") return Make<ZstdInflater>(max_ratio);
  return Fail(ErrorCode::kUnsupportedMediaType, "The Content-Encoding is none of gzip, zstd and identity.");
}

}  // namespace sheaf::ingest
