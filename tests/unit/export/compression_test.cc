#include "export/compression.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <thread>
#include <vector>

#include "decoded.h"

namespace sheaf::exporting {
namespace {

std::string RandomText(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 17);
  return text;
}

std::string Compressed(Compression compression, const std::vector<std::string>& blocks) {
  std::string out;
  FrameWriter frame(compression);
  std::vector<Block> done(blocks.size());
  // Each block on a lane of its own, as the pipeline does it.
  std::vector<std::thread> lanes;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    lanes.emplace_back([&, i] {
      BlockCompressor compressor(compression);
      EXPECT_TRUE(compressor.Compress(blocks[i], done[i]));
    });
  }
  for (auto& lane : lanes) lane.join();
  for (auto& block : done) EXPECT_TRUE(frame.Append(std::move(block), out));
  EXPECT_TRUE(frame.End(out));
  return out;
}

std::vector<std::string> SomeBlocks() {
  return {"header\n", RandomText(300'000, 1), std::string(), RandomText(1, 2), std::string(1'000'000, 'x'), RandomText(70'000, 3)};
}
std::string Joined(const std::vector<std::string>& blocks) {
  std::string all;
  for (const auto& block : blocks) all += block;
  return all;
}

TEST(Compression, BlocksOfSeveralLanesAreOneGzipMember) {
  const std::string bytes = Compressed(Compression::kGzip, SomeBlocks());
  EXPECT_TRUE(OneGzipMember(bytes) == Joined(SomeBlocks()));
  EXPECT_LT(bytes.size(), 350'000u);
}

TEST(Compression, BlocksAreOneZstdFrame) {
  const std::string bytes = Compressed(Compression::kZstd, SomeBlocks());
  EXPECT_TRUE(OneZstdFrame(bytes) == Joined(SomeBlocks()));
}

TEST(Compression, NothingIsAProperMemberAndFrame) {
  EXPECT_EQ(OneGzipMember(Compressed(Compression::kGzip, {})), "");
  EXPECT_EQ(OneZstdFrame(Compressed(Compression::kZstd, {})), "");
  EXPECT_EQ(Compressed(Compression::kNone, {}), "");
  EXPECT_EQ(Compressed(Compression::kNone, {"a", "", "b"}), "ab");
}

TEST(Compression, DamageIsNoticed) {
  std::string bytes = Compressed(Compression::kGzip, {RandomText(1000, 4)});
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // the checksum
  EXPECT_EQ(OneGzipMember(bytes), std::nullopt);
  bytes = Compressed(Compression::kZstd, {RandomText(1000, 4)});
  EXPECT_EQ(OneZstdFrame(bytes.substr(0, bytes.size() - 1)), std::nullopt);
}

// A reader shows what it has: every block can be decoded when it arrives.
TEST(Compression, EachBlockIsReadableAtOnce) {
  for (const auto compression : {Compression::kGzip, Compression::kZstd}) {
    BlockCompressor compressor(compression);
    FrameWriter frame(compression);
    std::string out;
    ASSERT_TRUE(CompressInOrder(compressor, frame, "first rows\n", out));
    EXPECT_EQ(compression == Compression::kGzip ? GzipSoFar(out) : ZstdSoFar(out), "first rows\n");
  }
}

TEST(Compression, AZstdStreamIsSmallInMemory) {
  // The same parameters as FrameWriter: the context stays with a waiting stream, which has 1 MB in all.
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 15);
  std::string out(400'000, '\0');
  const std::string text = RandomText(300'000, 5);
  ZSTD_inBuffer input{text.data(), text.size(), 0};
  ZSTD_outBuffer output{out.data(), out.size(), 0};
  ZSTD_compressStream2(context, &output, &input, ZSTD_e_flush);
  EXPECT_LT(ZSTD_sizeof_CCtx(context), 400'000u);
  ZSTD_freeCCtx(context);
}

}  // namespace
}  // namespace sheaf::exporting
