#include "http/body_decoder.h"

#include <gtest/gtest.h>

namespace sheaf::http {
namespace {

struct Decoded {
  bool ok = true;
  bool done = false;
  std::string body;
  std::size_t used = 0;
};

Decoded Decode(BodyDecoder decoder, std::string_view input, std::size_t step) {
  Decoded decoded;
  while (decoded.used < input.size() && !decoder.Done()) {
    const auto used = decoder.Feed(input.substr(decoded.used, step), decoded.body);
    if (!used) {
      EXPECT_EQ(used.error().code, ErrorCode::kBadRequest);
      decoded.ok = false;
      return decoded;
    }
    decoded.used += *used;
  }
  decoded.done = decoder.Done();
  return decoded;
}

TEST(BodyDecoderTest, Length) {
  EXPECT_TRUE(BodyDecoder().Done());
  EXPECT_TRUE(BodyDecoder::Length(0).Done());
  for (const std::size_t step : {1, 2, 100}) {
    const Decoded decoded = Decode(BodyDecoder::Length(5), "helloGET /", step);
    EXPECT_TRUE(decoded.done);
    EXPECT_EQ(decoded.body, "hello");
    EXPECT_EQ(decoded.used, 5u);
  }
  EXPECT_FALSE(Decode(BodyDecoder::Length(6), "hello", 3).done);
}

TEST(BodyDecoderTest, ChunksInAnySplit) {
  const std::string_view input = "5\r\nhello\r\n00A;name=\"v\"\r\n 123456789\r\n0;x\r\nTrailer: t\r\nOther: u\r\n\r\nGET / HTTP/1.1";
  for (std::size_t step = 1; step <= input.size(); ++step) {
    const Decoded decoded = Decode(BodyDecoder::Chunked(), input, step);
    EXPECT_TRUE(decoded.done) << step;
    EXPECT_EQ(decoded.body, "hello 123456789");
    EXPECT_EQ(input.substr(decoded.used), "GET / HTTP/1.1");
  }
  EXPECT_TRUE(Decode(BodyDecoder::Chunked(), "0\r\n\r\n", 1).done);
}

TEST(BodyDecoderTest, BrokenChunks) {
  for (const std::string_view input : {"\r\n",
                                       "x\r\n",
                                       "-1\r\n",
                                       "+1\r\na\r\n",
                                       "0x1\r\na\r\n",
                                       " 1\r\na\r\n",
                                       "1 \r\na\r\n",
                                       "1\na\r\n",
                                       "1\r\nab\r\n",
                                       "1\r\na\n",
                                       "1\r\na\r\r\n",
                                       "1\r\na0\r\n\r\n",
                                       "0\r\n\n",
                                       "0\r\n\rX",
                                       "0\r\nA: b\nC: d\r\n\r\n",
                                       ";x\r\n",
                                       "1000000000000000\r\n",
                                       "FFFFFFFFFFFFFFFF\r\n",
                                       "0000000000000001\r\na\r\n",
                                       "1;a\nb\r\n",
                                       "1\r\na\r\n\r\n"}) {
    for (const std::size_t step : {1, 3, 100}) EXPECT_FALSE(Decode(BodyDecoder::Chunked(), input, step).ok) << input;
  }
}

TEST(BodyDecoderTest, ExtensionsAndTrailersAreLimited) {
  EXPECT_TRUE(Decode(BodyDecoder::Chunked(), "1;" + std::string(900, 'e') + "\r\na\r\n0\r\n\r\n", 7).done);
  EXPECT_FALSE(Decode(BodyDecoder::Chunked(), "1;" + std::string(2000, 'e') + "\r\na\r\n", 7).ok);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i) trailers += "Name: value\r\n";
  EXPECT_FALSE(Decode(BodyDecoder::Chunked(), trailers + "\r\n", 64).ok);
}

TEST(BodyDecoderTest, AnUnfinishedBodyIsNotDone) {
  const std::string_view input = "3\r\nabc\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < input.size(); ++size) {
    const Decoded decoded = Decode(BodyDecoder::Chunked(), input.substr(0, size), 100);
    EXPECT_TRUE(decoded.ok);
    EXPECT_FALSE(decoded.done) << size;
  }
}

}  // namespace
}  // namespace sheaf::http
