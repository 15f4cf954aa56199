#include "privacy/guids.h"

#include <gtest/gtest.h>

#include "base/guid.h"

namespace sheaf::privacy {
namespace {

CodeKey KeyOf(unsigned char fill) {
  CodeKey key{};
  key.fill(fill);
  return key;
}

TEST(Guids, AreStableAndOfTheirKey) {
  const std::string guid = Guid(KeyOf(1), GuidKind::kParticipant, {}, "ann");
  EXPECT_EQ(ReadGuid(guid), guid);
  EXPECT_EQ(guid, Guid(KeyOf(1), GuidKind::kParticipant, {}, "ann"));
  EXPECT_NE(guid, Guid(KeyOf(2), GuidKind::kParticipant, {}, "ann"));
  EXPECT_NE(guid, Guid(KeyOf(1), GuidKind::kField, {}, "ann"));
}

TEST(Guids, OfPartsThatRunIntoOneAnotherDiffer) {
  const CodeKey key = KeyOf(1);
  EXPECT_NE(Guid(key, GuidKind::kOption, {"ab", "c"}, "d"), Guid(key, GuidKind::kOption, {"a", "bc"}, "d"));
  EXPECT_NE(Guid(key, GuidKind::kOption, {"a"}, "b"), Guid(key, GuidKind::kOption, {}, "ab"));
}

TEST(Guids, AnIdThatIsOneIsItself) {
  EXPECT_EQ(Guid(KeyOf(1), GuidKind::kField, {"x"}, "0A1B2C3D-4E5F-6789-ABCD-EF0123456789"), "0a1b2c3d-4e5f-6789-abcd-ef0123456789");
}

}  // namespace
}  // namespace sheaf::privacy
