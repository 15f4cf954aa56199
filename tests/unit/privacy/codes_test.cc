#include "privacy/codes.h"

#include <gtest/gtest.h>

#include <set>

namespace sheaf::privacy {
namespace {

TEST(Codes, AreStableAndOfOneStudyOnly) {
  const CodeKey one{1};
  const CodeKey two{2};
  const std::string code = Code(one, CodeKind::kParticipant, "anna@example.org");
  EXPECT_EQ(code.size(), 18U);
  EXPECT_EQ(code.substr(0, 2), "P-");
  EXPECT_EQ(code.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 2), std::string::npos);
  EXPECT_EQ(code, Code(one, CodeKind::kParticipant, "anna@example.org"));
  EXPECT_NE(code, Code(two, CodeKind::kParticipant, "anna@example.org"));
  EXPECT_NE(code.substr(2), Code(one, CodeKind::kSession, "anna@example.org").substr(2));
}

TEST(Codes, DifferForManyIds) {
  const CodeKey key{7};
  std::set<std::string> codes;
  for (int id = 0; id < 100'000; ++id) codes.insert(Code(key, CodeKind::kRecord, std::to_string(id)));
  EXPECT_EQ(codes.size(), 100'000U);
}

}  // namespace
}  // namespace sheaf::privacy
