#include "quality/duplicates.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace sheaf::quality {
namespace {

class Duplicates : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "duplicates-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
  std::vector<vault::Seq> found_;
  const DuplicateIndex::Report report_ = [this](std::uint32_t, vault::Seq seq) { found_.push_back(seq); };
};

std::uint64_t HashOf(std::uint64_t number) { return number * 0x9E3779B97F4A7C15u; }

TEST_F(Duplicates, TheFirstIsNone) {
  DuplicateIndex index(directory_ + "/d1-");
  for (const auto& [hash, seq] : std::vector<std::pair<std::uint64_t, vault::Seq>>{{5, 1}, {7, 2}, {5, 3}, {5, 4}}) {
    ASSERT_TRUE(index.Add(hash, 0, seq, report_));
  }
  EXPECT_TRUE(found_.empty());
  ASSERT_TRUE(index.Settle(report_));
  EXPECT_EQ(found_, (std::vector<vault::Seq>{3, 4}));
  ASSERT_TRUE(index.Add(7, 0, 5, report_));
  ASSERT_TRUE(index.Add(8, 0, 6, report_));
  ASSERT_TRUE(index.Settle(report_));
  EXPECT_EQ(found_, (std::vector<vault::Seq>{3, 4, 5}));
}

TEST_F(Duplicates, AreFoundAmongMillions) {
  constexpr std::uint64_t kMany = 5'000'000;
  DuplicateIndex index(directory_ + "/d1-");
  for (std::uint64_t i = 0; i < kMany; ++i) ASSERT_TRUE(index.Add(HashOf(i), 0, static_cast<vault::Seq>(i), report_));
  ASSERT_TRUE(index.Settle(report_));
  EXPECT_TRUE(found_.empty());
  ASSERT_GE(index.Runs().size(), 1u);
  EXPECT_LE(index.Runs().size(), 4u);
  std::uint64_t kept = index.Recent().size();
  for (const auto& run : index.Runs()) {
    kept += run->Size();
    EXPECT_TRUE(std::is_sorted(run->begin(), run->end()));
  }
  EXPECT_EQ(kept, kMany);
  for (std::uint64_t i = 0; i < kMany; i += 99'991) ASSERT_TRUE(index.Add(HashOf(i), 0, static_cast<vault::Seq>(kMany + i), report_));
  ASSERT_TRUE(index.Add(HashOf(kMany + 1), 0, 1, report_));
  ASSERT_TRUE(index.Settle(report_));
  EXPECT_EQ(found_.size(), (kMany + 99'990) / 99'991);
}

TEST_F(Duplicates, ARunThatWasChangedIsRefused) {
  DuplicateIndex index(directory_ + "/d1-");
  for (std::uint64_t i = 0; i < 1'100'000; ++i) ASSERT_TRUE(index.Add(HashOf(i), 0, 1, report_));
  ASSERT_TRUE(index.Settle(report_));
  ASSERT_EQ(index.Runs().size(), 1u);
  const auto& run = *index.Runs()[0];
  EXPECT_TRUE(HashRun::Open(run.Path(), run.Size(), run.Checksum()));
  EXPECT_FALSE(HashRun::Open(run.Path(), run.Size() - 1, run.Checksum()));
  const std::uint64_t size = run.Size(), checksum = run.Checksum();
  const std::string copy = directory_ + "/copy.run";
  std::filesystem::copy(run.Path(), copy);
  {
    std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file.put('\x5a');
    file.put('\x5a');
  }
  EXPECT_FALSE(HashRun::Open(copy, size, checksum));
  EXPECT_FALSE(HashRun::Open(directory_ + "/none.run", size, checksum));
}

}  // namespace
}  // namespace sheaf::quality
