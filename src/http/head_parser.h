#pragma once
//! Private to the room. Reads the head of a request; head_parser.cc is the only file that includes Beast.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"

namespace sheaf::http {

//! The head of a request, as sent but for the names of headers, which are in lower case.
struct Head {
  std::string method;
  std::string target;
  Headers headers;
  bool http11 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
};

class HeadParser {
 public:
  explicit HeadParser(std::size_t max_bytes);
  ~HeadParser();
  HeadParser(const HeadParser&) = delete;
  HeadParser& operator=(const HeadParser&) = delete;

  //! Takes bytes from the front of `input` and returns how many it took. Bytes not taken are to be given again, with
  //! more behind them. Never takes a byte beyond the head. kBadRequest, kHeadersTooLarge, kUriTooLong; the
  //! parser is then to be Reset.
  Result<std::size_t> Feed(std::string_view input);
  //! True once the head is complete and its framing is one that every server would read alike.
  bool Done() const;
  Head Take();
  //! The address as far as it was read, also after a refusal: whose protocol was spoken can be told by its beginning.
  std::string_view Target() const;
  //! For the next request.
  void Reset();

 private:
  class Beast;
  std::size_t max_bytes_;
  std::size_t taken_ = 0;
  std::unique_ptr<Beast> beast_;
};

}  // namespace sheaf::http
