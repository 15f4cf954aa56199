#include "ingest/unzip.h"

#include <gtest/gtest.h>

#include <vector>

namespace sheaf::ingest {
namespace {

void Put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}

//! A ZIP of one stored file under any name; `attributes`: of Unix, in the upper half.
std::string ZipOf(const std::string& name, const std::string& bytes, std::uint32_t crc, std::uint32_t attributes = 0) {
  std::string zip;
  const auto head = [&](std::string& out) {
    Put(out, 0, 2);
    Put(out, 0, 2);
    Put(out, 0, 4);
    Put(out, crc, 4);
    Put(out, bytes.size(), 4);
    Put(out, bytes.size(), 4);
    Put(out, name.size(), 2);
    Put(out, 0, 2);
  };
  zip += "PK\x03\x04";
  Put(zip, 20, 2);
  head(zip);
  zip += name + bytes;
  const std::size_t directory = zip.size();
  zip += "PK\x01\x02";
  Put(zip, (3u << 8) | 20, 2);
  Put(zip, 20, 2);
  head(zip);
  Put(zip, 0, 2);
  Put(zip, 0, 2);
  Put(zip, 0, 2);
  Put(zip, attributes, 4);
  Put(zip, 0, 4);
  zip += name;
  const std::size_t end = zip.size();
  zip += "PK\x05\x06";
  Put(zip, 0, 4);
  Put(zip, 1, 2);
  Put(zip, 1, 2);
  Put(zip, end - directory, 4);
  Put(zip, directory, 4);
  Put(zip, 0, 2);
  return zip;
}

constexpr std::uint32_t kCrcOfAbc = 0x352441C2;

Status Take(const std::string& zip, std::vector<std::string>& names, const UnzipLimits& limits = {}) {
  return Unzip(zip, limits, [&](const std::string& name, std::string bytes) -> Status {
    names.push_back(name + "=" + bytes);
    return {};
  });
}

TEST(Unzip, GivesOutWhatIsThere) {
  std::vector<std::string> names;
  ASSERT_TRUE(Take(ZipOf("folder/a.txt", "abc", kCrcOfAbc), names));
  EXPECT_EQ(names, std::vector<std::string>{"folder/a.txt=abc"});
}

TEST(Unzip, RefusesNamesThatLeadOut) {
  for (const char* name : {"../a", "a/../../b", "/etc/passwd", "a\\..\\b", "C:evil", "..", "a/.."}) {
    std::vector<std::string> names;
    const Status taken = Take(ZipOf(name, "abc", kCrcOfAbc), names);
    ASSERT_FALSE(taken) << name;
    EXPECT_EQ(taken.error().code, ErrorCode::kBadMember) << name;
    EXPECT_TRUE(names.empty());
  }
}

TEST(Unzip, RefusesLinks) {
  std::vector<std::string> names;
  EXPECT_FALSE(Take(ZipOf("link", "abc", kCrcOfAbc, 0120777u << 16), names));
  EXPECT_TRUE(names.empty());
}

TEST(Unzip, EveryCutIsNoticed) {
  const std::string zip = ZipOf("a.txt", "abc", kCrcOfAbc);
  for (std::size_t size = 0; size < zip.size(); ++size) {
    std::vector<std::string> names;
    EXPECT_FALSE(Take(zip.substr(0, size), names)) << size;
  }
  std::vector<std::string> names;
  EXPECT_FALSE(Take(ZipOf("a.txt", "abd", kCrcOfAbc), names));
}

TEST(Unzip, Limits) {
  std::vector<std::string> names;
  UnzipLimits limits;
  limits.member_bytes = 2;
  const Status taken = Take(ZipOf("a.txt", "abc", kCrcOfAbc), names, limits);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kPayloadTooLarge);
}

}  // namespace
}  // namespace sheaf::ingest
