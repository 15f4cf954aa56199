#include "files/files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "base/time.h"
#include "files/probe.h"

namespace sheaf::files {
namespace {

//! A disk with room for so many bytes.
class SmallBlobs final : public blobs::Blobs {
 public:
  SmallBlobs(std::shared_ptr<blobs::Blobs> below, std::uint64_t room) : below_(std::move(below)), room_(room) {}
  class Writer final : public blobs::BlobWriter {
   public:
    Writer(std::unique_ptr<blobs::BlobWriter> below, std::uint64_t& room) : below_(std::move(below)), room_(room) {}
    Status Write(std::string_view bytes) override {
      if (bytes.size() > room_) return Fail(ErrorCode::kStorageFull, "no room");
      room_ -= bytes.size();
      return below_->Write(bytes);
    }
    Result<Published> Publish() override { return below_->Publish(); }

   private:
    std::unique_ptr<blobs::BlobWriter> below_;
    std::uint64_t& room_;
  };
  Result<std::unique_ptr<blobs::BlobWriter>> Create(std::string_view name, const blobs::SealTo& seal) override {
    SHEAF_ASSIGN(auto writer, below_->Create(name, seal));
    return std::unique_ptr<blobs::BlobWriter>(std::make_unique<Writer>(std::move(writer), room_));
  }
  Result<blobs::BlobWriter::Published> Adopt(std::string_view name, const std::string& path, const blobs::SealTo& seal) override {
    return below_->Adopt(name, path, seal);
  }
  Result<Located> Locate(std::string_view name) override { return below_->Locate(name); }
  Result<std::shared_ptr<blobs::BlobReader>> Open(std::string_view name, const blobs::OpenBox& open_box) override {
    return below_->Open(name, open_box);
  }
  Status Remove(std::string_view name) override { return below_->Remove(name); }
  Result<std::vector<std::string>> List(std::string_view prefix) override { return below_->List(prefix); }
  Status Sweep() override { return below_->Sweep(); }

 private:
  const std::shared_ptr<blobs::Blobs> below_;
  std::uint64_t room_;
};

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / NewId("files_");
    std::filesystem::create_directory(folder_);
    options_.catalog = *catalog::OpenCatalog(folder_ / "catalog.sqlite");
    model::Study study;
    study.id = "one";
    study.owner = options_.catalog->AddAccount("owner@example.org", "Owner", false, "h")->id;
    ASSERT_TRUE(options_.catalog->AddStudy(study));
    options_.keys = *secrets::KeyRing::Open(options_.catalog, *secrets::SiteKey::Generate());
    options_.blobs = *blobs::OpenDirectoryBlobs(folder_ / "blobs");
    options_.part_bytes = 1000;
  }
  void TearDown() override {
    options_ = {};
    std::filesystem::remove_all(folder_);
  }

  Files Room() const { return Files(options_); }
  static File Words(const std::string& id) {
    File file;
    file.study = "one";
    file.id = id;
    file.kind = "recording";
    return file;
  }
  //! The bytes in pieces of such a size, then the end or a failure.
  static Source Pieces(const std::string& bytes, std::size_t size, bool breaks = false) {
    return [bytes, size, breaks, at = std::size_t{0}, piece = std::string()]() mutable -> Result<std::span<const char>> {
      if (at >= bytes.size() && breaks) return Fail(ErrorCode::kLengthMismatch, "gone");
      piece = bytes.substr(std::min(at, bytes.size()), size);
      at += piece.size();
      return std::span<const char>(piece);
    };
  }
  std::string ReadAll(const File& file) const {
    auto reader = Room().Open(file, "");
    EXPECT_TRUE(reader) << reader.error().detail;
    std::string all;
    while (reader) {
      const auto piece = (*reader)->ReadAt(all.size(), 333);
      EXPECT_TRUE(piece);
      if (!piece || piece->empty()) break;
      all += *piece;
    }
    return all;
  }
  std::size_t Blobs() const { return options_.blobs->List(kBlobFolder)->size(); }

  std::filesystem::path folder_;
  FilesOptions options_;
};

TEST_F(FilesTest, PartsBecomeOneAcrossProcesses) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += static_cast<char>('a' + i % 23);
  ASSERT_TRUE(Room().Begin(Words("f"), nullptr));
  std::size_t at = 0;
  for (const std::size_t size : {1u, 63u, 64u, 65u, 1999u}) {
    ASSERT_TRUE(Room().Append("one", "f", at, Pieces(bytes.substr(at, size), 100)));
    at += size;
  }
  ASSERT_TRUE(Room().Append("one", "f", at, Pieces(bytes.substr(at), 700)));
  const auto done = Room().Finish("one", "f", bytes.size(), "");
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(ReadAll(*done), bytes);
  const auto whole = Room().Begin(Words("g"), nullptr);
  ASSERT_TRUE(whole);
  const auto at_once = Room().Put("one", "g", Pieces(bytes, 512));
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->sha256, done->sha256);
}

TEST_F(FilesTest, WhatArrivedBeforeTheEndIsKept) {
  ASSERT_TRUE(Room().Begin(Words("f"), nullptr));
  const auto broken = Room().Append("one", "f", 0, Pieces(std::string(2500, 'x'), 500, true));
  ASSERT_FALSE(broken);
  EXPECT_EQ(Room().Find("one", "f")->received, 2500u);
  const auto again = Room().Append("one", "f", 0, Pieces("y", 1));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kUploadOffset);
}

TEST_F(FilesTest, AFullDiskKeepsWhatWasAcknowledged) {
  ASSERT_TRUE(Room().Begin(Words("f"), nullptr));
  options_.blobs = std::make_shared<SmallBlobs>(options_.blobs, 2300);
  const auto full = Room().Append("one", "f", 0, Pieces(std::string(5000, 'x'), 500));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kStorageFull);
  EXPECT_EQ(Room().Find("one", "f")->received, 2000u);
  EXPECT_EQ(Blobs(), 2u);
  ASSERT_TRUE(Room().Begin(Words("g"), nullptr));
  const auto put = Room().Put("one", "g", Pieces(std::string(5000, 'x'), 500));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::kStorageFull);
  EXPECT_EQ(Room().Find("one", "g")->received, 0u);
  EXPECT_EQ(Blobs(), 2u);
}

TEST_F(FilesTest, OfTwoUploadsOneGoesOn) {
  ASSERT_TRUE(Room().Begin(Words("f"), nullptr));
  bool meanwhile = false;
  const auto slow = Room().Append("one", "f", 0, [&, sent = 0]() mutable -> Result<std::span<const char>> {
    static const std::string kPiece(600, 's');
    if (sent++ == 1) meanwhile = Room().Append("one", "f", 0, Pieces("quick", 5)).has_value();
    return sent > 2 ? std::span<const char>() : std::span<const char>(kPiece);
  });
  EXPECT_TRUE(meanwhile);
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::kConflict);
  EXPECT_EQ(ReadAll(*Room().Finish("one", "f", std::nullopt, "")), "quick");
  EXPECT_EQ(Blobs(), 1u);
}

TEST_F(FilesTest, NothingOfAMismatchStays) {
  File words = Words("f");
  words.sha256 = std::string(64, '0');
  ASSERT_TRUE(Room().Begin(words, nullptr));
  ASSERT_TRUE(Room().Append("one", "f", 0, Pieces("bytes", 5)));
  const auto done = Room().Finish("one", "f", std::nullopt, "");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kFileMismatch);
  EXPECT_EQ(Blobs(), 0u);
  EXPECT_EQ(Room().Find("one", "f")->received, 0u);
}

TEST_F(FilesTest, TheSweepTakesWhatNobodyKnowsAndWhatWasGivenUp) {
  ASSERT_TRUE(Room().Begin(Words("f"), nullptr));
  ASSERT_TRUE(Room().Append("one", "f", 0, Pieces("bytes", 5)));
  const auto orphan = options_.blobs->Create("files/one/orphan", {});
  ASSERT_TRUE(orphan);
  ASSERT_TRUE((*orphan)->Publish());
  ASSERT_TRUE(Room().Sweep(Now() - 1'000'000));
  EXPECT_EQ(Blobs(), 1u);
  ASSERT_TRUE(Room().Sweep(Now() + 1'000'000));
  EXPECT_EQ(Blobs(), 0u);
  EXPECT_FALSE(Room().Find("one", "f"));
}

TEST_F(FilesTest, WhatIsLentComesBackUntilItRunsOut) {
  const Lent lent{"one", "f", "usr_1", true};
  const auto word = Room().Mint(lent, Now() + 60'000'000);
  ASSERT_TRUE(word);
  const auto redeemed = Room().Redeem(*word);
  ASSERT_TRUE(redeemed);
  EXPECT_EQ(redeemed->file, "f");
  EXPECT_TRUE(redeemed->attachment);
  EXPECT_FALSE(Room().Redeem(*Room().Mint(lent, Now() - 1)));
  for (std::size_t i = 0; i < word->size(); i += 7) {
    std::string other = *word;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Room().Redeem(other)) << i;
  }
  for (const char* text : {"", "x", "====", "\xFF\xFE", "AAAA AAAA"}) EXPECT_FALSE(Room().Redeem(text));
}

TEST_F(FilesTest, ResealingTheSiteKeyKeepsUploadsGoing) {
  const auto site = *secrets::SiteKey::Generate();
  ASSERT_TRUE(Room().Begin(Words("f"), nullptr));
  ASSERT_TRUE(Room().Append("one", "f", 0, Pieces("by", 2)));
  ASSERT_TRUE(secrets::RotateSiteKey(*options_.catalog, options_.keys->Site(), *site));
  options_.keys = *secrets::KeyRing::Open(options_.catalog, site);
  ASSERT_TRUE(Room().Append("one", "f", 2, Pieces("tes", 3)));
  EXPECT_EQ(ReadAll(*Room().Finish("one", "f", std::nullopt, "")), "bytes");
}

TEST(Probe, ReadsWhatItKnowsAndNothingElse) {
  const Measures known =
      ReadMeasures(R"({"streams":[{"codec_type":"audio"},{"width":640,"height":360,"duration":"3.5"}],"format":{"duration":"12.345"}})");
  EXPECT_EQ(known.duration_ms, 12345);
  EXPECT_EQ(known.width, 640);
  for (const char* text : {"", "{", "[]", R"({"streams":5,"format":[]})", R"({"format":{"duration":"N/A"},"streams":[{"width":-1}]})"}) {
    const Measures nothing = ReadMeasures(text);
    EXPECT_FALSE(nothing.duration_ms || nothing.width || nothing.height) << text;
  }
}

TEST(Probe, TakesTheLastPacketsEnd) {
  EXPECT_EQ(EndOfPackets("0.000000,0.033000\n1.454000,0.020000,\n1.400000,0.100000\n"), 1500);
  EXPECT_EQ(EndOfPackets("1.25,N/A\nN/A,0.5\nN/A,N/A"), 1250);
  for (const char* text : {"", "\n\n", "N/A,N/A\n", "inf,1\n", "-5,1", "1e300,1\n", "word"}) EXPECT_FALSE(EndOfPackets(text)) << text;
}

}  // namespace
}  // namespace sheaf::files
