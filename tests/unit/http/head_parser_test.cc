#include "http/head_parser.h"

#include <gtest/gtest.h>

namespace sheaf::http {
namespace {

// Feeds piece by piece as a connection does: what is not taken comes again with more behind it.
Result<Head> Parse(std::string_view input, std::size_t step = 1u << 20, std::size_t limit = 4096, std::string* rest = nullptr) {
  HeadParser parser(limit);
  std::string pending;
  while (!parser.Done()) {
    if (input.empty()) return Fail(ErrorCode::kTimeout, "more is needed");
    pending += input.substr(0, step);
    input.remove_prefix(std::min(step, input.size()));
    SHEAF_ASSIGN(const std::size_t used, parser.Feed(pending));
    pending.erase(0, used);
  }
  if (rest) *rest = pending + std::string(input);
  return parser.Take();
}

ErrorCode Refusal(std::string_view input, std::size_t step = 1u << 20, std::size_t limit = 4096) {
  const auto head = Parse(input, step, limit);
  return head ? ErrorCode::kNotFound : head.error().code;
}

TEST(HeadParserTest, AnySplit) {
  const std::string_view input =
      "\r\n\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Two:  two words \r\nContent-LENGTH: 7\r\nExpect: 100-Continue\r\n\r\nbody";
  for (std::size_t step = 1; step <= input.size(); ++step) {
    std::string rest;
    const auto head = Parse(input, step, 4096, &rest);
    ASSERT_TRUE(head) << step << " " << head.error().detail;
    EXPECT_EQ(head->method, "POST");
    EXPECT_EQ(head->target, "/a?b=c");
    EXPECT_EQ(head->headers, (Headers{{"host", "h"}, {"x-two", "two words"}, {"content-length", "7"}, {"expect", "100-Continue"}}));
    EXPECT_TRUE(head->http11 && head->keep_alive && head->expects_continue && !head->chunked);
    EXPECT_EQ(head->content_length, 7u);
    EXPECT_EQ(rest, "body");
  }
}

TEST(HeadParserTest, KeepAlive) {
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")->keep_alive);
}

TEST(HeadParserTest, WhatTwoServersCouldReadDifferently) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const std::string headers : {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
                                    "Content-Length: 1\r\nContent-Length: 2\r\n",
                                    "Content-Length: 1, 2\r\n",
                                    "Content-Length: +1\r\n",
                                    "Content-Length: -1\r\n",
                                    "Content-Length: 0x1\r\n",
                                    "Content-Length: 1 2\r\n",
                                    "Content-Length:\r\n",
                                    "Content-Length: 99999999999999999999999\r\n",
                                    "Transfer-Encoding: gzip\r\n",
                                    "Transfer-Encoding: identity\r\n",
                                    "Transfer-Encoding: gzip, chunked\r\n",
                                    "Transfer-Encoding: chunked, chunked\r\n",
                                    "Transfer-Encoding: xchunked\r\n",
                                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: \r\n",
                                    "Transfer-Encoding : chunked\r\n",
                                    " Transfer-Encoding: chunked\r\n:\r\n",
                                    "Transfer-Encoding\r\n",
                                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                                    "Host: other\r\n",
                                    "A: b\nContent-Length: 3\r\n",
                                    "X: a\rb\r\n",
                                    "X\x01: a\r\n",
                                    "X: \x7f\r\n",
                                    ": a\r\n",
                                    "(x): a\r\n"}) {
    EXPECT_EQ(Refusal(start + headers + "\r\n"), ErrorCode::kBadRequest) << headers;
    EXPECT_EQ(Refusal(start + headers + "\r\n", 1), ErrorCode::kBadRequest) << headers;
  }
  EXPECT_EQ(Refusal(start + std::string("X: a\0b\r\n\r\n", 10)), ErrorCode::kBadRequest);
  EXPECT_EQ(Refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), ErrorCode::kBadRequest);
  EXPECT_TRUE(Parse(start + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n"));
}

TEST(HeadParserTest, Garbage) {
  for (const std::string_view input : {"hello\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
                                       "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                                       "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n", "G\rET / HTTP/1.1\r\n\r\n",
                                       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    EXPECT_EQ(Refusal(input), ErrorCode::kBadRequest) << input;
    EXPECT_EQ(Refusal(input, 1), ErrorCode::kBadRequest) << input;
  }
}

TEST(HeadParserTest, Limits) {
  for (const std::size_t step : {1u, 1000u, 1u << 20}) {
    EXPECT_EQ(Refusal("GET /" + std::string(5000, 'a'), step), ErrorCode::kUriTooLong);
    EXPECT_EQ(Refusal("GET /" + std::string(2500, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", step), ErrorCode::kUriTooLong);
    EXPECT_EQ(Refusal("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'a'), step), ErrorCode::kHeadersTooLarge);
    EXPECT_EQ(Refusal("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(4070, 'a') + "\r\n\r\n", step), ErrorCode::kHeadersTooLarge);
    EXPECT_TRUE(Parse("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(4000, 'a') + "\r\n\r\n", step));
  }
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 300; ++i) many += "a:\r\n";
  EXPECT_EQ(Refusal(many + "\r\n"), ErrorCode::kHeadersTooLarge);
}

TEST(HeadParserTest, TheAddressOfWhatIsRefused) {
  const auto target = [](std::string_view input) {
    HeadParser parser(4096);
    EXPECT_FALSE(parser.Feed(input));
    return std::string(parser.Target());
  };
  EXPECT_EQ(target("GET /a?b HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'a')), "/a?b");
  EXPECT_EQ(target("GET /a/" + std::string(2500, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n").substr(0, 4), "/a/a");
  EXPECT_EQ(target("GET /b/" + std::string(5000, 'a')).substr(0, 4), "/b/a");
  EXPECT_EQ(target(std::string(5000, 'a')), "");
  EXPECT_EQ(target("\x01 / HTTP/1.1\r\n\r\n"), "");
}

}  // namespace
}  // namespace sheaf::http
