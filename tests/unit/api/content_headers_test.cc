#include "api/content_headers.h"

#include <gtest/gtest.h>

namespace sheaf::api {
namespace {

using exporting::Compression;
using ingest::BodyFormat;

TEST(RecordsFormat, KnowsTheThreeTypes) {
  EXPECT_EQ(RecordsFormat("application/x-ndjson"), BodyFormat::kNdjson);
  EXPECT_EQ(RecordsFormat("application/json; charset=utf-8"), BodyFormat::kJsonArray);
  EXPECT_EQ(RecordsFormat("Text/CSV ; Charset=\"UTF-8\"; header=present"), BodyFormat::kCsv);
}

TEST(RecordsFormat, RefusesTheRest) {
  for (const char* type : {"", "text", "text/plain", "application/json+x", "text/csv; charset=latin1", "text/csv; header=absent",
                           "application/x-www-form-urlencoded", "text/csv,application/json"}) {
    const auto format = RecordsFormat(type);
    ASSERT_FALSE(format.has_value()) << type;
    EXPECT_EQ(format.error().code, ErrorCode::kUnsupportedMediaType) << type;
  }
}

TEST(RequireJson, TakesJsonAndNothing) {
  EXPECT_TRUE(RequireJson(""));
  EXPECT_TRUE(RequireJson("application/json"));
  EXPECT_FALSE(RequireJson("text/plain"));
}

TEST(NegotiateCompression, SendsPlainUnasked) {
  EXPECT_EQ(NegotiateCompression(""), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("br"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("identity"), Compression::kNone);
}

TEST(NegotiateCompression, FollowsTheQualities) {
  EXPECT_EQ(NegotiateCompression("gzip, deflate"), Compression::kGzip);
  EXPECT_EQ(NegotiateCompression("gzip, deflate, br, zstd"), Compression::kZstd);
  EXPECT_EQ(NegotiateCompression("gzip;q=1.0, zstd;q=0.5"), Compression::kGzip);
  EXPECT_EQ(NegotiateCompression("gzip;q=0.5, identity"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("gzip;q=0.5, identity;q=0.1"), Compression::kGzip);
  EXPECT_EQ(NegotiateCompression("GZIP ; Q=0.3"), Compression::kGzip);
  EXPECT_EQ(NegotiateCompression("x-gzip"), Compression::kGzip);
  EXPECT_EQ(NegotiateCompression("gzip;q=0"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("gzip;q=0, zstd;q=0.001"), Compression::kZstd);
}

TEST(NegotiateCompression, StarSpeaksForGzipAndPlain) {
  EXPECT_EQ(NegotiateCompression("*"), Compression::kGzip);
  EXPECT_EQ(NegotiateCompression("*;q=0.5, gzip;q=0"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("zstd;q=0.1, *;q=0"), Compression::kZstd);
}

TEST(NegotiateCompression, KnowsWhenNothingIsLeft) {
  EXPECT_EQ(NegotiateCompression("identity;q=0"), std::nullopt);
  EXPECT_EQ(NegotiateCompression("*;q=0"), std::nullopt);
  EXPECT_EQ(NegotiateCompression("br, *;q=0.000"), std::nullopt);
}

TEST(NegotiateCompression, LooksPastRubbish) {
  EXPECT_EQ(NegotiateCompression("gzip;q=2"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("gzip;q=abc, zstd;q=0.7"), Compression::kZstd);
  EXPECT_EQ(NegotiateCompression("gzip;level=9"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression(",,;;=,q=1"), Compression::kNone);
  EXPECT_EQ(NegotiateCompression("gzip;q=1.001"), Compression::kNone);
}

TEST(AttachmentHeader, QuotesPlainNames) { EXPECT_EQ(AttachmentHeader("sleep_diary.csv"), "attachment; filename=\"sleep_diary.csv\""); }

TEST(AttachmentHeader, WritesOtherNamesTwice) {
  EXPECT_EQ(AttachmentHeader("Schläfer.csv"), "attachment; filename=\"Schl_fer.csv\"; filename*=UTF-8''Schl%C3%A4fer.csv");
}

TEST(AttachmentHeader, LetsNothingEscape) {
  EXPECT_EQ(AttachmentHeader("a\"b\\c/d\r\nX: 1\x7F"), "attachment; filename=\"a_b_c_d__X: 1_\"");
  EXPECT_EQ(AttachmentHeader("\xFF\xFE.csv"), "attachment; filename=\"__.csv\"");
}

}  // namespace
}  // namespace sheaf::api
