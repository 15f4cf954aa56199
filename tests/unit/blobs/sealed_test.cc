// Encrypted blobs: what is written is read back from any place, and whatever is changed is noticed.

#include <gtest/gtest.h>
#include <sodium.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "blobs/blobs.h"
#include "blobs/file.h"
#include "blobs/sealed_format.h"
#include "blobs/sealed_writer.h"

namespace sheaf::blobs {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kSmallLog2 = kLeastSegmentLog2;
constexpr std::size_t kSmall = std::size_t{1} << kSmallLog2;
constexpr std::size_t kWhole = kSmall + kSegmentOverhead;

struct KeyPair {
  KeyPair() { crypto_box_keypair(open.data(), secret.data()); }
  KeyBytes open{}, secret{};
};

std::string Text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 131 + i / 251) & 0xFF);
  return text;
}

class SealedTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sheaf-sealed-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    base_ = name;
    blobs_ = *OpenDirectoryBlobs(base_ / "blobs");
  }
  void TearDown() override { fs::remove_all(base_); }

  OpenBox Opener(const KeyPair& keys) {
    return [keys](std::string_view key_id, std::string_view box) -> Result<KeyBytes> {
      if (key_id != KeyId(keys.open)) return Fail(ErrorCode::kNotFound, "another key");
      KeyBytes key;
      if (crypto_box_seal_open(key.data(), reinterpret_cast<const unsigned char*>(box.data()), box.size(), keys.open.data(),
                               keys.secret.data()) != 0) {
        return Fail(ErrorCode::kStorageDamaged, "the box does not open");
      }
      return key;
    };
  }
  //! An encrypted file with small segments.
  std::string Sealed(const std::string& plain, std::size_t step = 1000) {
    std::string out;
    auto writer = SealedWriter::Begin(
        keys_.open,
        [&](std::string_view bytes) -> Status {
          out += bytes;
          return {};
        },
        kSmallLog2);
    for (std::size_t at = 0; at < plain.size(); at += step) EXPECT_TRUE((*writer)->Write(std::string_view(plain).substr(at, step)));
    EXPECT_TRUE((*writer)->End());
    return out;
  }
  //! All of a file of these bytes, read as a blob.
  Result<std::string> Read(const std::string& bytes) {
    std::ofstream(base_ / "blobs" / "file", std::ios::binary) << bytes;
    SHEAF_ASSIGN(const auto reader, blobs_->Open("file", Opener(keys_)));
    std::string all;
    for (;;) {
      SHEAF_ASSIGN(const std::string piece, reader->ReadAt(all.size(), ~std::uint64_t{0}));
      if (piece.empty()) break;
      all += piece;
    }
    if (all.size() != reader->Size()) return Fail(ErrorCode::kInternal, "the size is wrong");
    return all;
  }
  static std::string Segment(const std::string& file, std::size_t number) { return file.substr(kHeaderBytes + number * kWhole, kWhole); }

  fs::path base_;
  std::unique_ptr<Blobs> blobs_;
  KeyPair keys_;
};

TEST_F(SealedTest, EverySizeIsReadBack) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kSmall - 1, kSmall, kSmall + 1, 2 * kSmall, 3 * kSmall + 7}) {
    const std::string plain = Text(size);
    for (const std::size_t step : {std::size_t{1000}, kSmall, std::size_t{5} * kSmall}) {
      const std::string sealed = Sealed(plain, step);
      const std::size_t segments = size == 0 ? 1 : (size + kSmall - 1) / kSmall;
      EXPECT_EQ(sealed.size(), kHeaderBytes + size + segments * kSegmentOverhead);
      const auto read = Read(sealed);
      ASSERT_TRUE(read) << size << ": " << read.error().detail;
      EXPECT_TRUE(*read == plain) << size;
    }
  }
}

TEST_F(SealedTest, AnyPlaceIsReadWithoutWhatStandsBefore) {
  const std::string plain = Text(5 * kSmall + 100);
  std::string sealed = Sealed(plain);
  // What is not read is not looked at: the first segment may even be gone.
  sealed.replace(kHeaderBytes, kWhole, kWhole, 'x');
  std::ofstream(base_ / "blobs" / "file", std::ios::binary) << sealed;
  const auto reader = blobs_->Open("file", Opener(keys_));
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->Size(), plain.size());
  for (const std::uint64_t offset : {kSmall, kSmall + 1, 2 * kSmall - 1, 5 * kSmall, plain.size() - 1}) {
    EXPECT_EQ(*(*reader)->ReadAt(offset, 10), plain.substr(offset, (*reader)->ReadAt(offset, 10)->size())) << offset;
    EXPECT_FALSE((*reader)->ReadAt(offset, 10)->empty());
    EXPECT_LE((*reader)->ReadAt(offset, 10)->size(), 10U);
  }
  EXPECT_EQ(*(*reader)->ReadAt(plain.size(), 10), "");
  EXPECT_EQ((*reader)->ReadAt(0, 10).error().code, ErrorCode::kStorageDamaged);
}

TEST_F(SealedTest, EveryChangedByteIsNoticed) {
  const std::string plain = Text(kSmall + 50);
  const std::string sealed = Sealed(plain);
  ASSERT_TRUE(Read(sealed));
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < kHeaderBytes + 70; ++i) places.push_back(i);
  for (std::size_t i = kHeaderBytes + 70; i < sealed.size(); i += 37) places.push_back(i);
  for (std::size_t i = sealed.size() - 60; i < sealed.size(); ++i) places.push_back(i);
  for (const std::size_t place : places) {
    std::string changed = sealed;
    changed[place] = static_cast<char>(changed[place] ^ 0x10);
    const auto read = Read(changed);
    // Without its magic it is a plain file of other bytes.
    EXPECT_TRUE(!read || *read == changed) << "byte " << place;
    EXPECT_TRUE(place < 8 || !read) << "byte " << place;
  }
}

TEST_F(SealedTest, NothingCanBeCutOffOrAdded) {
  const std::string plain = Text(4 * kSmall);
  const std::string sealed = Sealed(plain);
  for (const std::size_t size : {sealed.size() - 1, sealed.size() - kWhole, sealed.size() - 2 * kWhole, kHeaderBytes + kWhole, kHeaderBytes,
                                 kHeaderBytes + kSegmentOverhead, kHeaderBytes - 1, std::size_t{9}}) {
    EXPECT_FALSE(Read(sealed.substr(0, size))) << size;
  }
  EXPECT_FALSE(Read(sealed + "x"));
  EXPECT_FALSE(Read(sealed + Segment(sealed, 3)));
  EXPECT_FALSE(Read(sealed + Segment(sealed, 0)));
  EXPECT_FALSE(Read(sealed + std::string(kSegmentOverhead, '\0')));
}

TEST_F(SealedTest, SegmentsCannotBeMovedOrExchanged) {
  const std::string plain = Text(4 * kSmall);
  const std::string sealed = Sealed(plain), other = Sealed(plain);
  const std::string header = sealed.substr(0, kHeaderBytes);
  const std::string s0 = Segment(sealed, 0), s1 = Segment(sealed, 1), s2 = Segment(sealed, 2), s3 = Segment(sealed, 3);
  ASSERT_EQ(*Read(header + s0 + s1 + s2 + s3), plain);
  EXPECT_FALSE(Read(header + s1 + s0 + s2 + s3));
  EXPECT_FALSE(Read(header + s0 + s0 + s2 + s3));
  EXPECT_FALSE(Read(header + s0 + s2 + s3)) << "one left out";
  EXPECT_FALSE(Read(header + s0 + s1 + s2 + s2 + s3)) << "one doubled";
  EXPECT_FALSE(Read(header + s0 + Segment(other, 1) + s2 + s3)) << "one of another file with the same text";
  EXPECT_FALSE(Read(other.substr(0, kHeaderBytes) + s0 + s1 + s2 + s3)) << "another header";
  EXPECT_FALSE(Read(header + s3)) << "the last alone";
}

TEST_F(SealedTest, TheSameTextTwiceLooksDifferent) {
  const std::string plain(3 * kSmall, 'a');
  const std::string one = Sealed(plain), two = Sealed(plain);
  EXPECT_NE(one.substr(kHeaderBytes), two.substr(kHeaderBytes));
  EXPECT_NE(Segment(one, 0).substr(0, 200), Segment(one, 1).substr(0, 200));
  EXPECT_EQ(one.find("aaaa"), std::string::npos);
}

TEST_F(SealedTest, AnotherKeyOpensNothing) {
  const std::string sealed = Sealed("secret");
  std::ofstream(base_ / "blobs" / "file", std::ios::binary) << sealed;
  const KeyPair stranger;
  EXPECT_EQ(blobs_->Open("file", Opener(stranger)).error().code, ErrorCode::kNotFound) << "it asks for its own key";
  const OpenBox guess = [&](std::string_view, std::string_view) -> Result<KeyBytes> { return stranger.secret; };
  EXPECT_EQ(blobs_->Open("file", guess).error().code, ErrorCode::kStorageDamaged);
  EXPECT_EQ(blobs_->Open("file", OpenBox()).error().code, ErrorCode::kInternal);
}

TEST_F(SealedTest, WritersEncryptAndReadersGiveThePlainBytes) {
  const std::string plain = Text(3 * (std::size_t{1} << kSegmentLog2) + 12345);
  auto writer = blobs_->Create("exports/one", SealTo(keys_.open));
  ASSERT_TRUE(writer);
  for (std::size_t at = 0; at < plain.size(); at += 100'000) ASSERT_TRUE((*writer)->Write(std::string_view(plain).substr(at, 100'000)));
  const auto published = (*writer)->Publish();
  ASSERT_TRUE(published);
  Sha256 hash;
  hash.Update(plain);
  EXPECT_EQ(published->sha256, hash.Finish());
  EXPECT_EQ(published->size, plain.size());
  const auto located = blobs_->Locate("exports/one");
  EXPECT_EQ(located->size, plain.size());
  EXPECT_TRUE(located->sealed);
  std::stringstream file;
  file << std::ifstream(located->path, std::ios::binary).rdbuf();
  EXPECT_EQ(file.str().find(plain.substr(1000, 32)), std::string::npos);
  const auto reader = blobs_->Open("exports/one", Opener(keys_));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(blobs_->Remove("exports/one"));
  std::string all;
  while (all.size() < plain.size()) all += *(*reader)->ReadAt(all.size(), 70'000);
  EXPECT_TRUE(all == plain);
}

TEST_F(SealedTest, AnAdoptedFileLeavesNoPlainBytes) {
  const std::string path = base_ / "made";
  std::ofstream(path, std::ios::binary) << Text(100'000);
  const auto adopted = blobs_->Adopt("exports/made", path, SealTo(keys_.open));
  ASSERT_TRUE(adopted);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(adopted->size, 100'000U);
  EXPECT_TRUE(blobs_->Locate("exports/made")->sealed);
  EXPECT_EQ((*blobs_->Open("exports/made", Opener(keys_)))->ReadAt(0, 10).value(), Text(10));
}

TEST_F(SealedTest, PlainFilesOfEarlierProgramsAreReadAsTheyAre) {
  const std::string plain = Text(300'000);
  const auto read = Read(plain);
  ASSERT_TRUE(read);
  EXPECT_TRUE(*read == plain);
  EXPECT_FALSE(blobs_->Locate("file")->sealed);
  EXPECT_EQ(*Read(""), "");
}

TEST_F(SealedTest, AHeaderIsBelievedOnlyWithinLimits) {
  std::string sealed = Sealed("abc");
  for (const unsigned char log2 : {0, 11, 25, 63, 255}) {
    sealed[9] = static_cast<char>(log2);
    EXPECT_EQ(Read(sealed).error().code, ErrorCode::kStorageDamaged) << int{log2};
  }
}

}  // namespace
}  // namespace sheaf::blobs
