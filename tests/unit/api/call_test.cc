#include "api/native/call.h"

#include <gtest/gtest.h>

namespace sheaf::api::native {
namespace {

class TextBody : public http::BodyReader {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Result<std::span<const char>> Read() override {
    if (read_) return std::span<const char>();
    read_ = true;
    return std::span<const char>(text_);
  }

 private:
  std::string text_;
  bool read_ = false;
};

Call CallWith(http::Request request) { return Call{std::make_shared<Rooms>(), std::move(request), http::Responder(nullptr), {}}; }

Call CallWithQuery(std::vector<std::pair<std::string, std::string>> parameters) {
  http::Request request;
  request.query_parameters = std::move(parameters);
  return CallWith(std::move(request));
}

TEST(OnlyParameters, RefusesTheUnknownAndTheRepeated) {
  const Call call = CallWithQuery({{"limit", "1"}, {"participant", "a"}, {"participant", "b"}});
  EXPECT_TRUE(call.OnlyParameters({"limit"}, {"participant"}));
  const Status unknown = call.OnlyParameters({"cursor"}, {"participant"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kUnknownParameter);
  EXPECT_EQ(unknown.error().place, "limit");
  const Status repeated = call.OnlyParameters({"limit", "participant"});
  ASSERT_FALSE(repeated);
  EXPECT_EQ(repeated.error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(repeated.error().place, "participant");
}

TEST(CountParameter, TakesWholeNumbersInRange) {
  EXPECT_EQ(CallWithQuery({}).CountParameter("limit", 100, 1, 1000), 100u);
  EXPECT_EQ(CallWithQuery({{"limit", "1000"}}).CountParameter("limit", 100, 1, 1000), 1000u);
  for (const char* text : {"", "0", "1001", "-1", "+5", "1.5", "5 ", "abc", "99999999999999999999"}) {
    const auto count = CallWithQuery({{"limit", text}}).CountParameter("limit", 100, 1, 1000);
    ASSERT_FALSE(count.has_value()) << text;
    EXPECT_EQ(count.error().code, ErrorCode::kBadParameter) << text;
  }
}

TEST(IdempotencyKey, IsPrintableText) {
  http::Request request;
  EXPECT_EQ(CallWith(std::move(request)).IdempotencyKey(), "");
  for (const std::string& bad : {std::string(), std::string(256, 'k'), std::string("a\tb")}) {
    http::Request with_key;
    with_key.headers = {{"idempotency-key", bad}};
    const auto key = CallWith(std::move(with_key)).IdempotencyKey();
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().place, "Idempotency-Key");
  }
}

TEST(JsonObjectBody, WantsJsonByItsType) {
  http::Request request;
  request.headers = {{"content-type", "text/csv"}};
  request.body = std::make_unique<TextBody>("{}");
  EXPECT_EQ(CallWith(std::move(request)).JsonObjectBody(100).error().code, ErrorCode::kUnsupportedMediaType);
  http::Request packed;
  packed.headers = {{"content-type", "application/json"}, {"content-encoding", "gzip"}};
  packed.body = std::make_unique<TextBody>("{}");
  EXPECT_EQ(CallWith(std::move(packed)).JsonObjectBody(100).error().code, ErrorCode::kUnsupportedMediaType);
  http::Request good;
  good.headers = {{"content-type", "application/json"}};
  good.body = std::make_unique<TextBody>("{\"a\":\"b\"}");
  EXPECT_TRUE(CallWith(std::move(good)).JsonObjectBody(100));
}

TEST(ReadListQuery, ChecksItsParameters) {
  EXPECT_EQ(ReadListQuery(CallWithQuery({{"cursor", "p 1"}, {"search", "ä"}}), ListSearch::kYes)->after, "p 1");
  EXPECT_EQ(ReadListQuery(CallWithQuery({{"search", "x"}}), ListSearch::kNo).error().code, ErrorCode::kUnknownParameter);
  EXPECT_EQ(ReadListQuery(CallWithQuery({{"cursor", "\xFF"}}), ListSearch::kYes).error().code, ErrorCode::kBadCursor);
  EXPECT_EQ(ReadListQuery(CallWithQuery({{"search", "a\nb"}}), ListSearch::kYes).error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(ReadListQuery(CallWithQuery({{"limit", "1001"}}), ListSearch::kYes).error().code, ErrorCode::kBadParameter);
}

TEST(ListResponse, EndsWithNull) {
  EXPECT_EQ(ListResponse("studies", "[]", "", 0).body, R"({"studies":[],"cursor":null,"has_more":false,"total":0})");
  EXPECT_EQ(ListResponse("studies", "[1]", "a\"", 9).body, R"({"studies":[1],"cursor":"a\"","has_more":true,"total":9})");
}

}  // namespace
}  // namespace sheaf::api::native
