#include "http/body_decoder.h"

#include <algorithm>

namespace sheaf::http {
namespace {

// 15 hexadecimal digits hold any size a client can mean and cannot overflow.
constexpr int kMaxSizeDigits = 15;
constexpr std::size_t kMaxExtension = 1024;
constexpr std::size_t kMaxTrailers = 8192;

}  // namespace

BodyDecoder BodyDecoder::Length(std::uint64_t length) {
  BodyDecoder decoder;
  decoder.left_ = length;
  decoder.state_ = length == 0 ? State::kDone : State::kSized;
  return decoder;
}

BodyDecoder BodyDecoder::Chunked() {
  BodyDecoder decoder;
  decoder.chunked_ = true;
  decoder.state_ = State::kChunkSize;
  return decoder;
}

std::optional<std::uint64_t> BodyDecoder::Remaining() const {
  if (state_ == State::kDone) return 0;
  if (chunked_) return std::nullopt;
  return left_;
}

Result<std::size_t> BodyDecoder::Feed(std::string_view input, std::string& out) {
  std::size_t used = 0;
  while (used < input.size() && state_ != State::kDone) {
    if (state_ == State::kSized || state_ == State::kChunkData) {
      used += TakeData(input.substr(used), out);
    } else if (!TakeFrame(input[used++])) {
      return Fail(ErrorCode::kBadRequest, "The chunks of the body are not well-formed.");
    }
  }
  return used;
}

std::size_t BodyDecoder::TakeData(std::string_view input, std::string& out) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  out.append(input.substr(0, size));
  left_ -= size;
  received_ += size;
  if (left_ == 0) state_ = state_ == State::kSized ? State::kDone : State::kChunkDataReturn;
  return size;
}

// One byte of what is around the data; false when it cannot stand there. Strict on purpose: a lone line feed, a space
// or a sign that one server takes and the next does not is how requests are smuggled.
bool BodyDecoder::TakeFrame(char c) {
  switch (state_) {
    case State::kChunkSize: return TakeSizeDigit(c);
    case State::kChunkExtension: return TakeText(c, State::kChunkSizeLineFeed);
    case State::kChunkSizeLineFeed:
      text_ = 0;
      state_ = left_ > 0 ? State::kChunkData : State::kTrailerStart;
      return c == '\n';
    case State::kChunkDataReturn: state_ = State::kChunkDataLineFeed; return c == '\r';
    case State::kChunkDataLineFeed:
      state_ = State::kChunkSize;
      digits_ = 0;
      return c == '\n';
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kLastLineFeed;
        return true;
      }
      state_ = State::kTrailer;
      return TakeText(c, State::kTrailerLineFeed);
    case State::kTrailer: return TakeText(c, State::kTrailerLineFeed);
    case State::kTrailerLineFeed: state_ = State::kTrailerStart; return c == '\n';
    case State::kLastLineFeed: state_ = State::kDone; return c == '\n';
    case State::kSized:
    case State::kChunkData:
    case State::kDone: break;
  }
  return false;
}

bool BodyDecoder::TakeSizeDigit(char c) {
  int value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  if (value >= 0) {
    left_ = digits_ == 0 ? static_cast<std::uint64_t>(value) : left_ * 16 + static_cast<std::uint64_t>(value);
    return ++digits_ <= kMaxSizeDigits;
  }
  if (digits_ == 0) return false;
  if (c == ';') state_ = State::kChunkExtension;
  if (c == '\r') state_ = State::kChunkSizeLineFeed;
  return c == ';' || c == '\r';
}

bool BodyDecoder::TakeText(char c, State at_return) {
  if (c == '\r') {
    state_ = at_return;
    return true;
  }
  const bool text = static_cast<unsigned char>(c) >= 0x20 || c == '\t';
  return text && ++text_ <= (state_ == State::kTrailer ? kMaxTrailers : kMaxExtension);
}

}  // namespace sheaf::http
