#include "blobs/blobs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace sheaf::blobs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// `printf abc | sha256sum`, and the digest of nothing.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

class BlobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "sheaf-blobs-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    base_ = name;
    blobs_ = Open();
    ASSERT_NE(blobs_, nullptr);
  }
  void TearDown() override {
    blobs_.reset();
    fs::remove_all(base_);
  }
  std::string Root() const { return base_ / "blobs"; }
  std::unique_ptr<Blobs> Open() {
    auto opened = OpenDirectoryBlobs(Root());
    if (!opened) {
      ADD_FAILURE() << opened.error().detail;
      return nullptr;
    }
    return *std::move(opened);
  }
  Result<BlobWriter::Published> Put(const std::string& name, const std::string& bytes) {
    SHEAF_ASSIGN(auto writer, blobs_->Create(name));
    SHEAF_TRY(writer->Write(bytes));
    return writer->Publish();
  }
  std::string MakeFile(const std::string& name, const std::string& bytes) {
    const std::string path = base_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::size_t Unfinished() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(Root() + "/.writing"), fs::directory_iterator()));
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat state {};
    return ::stat(path.c_str(), &state) == 0 ? state.st_mode & 07777 : 0;
  }

  fs::path base_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(BlobsTest, PublishesWholeWithSizeAndDigest) {
  auto writer = blobs_->Create("exports/one");
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Write("a"));
  ASSERT_TRUE((*writer)->Write(""));
  ASSERT_TRUE((*writer)->Write("bc"));
  EXPECT_EQ(blobs_->Locate("exports/one").error().code, ErrorCode::kNotFound) << "invisible until published";
  EXPECT_THAT(*blobs_->List(""), IsEmpty());
  const auto published = (*writer)->Publish();
  ASSERT_TRUE(published);
  EXPECT_EQ(published->size, 3U);
  EXPECT_EQ(published->sha256, kAbc);
  const auto located = blobs_->Locate("exports/one");
  ASSERT_TRUE(located);
  EXPECT_EQ(located->size, 3U);
  EXPECT_EQ(Read(located->path), "abc");
  EXPECT_EQ(ModeOf(located->path), mode_t{0600});
  EXPECT_EQ(ModeOf(Root()), mode_t{0700});
  EXPECT_EQ(ModeOf(Root() + "/exports"), mode_t{0700});
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobsTest, KeepsNothingAsWellAsMuch) {
  EXPECT_EQ(Put("empty", "")->sha256, kNothing);
  EXPECT_EQ(blobs_->Locate("empty")->size, 0U);
  // Across the buffer's size in odd steps: the file is what was written, in order.
  std::string expected;
  auto writer = blobs_->Create("large");
  for (int i = 0; expected.size() < 20'000'000; ++i) {
    const std::string piece(static_cast<std::size_t>(i * 7919 % 700'001), static_cast<char>('a' + i % 26));
    ASSERT_TRUE((*writer)->Write(piece));
    expected += piece;
  }
  const auto published = (*writer)->Publish();
  ASSERT_TRUE(published);
  EXPECT_EQ(published->size, expected.size());
  EXPECT_TRUE(Read(blobs_->Locate("large")->path) == expected);
  const std::string copy = MakeFile("copy", expected);
  EXPECT_EQ(blobs_->Adopt("adopted", copy)->sha256, published->sha256);
}

TEST_F(BlobsTest, WithoutPublishTheBytesAreGone) {
  {
    auto writer = blobs_->Create("dropped");
    ASSERT_TRUE((*writer)->Write(std::string(1'000'000, 'x')));
    EXPECT_EQ(Unfinished(), 1U);
  }
  EXPECT_EQ(Unfinished(), 0U);
  EXPECT_EQ(blobs_->Locate("dropped").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Put("dropped", "second try"));
}

TEST_F(BlobsTest, NamesThatCouldEscapeAreRefused) {
  const std::string path = MakeFile("source", "abc");
  const std::string long_segment(65, 'a');
  std::string long_name = "a";
  while (long_name.size() <= 512) long_name += "/a";
  for (const std::string& name : {std::string(),
                                  std::string("/"),
                                  std::string("/etc/passwd"),
                                  std::string(".."),
                                  std::string("../x"),
                                  std::string("a/../../x"),
                                  std::string("a/./b"),
                                  std::string("."),
                                  std::string("a//b"),
                                  std::string("a/"),
                                  std::string("/a"),
                                  std::string(".writing/x"),
                                  std::string(".hidden"),
                                  std::string("a.b"),
                                  std::string("a b"),
                                  std::string("a\\b"),
                                  std::string("a\0b", 3),
                                  std::string("a\nb"),
                                  std::string("ä"),
                                  std::string("%2e%2e/x"),
                                  std::string("a:b"),
                                  std::string("~"),
                                  std::string("*"),
                                  long_segment,
                                  long_name}) {
    EXPECT_EQ(blobs_->Create(name).error().code, ErrorCode::kBadId) << name;
    EXPECT_EQ(blobs_->Adopt(name, path).error().code, ErrorCode::kBadId) << name;
    EXPECT_EQ(blobs_->Locate(name).error().code, ErrorCode::kBadId) << name;
    EXPECT_EQ(blobs_->Remove(name).error().code, ErrorCode::kBadId) << name;
  }
  EXPECT_EQ(Read(path), "abc");
  EXPECT_THAT(*blobs_->List(""), IsEmpty());
  EXPECT_TRUE(Put(std::string(64, 'a') + "/" + std::string(64, '-'), "fine"));
}

TEST_F(BlobsTest, LinksInTheStoreAreNotFollowed) {
  fs::create_directory(base_ / "outside");
  MakeFile("outside/secret", "secret");
  fs::create_directory_symlink(base_ / "outside", Root() + "/linked");
  fs::create_symlink(base_ / "outside" / "secret", Root() + "/leaf");
  EXPECT_EQ(blobs_->Create("linked/new").error().code, ErrorCode::kConflict);
  EXPECT_EQ(blobs_->Locate("linked/secret").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(blobs_->Locate("leaf").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(blobs_->Create("leaf").error().code, ErrorCode::kConflict);
  EXPECT_TRUE(blobs_->Remove("linked/secret"));
  EXPECT_TRUE(fs::exists(base_ / "outside" / "secret"));
  EXPECT_THAT(*blobs_->List(""), IsEmpty());
  EXPECT_FALSE(blobs_->Adopt("taken", Root() + "/leaf"));
}

TEST_F(BlobsTest, ANameIsTakenOnce) {
  ASSERT_TRUE(Put("a", "first"));
  EXPECT_EQ(blobs_->Create("a").error().code, ErrorCode::kConflict);
  EXPECT_EQ(blobs_->Create("a/b").error().code, ErrorCode::kConflict) << "a file is no folder";
  EXPECT_EQ(blobs_->Locate("a/b").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(blobs_->Remove("a/b"));
  ASSERT_TRUE(Put("folder/x", "x"));
  EXPECT_EQ(blobs_->Create("folder").error().code, ErrorCode::kConflict);
  EXPECT_EQ(blobs_->Locate("folder").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(blobs_->Remove("folder"));
  EXPECT_TRUE(blobs_->Locate("folder/x"));
}

TEST_F(BlobsTest, OfTwoWritersOneWins) {
  auto first = blobs_->Create("race");
  auto second = blobs_->Create("race");
  ASSERT_TRUE(first && second);
  ASSERT_TRUE((*first)->Write("first"));
  ASSERT_TRUE((*second)->Write("second"));
  ASSERT_TRUE((*first)->Publish());
  EXPECT_EQ((*second)->Publish().error().code, ErrorCode::kConflict);
  second->reset();
  EXPECT_EQ(Read(blobs_->Locate("race")->path), "first");
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobsTest, ManyThreadsWriteAtOnce) {
  std::atomic<int> won = 0, lost = 0, odd = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      if (!Put("thread/" + std::to_string(i), std::string(10'000, 'x'))) ++odd;
      const auto shared = Put("thread/shared", std::to_string(i));
      if (shared) ++won;
      else if (shared.error().code == ErrorCode::kConflict) ++lost;
      else ++odd;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 7);
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(blobs_->List("thread/")->size(), 9U);
}

TEST_F(BlobsTest, APublishedWriterIsDone) {
  auto writer = blobs_->Create("once");
  ASSERT_TRUE((*writer)->Write("abc"));
  ASSERT_TRUE((*writer)->Publish());
  EXPECT_FALSE((*writer)->Write("more"));
  EXPECT_FALSE((*writer)->Publish());
  writer->reset();
  EXPECT_EQ(Read(blobs_->Locate("once")->path), "abc");
}

TEST_F(BlobsTest, AWriterOutlivesTheStore) {
  auto writer = blobs_->Create("late");
  blobs_.reset();
  ASSERT_TRUE((*writer)->Write("abc"));
  ASSERT_TRUE((*writer)->Publish());
  blobs_ = Open();
  EXPECT_EQ(blobs_->Locate("late")->size, 3U);
}

TEST_F(BlobsTest, AdoptsAFinishedFile) {
  const std::string path = MakeFile("made.parquet", "abc");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  const auto adopted = blobs_->Adopt("exports/made", path);
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->size, 3U);
  EXPECT_EQ(adopted->sha256, kAbc);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(Read(blobs_->Locate("exports/made")->path), "abc");
  EXPECT_EQ(ModeOf(blobs_->Locate("exports/made")->path), mode_t{0600});
}

TEST_F(BlobsTest, WhatCannotBeAdoptedStaysWhereItIs) {
  ASSERT_TRUE(Put("taken", "first"));
  const std::string path = MakeFile("made", "second");
  EXPECT_EQ(blobs_->Adopt("taken", path).error().code, ErrorCode::kConflict);
  EXPECT_EQ(Read(path), "second");
  EXPECT_EQ(blobs_->Adopt("new", (base_ / "missing").string()).error().code, ErrorCode::kIo);
  EXPECT_EQ(blobs_->Adopt("new", base_.string()).error().code, ErrorCode::kIo);
  const std::string pipe_path = base_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe_path.c_str(), 0600), 0);
  EXPECT_EQ(blobs_->Adopt("new", pipe_path).error().code, ErrorCode::kIo);
  EXPECT_EQ(blobs_->Locate("new").error().code, ErrorCode::kNotFound);
}

TEST_F(BlobsTest, RemovesWhetherItIsThereOrNot) {
  ASSERT_TRUE(Put("exports/x", "x"));
  EXPECT_TRUE(blobs_->Remove("exports/x"));
  EXPECT_TRUE(blobs_->Remove("exports/x"));
  EXPECT_TRUE(blobs_->Remove("no/such/folder"));
  EXPECT_EQ(blobs_->Locate("exports/x").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(Put("exports/x", "again"));
}

TEST_F(BlobsTest, ListsByPrefixInOrder) {
  for (const char* name : {"b", "exports/2", "exports/10", "exports/deep/er", "exported", "a-1"}) { ASSERT_TRUE(Put(name, "x")); }
  MakeFile("blobs/stray.tmp", "not ours");
  MakeFile("blobs/exports/.DS_Store", "not ours");
  auto unfinished = blobs_->Create("exports/unfinished");
  EXPECT_THAT(*blobs_->List(""), ElementsAre("a-1", "b", "exported", "exports/10", "exports/2", "exports/deep/er"));
  EXPECT_THAT(*blobs_->List("exports/"), ElementsAre("exports/10", "exports/2", "exports/deep/er"));
  EXPECT_THAT(*blobs_->List("export"), ElementsAre("exported", "exports/10", "exports/2", "exports/deep/er"));
  EXPECT_THAT(*blobs_->List("exports/deep"), ElementsAre("exports/deep/er"));
  EXPECT_THAT(*blobs_->List("exports/deep/er"), ElementsAre("exports/deep/er"));
  EXPECT_THAT(*blobs_->List("exports/deep/er/x"), IsEmpty());
  EXPECT_THAT(*blobs_->List("none"), IsEmpty());
  for (const char* prefix : {"../", ".", ".writing", "a b", "exports/.."}) {
    EXPECT_EQ(blobs_->List(prefix).error().code, ErrorCode::kBadId) << prefix;
  }
}

TEST_F(BlobsTest, SweepTakesWhatTheDeadLeftAndSparesTheLiving) {
  ASSERT_TRUE(Put("kept", "abc"));
  const pid_t child = fork();
  if (child == 0) {
    auto mine = OpenDirectoryBlobs(Root());
    auto writer = (*mine)->Create("half");
    static_cast<void>((*writer)->Write(std::string(1'000'000, 'x')));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  MakeFile("blobs/.writing/stray", "older than the lock");
  auto living = blobs_->Create("living");
  ASSERT_TRUE((*living)->Write("abc"));
  EXPECT_EQ(Unfinished(), 3U);
  ASSERT_TRUE(Open()->Sweep());
  EXPECT_EQ(Unfinished(), 1U);
  EXPECT_THAT(*blobs_->List(""), ElementsAre("kept"));
  EXPECT_TRUE((*living)->Publish());
  EXPECT_EQ(Unfinished(), 0U);
}

TEST_F(BlobsTest, AFullDiskPublishesNothing) {
  // A limit on the size of files stands in for a full disk: the system refuses to write in the same place.
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1'000'000, 1'000'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    auto writer = blobs_->Create("full");
    const std::string piece(300'000, 'x');
    Status outcome;
    for (int i = 0; i < 4 && outcome; ++i) outcome = (*writer)->Write(piece);
    if (outcome || outcome.error().code != ErrorCode::kStorageFull) _exit(2);
    // Room again does not heal a file that has a hole in it.
    if ((*writer)->Write("x")) _exit(3);
    if ((*writer)->Publish()) _exit(4);
    writer->reset();
    _exit(Unfinished() == 0 ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(blobs_->Locate("full").error().code, ErrorCode::kNotFound);
}

TEST_F(BlobsTest, WhatIsNoDirectoryIsRefused) {
  EXPECT_FALSE(OpenDirectoryBlobs(""));
  EXPECT_FALSE(OpenDirectoryBlobs(std::string("/tmp/a\0b", 8)));
  EXPECT_EQ(OpenDirectoryBlobs(MakeFile("file", "x")).error().code, ErrorCode::kIo);
  EXPECT_EQ(OpenDirectoryBlobs(MakeFile("file", "x") + "/below").error().code, ErrorCode::kIo);
}

TEST_F(BlobsTest, OpensWithAnOddPathAndMakesItsParents) {
  auto opened = OpenDirectoryBlobs((base_ / "new one" / "and=two" / "x" / ".." / "blobs/").string());
  ASSERT_TRUE(opened);
  ASSERT_TRUE((*opened)->Create("a").value()->Publish());
  const auto located = (*opened)->Locate("a");
  EXPECT_EQ(located->path, (base_ / "new one" / "and=two" / "blobs" / "a").string());
  EXPECT_TRUE(fs::exists(located->path));
}

}  // namespace
}  // namespace sheaf::blobs
