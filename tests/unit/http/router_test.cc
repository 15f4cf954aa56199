#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "http/server.h"

namespace sheaf::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(PercentTest, DecodesAndEncodes) {
  EXPECT_EQ(PercentDecode("a%41%2fb", false), "aA/b");
  EXPECT_EQ(PercentDecode("a+b%2B", true), "a b+");
  EXPECT_EQ(PercentDecode("a+b", false), "a+b");
  EXPECT_EQ(PercentDecode("", false), "");
  for (const std::string_view broken : {"%", "%4", "a%", "%zz", "%4g", "%%41", "% 41"}) {
    EXPECT_EQ(PercentDecode(broken, false), std::nullopt) << broken;
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(PercentDecode(PercentEncode(all), true), all);
  EXPECT_EQ(PercentEncode("ü/ ~"), "%C3%BC%2F%20~");
}

class RouterTest : public testing::Test {
 protected:
  void Add(std::string_view method, std::string_view pattern) {
    router_.Add(method, pattern, [](const Request&, const Responder&) {}, {.max_body = next_});
    ++next_;
  }
  // Routes are told apart by the order in which they were added.
  int Which(std::string_view method, std::string_view path) {
    last_ = router_.Find(method, path);
    return last_.handler ? static_cast<int>(last_.options.max_body) : -1;
  }
  Router router_;
  Router::Match last_;
  std::uint64_t next_ = 0;
};

TEST_F(RouterTest, LiteralsWinOverBraces) {
  Add("GET", "/studies");
  Add("GET", "/studies/{study}");
  Add("GET", "/studies/new");
  Add("DELETE", "/studies/{id}");
  Add("GET", "/studies/{study}/datasets/{dataset}");
  Add("GET", "/studies/new/{part}/{other}");
  EXPECT_EQ(Which("GET", "/studies"), 0);
  EXPECT_EQ(Which("GET", "/studies/s1"), 1);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("study", "s1")));
  EXPECT_EQ(Which("GET", "/studies/new"), 2);
  EXPECT_THAT(last_.path_parameters, IsEmpty());
  EXPECT_EQ(Which("DELETE", "/studies/new"), 3);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("id", "new")));
  EXPECT_EQ(Which("GET", "/studies/s/datasets/d"), 4);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("study", "s"), Pair("dataset", "d")));
  EXPECT_EQ(Which("GET", "/studies/new/datasets/d"), 5);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("part", "datasets"), Pair("other", "d")));
}

TEST_F(RouterTest, UnknownPathsAndMethods) {
  Add("GET", "/a/{b}");
  Add("PUT", "/a/{b}");
  Add("POST", "/a/x");
  EXPECT_EQ(Which("GET", "/"), -1);
  EXPECT_THAT(last_.allowed, IsEmpty());
  for (const std::string_view path : {"/a", "/a/", "/a/b/", "//a/b", "/b", "a/b", "", "*"}) {
    EXPECT_EQ(Which("GET", path), -1) << path;
    EXPECT_THAT(last_.allowed, IsEmpty()) << path;
  }
  EXPECT_EQ(Which("DELETE", "/a/x"), -1);
  EXPECT_THAT(last_.allowed, ElementsAre("GET", "HEAD", "POST", "PUT"));
  EXPECT_EQ(Which("POST", "/a/y"), -1);
  EXPECT_THAT(last_.allowed, ElementsAre("GET", "HEAD", "PUT"));
  EXPECT_EQ(Which("HEAD", "/a/y"), 0);
  EXPECT_EQ(Which("get", "/a/y"), -1);
}

TEST_F(RouterTest, SegmentsAreSplitBeforeTheyAreDecoded) {
  Add("GET", "/a/{b}");
  Add("GET", "/a/{b}/c");
  Add("GET", "/files/{rest*}");
  EXPECT_EQ(Which("GET", "/a/x%2Fc"), 0);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("b", "x/c")));
  EXPECT_EQ(Which("GET", "/%61/x%20y/c"), 1);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("b", "x y")));
  EXPECT_EQ(Which("GET", "/a/%"), -1);
  EXPECT_EQ(Which("GET", "/files/"), 2);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("rest", "")));
  EXPECT_EQ(Which("GET", "/files/a/b%2fc//d"), 2);
  EXPECT_THAT(last_.path_parameters, ElementsAre(Pair("rest", "a/b/c//d")));
  EXPECT_EQ(Which("GET", "/files"), -1);
}

TEST_F(RouterTest, BadPatternsAreRefusedAtTheStart) {
  Add("GET", "/a/{b}");
  EXPECT_THROW(Add("GET", "/a/{c}"), std::logic_error);
  for (const std::string_view pattern : {"", "a", "/{", "/{}", "/{a", "/x{a}", "/{rest*}/b", "/a%20b"}) {
    EXPECT_THROW(Add("GET", pattern), std::logic_error) << pattern;
  }
}

}  // namespace
}  // namespace sheaf::http
