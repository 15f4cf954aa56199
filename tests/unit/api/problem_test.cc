#include "api/problem.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/json_text.h"

namespace sheaf::api {
namespace {

std::string Header(const http::Response& response, std::string_view name) {
  const auto found =
      std::find_if(response.headers.begin(), response.headers.end(), [&](const auto& header) { return header.first == name; });
  return found == response.headers.end() ? "" : found->second;
}

TEST(ProblemResponse, SaysEverythingOfAnError) {
  const Error error{ErrorCode::kUnknownField, "There is no field \"mod\".", "/filter/field", 0};
  const http::Response response = ProblemResponse(error, "/api/v1/studies/a", "req_1");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Header(response, "Content-Type"), "application/problem+json");
  EXPECT_EQ(response.body, R"({"type":"/docs/errors#unknown-field","title":"The dataset has no such field","status":400,)"
                           R"("detail":"There is no field \"mod\".","instance":"/api/v1/studies/a","code":4001,"slug":"unknown-field",)"
                           R"("place":"/filter/field","request_id":"req_1"})");
}

TEST(ProblemResponse, IsCompleteForEveryErrorOfTheCatalogue) {
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    const http::Response response = ProblemResponse(Error{entry.code, "", "", 0}, "", "req_1");
    const auto document = boost::json::parse(response.body).as_object();
    EXPECT_EQ(response.status, entry.http_status) << entry.slug;
    EXPECT_EQ(document.at("status").as_int64(), entry.http_status) << entry.slug;
    EXPECT_EQ(document.at("code").as_int64(), entry.number) << entry.slug;
    EXPECT_EQ(document.at("slug").as_string(), entry.slug);
    EXPECT_FALSE(document.at("detail").as_string().empty()) << entry.slug;
    EXPECT_FALSE(document.contains("place")) << entry.slug;
    EXPECT_EQ(Header(response, "WWW-Authenticate").empty(), entry.http_status != 401) << entry.slug;
  }
}

TEST(ProblemResponse, SaysWhenToComeBack) {
  EXPECT_EQ(Header(ProblemResponse(Error{ErrorCode::kTooManyExports, "", "", 7}, "", ""), "Retry-After"), "7");
  EXPECT_EQ(Header(ProblemResponse(Error{ErrorCode::kUnavailable, "", "", 0}, "", ""), "Retry-After"), "1");
  EXPECT_EQ(Header(ProblemResponse(Error{ErrorCode::kExportNotReady, "", "", 1}, "", ""), "Retry-After"), "1");
  EXPECT_EQ(Header(ProblemResponse(Error{ErrorCode::kNotFound, "", "", 0}, "", ""), "Retry-After"), "");
}

TEST(ProblemResponse, ListsRejections) {
  const std::vector<ingest::Rejection> rejected = {{2, "mood", ErrorCode::kWrongType, "\"x\" is no integer"},
                                                   {3, "", ErrorCode::kMissingParticipant, "no participant"}};
  const http::Response response = ProblemResponse(Error{ErrorCode::kRecordsRejected, "2 of 3", "", 0}, "/x", "req_1", rejected, 2);
  EXPECT_EQ(response.status, 422);
  const auto document = boost::json::parse(response.body).as_object();
  EXPECT_EQ(document.at("rejected_total").as_int64(), 2);
  const auto& list = document.at("rejected").as_array();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].at("line").as_int64(), 2);
  EXPECT_EQ(list[0].at("field").as_string(), "mood");
  EXPECT_EQ(list[0].at("slug").as_string(), "wrong-type");
  EXPECT_FALSE(list[1].as_object().contains("field"));
}

TEST(ProblemResponse, StaysJsonWhateverItIsGiven) {
  const Error error{ErrorCode::kBadRequest, std::string("a\0b\x01\xFF\xC3(\xE2\x82", 10), "line \"1\"\n", 0};
  const auto document = boost::json::parse(ProblemResponse(error, "/\xFF", "").body).as_object();
  EXPECT_EQ(document.at("place").as_string(), "line \"1\"\n");
  EXPECT_EQ(document.at("instance").as_string(), "/\xEF\xBF\xBD");
}

TEST(ErrorCatalogueJson, HasEveryError) {
  const auto catalogue = boost::json::parse(ErrorCatalogueJson());
  EXPECT_EQ(catalogue.at("errors").as_array().size(), ErrorCatalogue().size());
}

TEST(JsonObject, WritesInOrder) {
  JsonObject object;
  object.Text("a", "x\n").Integer("b", -5).Count("c", 18446744073709551615u).Flag("d", false).OptionalTime("e", std::nullopt).Time("f", 0);
  EXPECT_EQ(object.Finish(), R"({"a":"x\n","b":-5,"c":18446744073709551615,"d":false,"e":null,"f":"1970-01-01T00:00:00.000Z"})");
  EXPECT_EQ(JsonObject().Finish(), "{}");
  EXPECT_EQ(JsonArray().Text("q\"").Raw("1").Finish(), R"(["q\"",1])");
}

}  // namespace
}  // namespace sheaf::api
