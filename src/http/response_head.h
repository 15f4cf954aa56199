#pragma once
//! Private to the room. The head of a response as bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"

namespace sheaf::http {

//! How the client finds the end of the body.
enum class Framing : std::uint8_t { kLength, kChunked, kUntilClose, kNone };

struct ResponseFrame {
  Framing framing = Framing::kLength;
  std::uint64_t length = 0;
  bool http11 = true;
  bool keep_alive = true;
  std::string_view date;
  std::string_view request_id;
};

//! The head, with the empty line. Headers that are the server's own are left out of `response.headers`, and what could
//! end a line inside a value is replaced by a space, so that no value can forge a header.
std::string WriteHead(const Response& response, const ResponseFrame& frame);

//! Whether a response with this status has a body at all.
bool HasBody(int status);
//! "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(std::int64_t unix_seconds);
//! For when nothing renders errors: plain text.
Response PlainError(const Error& error, std::string_view request_id);

}  // namespace sheaf::http
