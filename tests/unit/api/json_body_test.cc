#include "api/json_body.h"

#include <gtest/gtest.h>

#include <string>

namespace sheaf::api {
namespace {

ErrorCode ParseError(std::string_view text) {
  const auto body = JsonBody::Parse(text);
  return body ? ErrorCode{} : body.error().code;
}

TEST(JsonBody, ReadsMembers) {
  auto body = JsonBody::Parse(R"( { "name" : "a\"b\\c}é\u00e9" , "when":"2026-01-31T08:15:00Z","n":{} } )");
  ASSERT_TRUE(body);
  EXPECT_EQ(**body->Text("name", 100), "a\"b\\c}éé");
  EXPECT_EQ(**body->Time("when"), 1769847300000000);
  EXPECT_EQ(**body->ObjectText("n"), "{}");
  EXPECT_TRUE(body->Finish());
}

TEST(JsonBody, KeepsNumbersAsWritten) {
  auto body = JsonBody::Parse(R"({"attributes":{ "big" : 123456789012345678901234567890, "d":1.10, "s" : "a b", "l":[1 , 2] }})");
  ASSERT_TRUE(body) << body.error().detail;
  EXPECT_EQ(**body->ObjectText("attributes"), R"({"big":123456789012345678901234567890,"d":1.10,"s":"a b","l":[1,2]})");
}

TEST(JsonBody, SplitsArraysOfObjects) {
  auto body = JsonBody::Parse(R"({"list":[{"a":"1"}, {"a":"]"},{}],"none":[]})");
  ASSERT_TRUE(body);
  auto list = body->Objects("list");
  ASSERT_TRUE(list && *list);
  ASSERT_EQ((*list)->size(), 3u);
  EXPECT_EQ(**(**list)[1].Text("a", 10), "]");
  EXPECT_EQ((**list)[2].Place("a"), "/list/2/a");
  EXPECT_TRUE((*body->Objects("none"))->empty());
  EXPECT_FALSE(*body->Objects("absent"));
}

TEST(JsonBody, ReadsTextsAndFlags) {
  auto body = JsonBody::Parse(R"({"t": [ "a" , "b,]" , "" ], "e": [], "yes": true, "no": false, "null": null, "mixed": ["a", 1], "n": 1})");
  ASSERT_TRUE(body);
  const auto texts = body->Texts("t", 3, 3);
  ASSERT_TRUE(texts && *texts);
  EXPECT_EQ(**texts, (std::vector<std::string>{"a", "b,]", ""}));
  EXPECT_TRUE((**body->Texts("e", 3, 3)).empty());
  EXPECT_FALSE(*body->Texts("absent", 3, 3));
  EXPECT_EQ(body->Texts("t", 2, 3).error().place, "/t");
  EXPECT_EQ(body->Texts("t", 3, 2).error().place, "/t/1");
  EXPECT_EQ(body->Texts("mixed", 3, 3).error().place, "/mixed/1");
  EXPECT_EQ(body->Texts("n", 3, 3).error().code, ErrorCode::kBadMember);
  EXPECT_TRUE(**body->Flag("yes"));
  EXPECT_FALSE(**body->Flag("no"));
  EXPECT_FALSE(*body->Flag("absent"));
  EXPECT_EQ(body->Flag("n").error().place, "/n");
  EXPECT_TRUE(body->IsNull("null") && !body->IsNull("no") && !body->IsNull("absent"));
}

TEST(JsonBody, NamesWhatNobodyTook) {
  auto body = JsonBody::Parse(R"({"name":"x","extra/part":1})");
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->Text("name", 10));
  const Status finished = body->Finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kUnknownMember);
  EXPECT_EQ(finished.error().place, "/extra~1part");
  body->Ignore("extra/part");
  EXPECT_TRUE(body->Finish());
}

TEST(JsonBody, RefusesWrongTypes) {
  auto body = JsonBody::Parse(R"({"n":1,"s":"text","o":null,"a":[1],"z":"a\u0000b"})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->Text("n", 10).error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->Text("o", 10).error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->Text("z", 10).error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->Text("s", 3).error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->Time("s").error().code, ErrorCode::kBadTime);
  EXPECT_EQ(body->Time("n").error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->ObjectText("s").error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->Objects("s").error().code, ErrorCode::kBadMember);
  EXPECT_EQ(body->Objects("a").error().place, "/a/0");
  EXPECT_FALSE(*body->Time("o"));
}

TEST(JsonBody, RefusesWhatIsNotOneObject) {
  EXPECT_EQ(ParseError(""), ErrorCode::kBadJson);
  EXPECT_EQ(ParseError("{"), ErrorCode::kBadJson);
  EXPECT_EQ(ParseError("{} {}"), ErrorCode::kBadJson);
  EXPECT_EQ(ParseError("{'a':1}"), ErrorCode::kBadJson);
  EXPECT_EQ(ParseError("{\"a\":NaN}"), ErrorCode::kBadJson);
  EXPECT_EQ(ParseError("[1]"), ErrorCode::kBadMember);
  EXPECT_EQ(ParseError("7"), ErrorCode::kBadMember);
  EXPECT_EQ(ParseError("{\"a\":1,\"a\":2}"), ErrorCode::kBadMember);
  EXPECT_EQ(ParseError("{\"a\":\"\xFF\"}"), ErrorCode::kBadUtf8);
  EXPECT_EQ(ParseError(std::string(2u << 20, ' ')), ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(ParseError("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"), ErrorCode::kBadJson);
}

}  // namespace
}  // namespace sheaf::api
