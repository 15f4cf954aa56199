#include "base/guid.h"

#include <gtest/gtest.h>

#include <set>

#include "base/ids.h"

namespace sheaf {
namespace {

TEST(Guid, IsReadInAnyCaseAndWrittenInLower) {
  EXPECT_EQ(ReadGuid("0A1B2C3D-4e5f-6789-ABCD-EF0123456789"), "0a1b2c3d-4e5f-6789-abcd-ef0123456789");
  for (const char* text :
       {"", "x", "0a1b2c3d4e5f6789abcdef0123456789", "0a1b2c3d-4e5f-6789-abcd-ef012345678", "0a1b2c3d-4e5f-6789-abcd-ef01234567890",
        "0a1b2c3g-4e5f-6789-abcd-ef0123456789", "0a1b2c3d-4e5f-6789-abcd+ef0123456789", "{0a1b2c3d-4e5f-6789-abcd-ef01234567"}) {
    EXPECT_FALSE(ReadGuid(text)) << text;
  }
}

TEST(Guid, NewOnesAreOfVersionFourAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string guid = NewGuid();
    EXPECT_EQ(ReadGuid(guid), guid);
    EXPECT_EQ(guid[14], '4');
    EXPECT_NE(std::string("89ab").find(guid[19]), std::string::npos);
    seen.insert(guid);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Guid, OfAHashKeepsAllBitsButThoseOfTheVersion) {
  std::array<unsigned char, 16> hash{};
  hash.fill(0xFF);
  EXPECT_EQ(GuidOfHash(hash), "ffffffff-ffff-5fff-bfff-ffffffffffff");
  hash.fill(0);
  EXPECT_EQ(GuidOfHash(hash), "00000000-0000-5000-8000-000000000000");
}

TEST(Guid, AnIdGoesThereAndBack) {
  for (int i = 0; i < 2000; ++i) {
    const std::string id = NewId("exp_");
    for (const unsigned mark : {0U, 1U, 3U}) {
      const auto guid = GuidOfId(id, "exp_", mark);
      ASSERT_TRUE(guid && ReadGuid(*guid));
      EXPECT_EQ(IdOfGuid(*guid, "exp_", mark), id);
      EXPECT_FALSE(IdOfGuid(*guid, "exp_", mark ^ 2));
    }
  }
  for (const char* id : {"exp_AAAAAAAAAAAAAAAAAAAA", "exp_99999999999999999999"})
    EXPECT_EQ(IdOfGuid(*GuidOfId(id, "exp_", 2), "exp_", 2), id);
}

TEST(Guid, OthersAreNoIds) {
  for (const char* id : {"", "exp_", "exp_short", "usr_AAAAAAAAAAAAAAAAAAAA", "exp_AAAAAAAAAAAAAAAAAAA-", "exp_AAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_FALSE(GuidOfId(id, "exp_", 0)) << id;
  EXPECT_FALSE(GuidOfId("exp_AAAAAAAAAAAAAAAAAAAA", "exp_", 4));
  int ids = 0;
  for (int i = 0; i < 1000; ++i) ids += IdOfGuid(NewGuid(), "exp_", 0) ? 1 : 0;
  EXPECT_EQ(ids, 0) << "the version tells";
  EXPECT_FALSE(IdOfGuid("ffffffff-ffff-8fff-bfff-ffffffffffff", "exp_", 3)) << "beyond the largest id";
}

}  // namespace
}  // namespace sheaf
