#include <array>

#include "ingest/byte_order_mark.h"
#include "ingest/decoders.h"
#include "ingest/json_blocks.h"

namespace sheaf::ingest {
namespace {

enum class Byte : std::uint8_t { kOther, kSpace, kQuote, kOpen, kClose, kCloseArray, kComma, kBackslash };

constexpr std::array<Byte, 256> kBytes = [] {
  std::array<Byte, 256> bytes{};
  for (const unsigned char c : {' ', '\t', '\n', '\r'}) bytes[c] = Byte::kSpace;
  bytes['"'] = Byte::kQuote;
  bytes['{'] = bytes['['] = Byte::kOpen;
  bytes['}'] = Byte::kClose;
  bytes[']'] = Byte::kCloseArray;
  bytes[','] = Byte::kComma;
  bytes['\\'] = Byte::kBackslash;
  return bytes;
}();

constexpr std::array<bool, 256> kEndsRun = [] {
  std::array<bool, 256> ends{};
  ends['"'] = ends['\\'] = true;
  return ends;
}();

// What means nothing outside a string; inside brackets, a comma neither.
constexpr std::array<bool, 256> kMeansNothing = [] {
  std::array<bool, 256> nothing{};
  for (std::size_t c = 0; c < nothing.size(); ++c) nothing[c] = kBytes[c] <= Byte::kSpace;
  return nothing;
}();
constexpr std::array<bool, 256> kMeansNothingInside = [] {
  std::array<bool, 256> nothing = kMeansNothing;
  nothing[','] = true;
  return nothing;
}();

// Cuts the array into its elements without understanding them: strings, and how deep brackets are nested, are all it
// needs. What stands between the cuts is checked by the reader of records.
class JsonArrayDecoder final : public Decoder {
 public:
  JsonArrayDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections)
      : blocks_(std::move(dataset), std::move(batches), std::move(rejections)) {}
  void Bar(Barred barred) override { blocks_.Bar(std::move(barred)); }

  Status Feed(std::span<const char> bytes) override {
    std::string_view held;
    const std::string_view piece = mark_.Skip({bytes.data(), bytes.size()}, &held);
    SHEAF_TRY(Take(held));
    return Take(piece);
  }

  Status Finish() override {
    SHEAF_TRY(Take(mark_.Rest()));
    if (place_ == Place::kBefore) return Broken("The body is no JSON array.");
    if (place_ != Place::kAfter) return Broken("The array does not end.");
    return blocks_.Finish();
  }

 private:
  enum class Place : std::uint8_t {
    kBefore,   // the array's [
    kFirst,    // behind [: an element or ]
    kNext,     // behind a comma: an element
    kElement,  // inside an element
    kAfter,    // behind the array's ]
  };

  Status Take(std::string_view piece) {
    piece_ = piece;
    begin_ = block_ = 0;
    const Status scanned = Scan(piece);
    // The elements before a break are looked at either way, however the body is cut into pieces.
    SHEAF_TRY(DecodeBlock());
    SHEAF_TRY(scanned);
    if (place_ != Place::kElement) return {};
    if (carry_.size() + piece.size() - begin_ > kMaxRecordBytes) return TooLong();
    carry_.append(piece.substr(begin_));
    return {};
  }

  Status Scan(std::string_view piece) {
    std::size_t at = 0;
    while (at < piece.size()) {
      if (place_ == Place::kElement) {
        at = in_string_ ? SkipString(at) : SkipPlain(at);
        if (at == piece.size()) break;
        if (in_string_) continue;
        if (kBytes[static_cast<unsigned char>(piece[at])] == Byte::kBackslash || depth_ < 0) {
          return Broken("A backslash or a bracket stands where none can.");
        }
        SHEAF_TRY(EndElement(at));
        place_ = piece[at] == ']' ? Place::kAfter : Place::kNext;
        ++at;
      } else {
        SHEAF_TRY(Between(&at));
      }
    }
    return {};
  }

  // One byte outside any element.
  Status Between(std::size_t* at) {
    const char c = piece_[*at];
    const Byte byte = kBytes[static_cast<unsigned char>(c)];
    if (byte == Byte::kSpace) {
      ++*at;
      return {};
    }
    if (place_ == Place::kAfter) return Broken("Something follows the array.");
    if (place_ == Place::kBefore) {
      if (c != '[') return Broken("The body is no JSON array.");
      place_ = Place::kFirst;
      ++*at;
      return {};
    }
    if (place_ == Place::kFirst && byte == Byte::kCloseArray) {
      place_ = Place::kAfter;
      ++*at;
      return {};
    }
    if (byte == Byte::kComma || byte == Byte::kClose || byte == Byte::kCloseArray) return Broken("An element is missing.");
    place_ = Place::kElement;
    begin_ = *at;
    depth_ = 0;
    return {};
  }

  // Passes what is inside a string, up to and with its closing quote.
  std::size_t SkipString(std::size_t at) {
    if (escaped_ && at < piece_.size()) {
      escaped_ = false;
      ++at;
    }
    while (at < piece_.size()) {
      if (!kEndsRun[static_cast<unsigned char>(piece_[at])]) {
        ++at;
      } else if (piece_[at] == '"') {
        in_string_ = false;
        return SkipPlain(at + 1);
      } else if (at + 1 == piece_.size()) {
        escaped_ = true;
        return at + 1;
      } else {
        at += 2;
      }
    }
    return at;
  }

  // Passes what is outside strings, up to a string's inside, the element's end, or what cannot be.
  std::size_t SkipPlain(std::size_t at) {
    for (; at < piece_.size(); ++at) {
      const auto& nothing = depth_ > 0 ? kMeansNothingInside : kMeansNothing;
      while (nothing[static_cast<unsigned char>(piece_[at])]) {
        if (++at == piece_.size()) return at;
      }
      switch (kBytes[static_cast<unsigned char>(piece_[at])]) {
        case Byte::kOther:
        case Byte::kSpace: break;
        case Byte::kQuote: in_string_ = true; return at + 1;
        case Byte::kOpen: ++depth_; break;
        case Byte::kClose:
          if (--depth_ < 0) return at;
          break;
        case Byte::kCloseArray:
          if (depth_ == 0) return at;
          --depth_;
          break;
        case Byte::kComma:
          if (depth_ == 0) return at;
          break;
        case Byte::kBackslash: return at;
      }
    }
    return at;
  }

  Status EndElement(std::size_t end) {
    if (carry_.size() + end - begin_ > kMaxRecordBytes) return TooLong();
    ++line_;
    if (!carry_.empty()) {
      carry_.append(piece_.substr(0, end));
      const FramedRecord record{0, carry_.size(), line_};
      const Status status = blocks_.Decode(carry_, {&record, 1});
      if (carry_.capacity() > kBatchBytes) carry_ = {};
      carry_.clear();
      return status;
    }
    if (records_.empty()) block_ = begin_;
    records_.push_back({begin_ - block_, end - block_, line_});
    block_end_ = end;
    return end - block_ < kBlockBytes ? Status() : DecodeBlock();
  }

  Status DecodeBlock() {
    if (records_.empty()) return {};
    const Status status = blocks_.Decode(piece_.substr(block_, block_end_ - block_), records_);
    records_.clear();
    return status;
  }

  tl::unexpected<Error> Broken(std::string sentence) const {
    return Fail(ErrorCode::kBadJson, std::move(sentence), line_ == 0 ? "" : "behind element " + std::to_string(line_));
  }
  tl::unexpected<Error> TooLong() const {
    return Fail(ErrorCode::kPayloadTooLarge, "An element may have 16 MiB.", "element " + std::to_string(line_ + 1));
  }

  JsonBlocks blocks_;
  MarkSkipper mark_;
  Place place_ = Place::kBefore;
  bool in_string_ = false;
  bool escaped_ = false;
  std::int64_t depth_ = 0;
  std::uint64_t line_ = 0;
  std::string carry_;  // of the element that has not ended

  std::string_view piece_;  // being taken
  std::size_t begin_ = 0;   // of the element, in the piece; 0 when it began before
  std::size_t block_ = 0;   // of the elements in records_
  std::size_t block_end_ = 0;
  std::vector<FramedRecord> records_;
};

}  // namespace

std::unique_ptr<Decoder> MakeJsonArrayDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections) {
  return std::make_unique<JsonArrayDecoder>(std::move(dataset), std::move(batches), std::move(rejections));
}

}  // namespace sheaf::ingest
