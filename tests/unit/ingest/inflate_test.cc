#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <string>

#include "ingest/decode.h"

namespace sheaf::ingest {
namespace {

std::string Gzip(std::string_view text, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  if (window_log > 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  std::string out(ZSTD_compressBound(text.size()), '\0');
  if (window_log == 0) {
    out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  } else {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    while (input.pos < input.size) ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue);
    while (ZSTD_compressStream2(context, &output, &input, ZSTD_e_end) != 0) {}
    out.resize(output.pos);
  }
  ZSTD_freeCCtx(context);
  return out;
}

struct Unpacked {
  std::string text;
  std::uint64_t size = 0;
  Status status;
};

Unpacked Unpack(std::string_view encoding, std::string_view packed, std::size_t piece = 1u << 20, bool keep = true) {
  Unpacked unpacked;
  auto inflater = MakeInflater(encoding);
  if (!inflater) {
    unpacked.status = tl::unexpected<Error>(inflater.error());
    return unpacked;
  }
  const Inflater::Sink sink = [&](std::span<const char> bytes) {
    unpacked.size += bytes.size();
    if (keep) unpacked.text.append(bytes.data(), bytes.size());
    return Status();
  };
  for (std::size_t at = 0; unpacked.status && at < packed.size(); at += piece) {
    const std::string_view part = packed.substr(at, piece);
    unpacked.status = (*inflater)->Feed({part.data(), part.size()}, sink);
  }
  if (unpacked.status) unpacked.status = (*inflater)->Finish(sink);
  return unpacked;
}

std::string Text(std::size_t size) {
  std::mt19937 random(3);
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(random() % 1000) + "\n";
  return text;
}

TEST(Inflate, Encodings) {
  for (const char* name : {"", "identity", "gzip", "GZIP", "x-gzip", "zstd", "Zstd"}) EXPECT_TRUE(MakeInflater(name)) << name;
  for (const char* name : {"br", "deflate", "compress", "gzip, zstd", "gzip ", "*"}) {
    EXPECT_EQ(MakeInflater(name).error().code, ErrorCode::kUnsupportedMediaType) << name;
  }
}

TEST(Inflate, PlainPassesThrough) {
  EXPECT_EQ(Unpack("", "abc", 1).text, "abc");
  EXPECT_TRUE(Unpack("", "").status);
}

TEST(Inflate, WholeAndInPieces) {
  const std::string text = Text(700000);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{1} << 30}) {
    EXPECT_EQ(Unpack("gzip", Gzip(text), piece).text, text);
    EXPECT_EQ(Unpack("zstd", Zstd(text), piece).text, text);
  }
}

TEST(Inflate, SeveralMembersAndFrames) {
  const std::string one = Text(1000), two = Text(200000);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1} << 20}) {
    EXPECT_EQ(Unpack("gzip", Gzip(one) + Gzip("") + Gzip(two), piece).text, one + two);
    EXPECT_EQ(Unpack("zstd", Zstd(one) + Zstd("") + Zstd(two), piece).text, one + two);
  }
}

TEST(Inflate, CutOffAnywhere) {
  const std::string text = Text(3000);
  for (const auto& [name, packed] : {std::pair<std::string, std::string>{"gzip", Gzip(text)}, {"zstd", Zstd(text)}}) {
    for (std::size_t size = 0; size < packed.size(); ++size) {
      const Unpacked unpacked = Unpack(name, std::string_view(packed).substr(0, size));
      ASSERT_FALSE(unpacked.status) << name << " " << size;
      EXPECT_EQ(unpacked.status.error().code, ErrorCode::kBadCompression);
    }
  }
}

TEST(Inflate, Damaged) {
  const std::string text = Text(3000);
  std::string gzip = Gzip(text);
  gzip[gzip.size() - 5] = static_cast<char>(gzip[gzip.size() - 5] ^ 1);  // of the checksum
  EXPECT_EQ(Unpack("gzip", gzip).status.error().code, ErrorCode::kBadCompression);
  EXPECT_EQ(Unpack("gzip", Gzip(text) + "rubbish").status.error().code, ErrorCode::kBadCompression);
  EXPECT_EQ(Unpack("gzip", text).status.error().code, ErrorCode::kBadCompression);
  EXPECT_EQ(Unpack("gzip", Zstd(text)).status.error().code, ErrorCode::kBadCompression);
  EXPECT_EQ(Unpack("zstd", Gzip(text)).status.error().code, ErrorCode::kBadCompression);
  EXPECT_EQ(Unpack("zstd", Zstd(text) + "rubbish").status.error().code, ErrorCode::kBadCompression);
}

TEST(Inflate, Bombs) {
  // zstd packs zeros by far more than a thousand to one; half a gigabyte here.
  const std::string zeros(64u << 20, '\0');
  std::string bomb;
  const std::string frame = Zstd(zeros);
  ASSERT_LT(frame.size() * 2000, zeros.size());
  for (int i = 0; i < 8; ++i) bomb += frame;
  const Unpacked unpacked = Unpack("zstd", bomb, 1u << 20, false);
  ASSERT_FALSE(unpacked.status);
  EXPECT_EQ(unpacked.status.error().code, ErrorCode::kBadCompression);
  EXPECT_LT(unpacked.size, 24u << 20);
}

TEST(Inflate, BombsOfGzipByATighterLimit) {
  auto inflater = MakeInflater("gzip", 100);
  ASSERT_TRUE(inflater);
  std::uint64_t size = 0;
  const Inflater::Sink sink = [&](std::span<const char> bytes) {
    size += bytes.size();
    return Status();
  };
  const std::string packed = Gzip(std::string(24u << 20, 'x'));
  const Status status = (*inflater)->Feed(packed, sink);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kBadCompression);
  EXPECT_LT(size, 18u << 20);
}

TEST(Inflate, SmallBodiesMayBePackedByAnyRatio) { EXPECT_EQ(Unpack("zstd", Zstd(std::string(8u << 20, 'a'))).text.size(), 8u << 20); }

TEST(Inflate, HugeWindowsAreRefused) {
  const std::string text = Text(1u << 20);
  EXPECT_EQ(Unpack("zstd", Zstd(text, 27), 1u << 20, false).status.error().code, ErrorCode::kBadCompression);
  EXPECT_TRUE(Unpack("zstd", Zstd(text, 23), 1u << 20, false).status);
}

TEST(Inflate, TheSinkCanEndIt) {
  auto inflater = MakeInflater("gzip");
  const Status status =
      (*inflater)->Feed(Gzip(Text(500000)), [](std::span<const char>) -> Status { return Fail(ErrorCode::kCancelled, "enough"); });
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace sheaf::ingest
