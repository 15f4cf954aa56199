#include "export/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "export/digest.h"
#include "export/folder_names.h"
#include "export/pretty_json.h"
#include "unzipped.h"

namespace sheaf::exporting {
namespace {

Result<ZipWriter::Written> Add(ZipWriter& zip, const ZipWriter::Entry& entry, std::string_view text) {
  SHEAF_TRY(zip.Begin(entry));
  SHEAF_TRY(zip.Write(text));
  return zip.End();
}

TEST(ZipWriter, EntriesComeBack) {
  std::string bytes;
  auto zip = ZipWriter::Open([&](std::string_view part) -> Status {
    bytes += part;
    return {};
  });
  ASSERT_TRUE(zip);
  const std::string large(3'000'000, 'x');
  const std::string foreign = "Zo\xc3\xab/\xe4\xb8\xad\xe6\x96\x87.csv";
  const auto written = Add(**zip, {"a/b.csv", {}, true, 1'700'000'000'000'000}, large);
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_EQ(written->bytes, large.size());
  EXPECT_EQ(written->sha256, Sha256Hex(large));
  ASSERT_TRUE(Add(**zip, {foreign, {}, true, 0}, "named"));
  ASSERT_TRUE(Add(**zip, {"stored.parquet", 5, false, 0}, "PAR1!"));
  ASSERT_TRUE(Add(**zip, {"empty", {}, true, 0}, ""));
  ASSERT_TRUE((*zip)->Finish());
  EXPECT_LT(bytes.size(), 20'000u);

  const auto entries = Unzipped(bytes);
  EXPECT_EQ(entries.size(), 4u);
  EXPECT_TRUE(entries.at("a/b.csv") == large);
  EXPECT_EQ(entries.at(foreign), "named");
  EXPECT_EQ(entries.at("stored.parquet"), "PAR1!");
  EXPECT_EQ(entries.at("empty"), "");
}

// Two readers that know nothing of libarchive.
TEST(ZipWriter, OtherProgramsReadIt) {
  const std::string path = testing::TempDir() + "zip_writer_test.zip";
  {
    std::ofstream file(path, std::ios::binary);
    auto zip = ZipWriter::Open([&](std::string_view part) -> Status {
      file << part;
      return {};
    });
    ASSERT_TRUE(zip);
    ASSERT_TRUE(Add(**zip, {"a/b.csv", {}, true, 0}, std::string(100'000, 'y')));
    ASSERT_TRUE(Add(**zip, {"stored", {}, false, 0}, "abc"));
    ASSERT_TRUE(Add(**zip, {"stored with size", 3, false, 0}, "abc"));
    ASSERT_TRUE((*zip)->Finish());
  }
  if (std::system("command -v unzip >/dev/null") == 0) { EXPECT_EQ(std::system(("unzip -tqq " + path).c_str()), 0); }
  if (std::system("command -v python3 >/dev/null") == 0) {
    EXPECT_EQ(std::system(("python3 -c \"import sys,zipfile; z=zipfile.ZipFile('" + path +
                           "'); sys.exit(z.testzip() is not None or len(z.namelist())!=3)\"")
                              .c_str()),
              0);
  }
  std::filesystem::remove(path);
}

TEST(ZipWriter, AnErrorOfTheSinkIsTheError) {
  std::size_t room = 1'000'000;
  auto zip = ZipWriter::Open([&](std::string_view part) -> Status {
    if (part.size() > room) return Fail(ErrorCode::kStorageFull, "full");
    room -= part.size();
    return {};
  });
  ASSERT_TRUE(zip);
  ASSERT_TRUE((*zip)->Begin({"a", {}, false, 0}));
  Status status;
  for (int i = 0; status && i < 100; ++i) status = (*zip)->Write(std::string(100'000, 'z'));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kStorageFull);
  EXPECT_FALSE((*zip)->Finish());
}

TEST(ZipWriter, GivenUpItWritesNothingMore) {
  int writes = 0;
  {
    auto zip = ZipWriter::Open([&](std::string_view) -> Status {
      ++writes;
      return {};
    });
    ASSERT_TRUE(zip);
    ASSERT_TRUE((*zip)->Begin({"a", {}, true, 0}));
    ASSERT_TRUE((*zip)->Write("bytes"));
    writes = 0;
  }
  EXPECT_EQ(writes, 0);
}

TEST(ZipWriter, ASizeThatIsNotKeptIsAnError) {
  auto zip = ZipWriter::Open([](std::string_view) -> Status { return {}; });
  ASSERT_TRUE(zip);
  ASSERT_TRUE((*zip)->Begin({"a", 10, false, 0}));
  ASSERT_TRUE((*zip)->Write("short"));
  EXPECT_FALSE((*zip)->End());
}

TEST(SafeName, NothingLeavesItsFolder) {
  EXPECT_EQ(SafeName("P-001"), "P-001");
  EXPECT_EQ(SafeName("Zo\xc3\xab"), "Zo\xc3\xab");
  EXPECT_EQ(SafeName("../../etc/passwd"), "___.__etc_passwd");
  EXPECT_EQ(SafeName(".."), "__");
  EXPECT_EQ(SafeName("."), "_");
  EXPECT_EQ(SafeName("/"), "_");
  EXPECT_EQ(SafeName(""), "_");
  EXPECT_EQ(SafeName("a\\b:c*d?e\"f<g>h|i"), "a_b_c_d_e_f_g_h_i");
  EXPECT_EQ(SafeName("C:\\Windows"), "C__Windows");
  EXPECT_EQ(SafeName("a\nb\x7f"), "a_b_");
  EXPECT_EQ(SafeName("-rf"), "_rf");
  EXPECT_EQ(SafeName("~root"), "_root");
  EXPECT_EQ(SafeName(" a. "), "_a._");
  EXPECT_EQ(SafeName("dot."), "dot_");
  EXPECT_EQ(SafeName("con"), "_con");
  EXPECT_EQ(SafeName("NUL.txt"), "_NUL.txt") << "a device whatever stands behind the dot";
  EXPECT_EQ(SafeName("Com7"), "_Com7");
  EXPECT_EQ(SafeName("comb"), "comb");
  EXPECT_EQ(SafeName("a\xe2\x80\xae"
                     "b"),
            "a_b")
      << "a character that turns the direction of writing";
  EXPECT_EQ(SafeName("a\xe2\x80\x8b"
                     "b\xc2\x85"),
            "a_b_");
}

TEST(SafeName, LongNamesAreCutBetweenCharacters) {
  const std::string name = SafeName(std::string(99, 'a') + "\xe4\xb8\xad\xe6\x96\x87");
  EXPECT_EQ(name, std::string(99, 'a'));
  EXPECT_EQ(SafeName(std::string(255, 'b')).size(), 100u);
}

TEST(FolderNames, EachIdHasItsOwn) {
  FolderNames names({"no-session"});
  EXPECT_EQ(names.Of("Anna"), "Anna");
  EXPECT_EQ(names.Of("anna"), "anna-2") << "the same on a Mac";
  EXPECT_EQ(names.Of("a/b"), "a_b");
  EXPECT_EQ(names.Of("a_b"), "a_b-2");
  EXPECT_EQ(names.Of("a:b"), "a_b-3");
  EXPECT_EQ(names.Of("a_b-2"), "a_b-2-2");
  EXPECT_EQ(names.Of("no-session"), "no-session-2");
  EXPECT_EQ(names.Of("a/b"), "a_b") << "the same the next time";
  ASSERT_EQ(names.Changed().size(), 6u);
  EXPECT_EQ(names.Changed()[0].id, "anna");
  EXPECT_EQ(names.Changed()[0].folder, "anna-2");
}

TEST(PrettyJson, KeepsWhatItHolds) {
  EXPECT_EQ(PrettyJson(R"({"a":[],"b":{},"c":[1,{"d":"x,{\"}:"}]})"),
            "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": \"x,{\\\"}:\"\n    }\n  ]\n}\n");
  EXPECT_EQ(PrettyJson("\"\\\\\""), "\"\\\\\"\n");
}

}  // namespace
}  // namespace sheaf::exporting
