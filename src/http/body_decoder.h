#pragma once
//! Private to the room. Takes a request's body out of the bytes of the connection: by Content-Length or by chunks.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::http {

class BodyDecoder {
 public:
  //! No body.
  BodyDecoder() = default;
  static BodyDecoder Length(std::uint64_t length);
  static BodyDecoder Chunked();

  //! Takes bytes from the front of `input`, appends what is body to `out`, and returns how many it took: all of
  //! them until the body is done. kBadRequest for chunks that are not well-formed; the decoder is then of no more use.
  Result<std::size_t> Feed(std::string_view input, std::string& out);

  bool Done() const { return state_ == State::kDone; }
  bool IsChunked() const { return chunked_; }
  //! Bytes of the body so far.
  std::uint64_t Received() const { return received_; }
  //! Bytes still to come; nullopt when only the last chunk will tell.
  std::optional<std::uint64_t> Remaining() const;

 private:
  enum class State : std::uint8_t {
    kSized,
    kChunkSize,
    kChunkExtension,
    kChunkSizeLineFeed,
    kChunkData,
    kChunkDataReturn,
    kChunkDataLineFeed,
    kTrailerStart,
    kTrailer,
    kTrailerLineFeed,
    kLastLineFeed,
    kDone,
  };
  std::size_t TakeData(std::string_view input, std::string& out);
  bool TakeFrame(char c);
  bool TakeSizeDigit(char c);
  bool TakeText(char c, State at_return);

  State state_ = State::kDone;
  bool chunked_ = false;
  std::uint64_t left_ = 0;  // of the body, or of the chunk
  std::uint64_t received_ = 0;
  int digits_ = 0;
  std::size_t text_ = 0;  // bytes of extension or trailers
};

}  // namespace sheaf::http
