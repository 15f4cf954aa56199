#include <cstring>

#include "ingest/byte_order_mark.h"
#include "ingest/decoders.h"
#include "ingest/json_blocks.h"

namespace sheaf::ingest {
namespace {

class NdjsonDecoder final : public Decoder {
 public:
  NdjsonDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections)
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
    SHEAF_TRY(DecodeCarry());
    return blocks_.Finish();
  }

 private:
  Status Take(std::string_view piece) {
    if (!carry_.empty()) {
      const std::size_t end = piece.find('\n');
      const std::string_view part = piece.substr(0, end);
      if (carry_.size() + part.size() > kMaxRecordBytes) return TooLong();
      carry_.append(part);
      if (end == std::string_view::npos) return {};
      SHEAF_TRY(DecodeCarry());
      piece.remove_prefix(end + 1);
    }
    return TakeLines(piece);
  }

  // `piece` begins at the beginning of a line.
  Status TakeLines(std::string_view piece) {
    std::size_t block = 0;
    std::size_t begin = 0;
    while (begin < piece.size()) {
      const std::size_t end = piece.find('\n', begin);
      if ((end == std::string_view::npos ? piece.size() : end) - begin > kMaxRecordBytes) {
        SHEAF_TRY(DecodeBlock(piece.substr(block, begin - block)));
        return TooLong();
      }
      if (end == std::string_view::npos) break;
      records_.push_back({begin - block, end - block, ++line_});
      begin = end + 1;
      if (begin - block < kBlockBytes) continue;
      SHEAF_TRY(DecodeBlock(piece.substr(block, begin - block)));
      block = begin;
    }
    SHEAF_TRY(DecodeBlock(piece.substr(block, begin - block)));
    carry_.assign(piece.substr(begin));
    return {};
  }

  Status DecodeBlock(std::string_view block) {
    const Status status = blocks_.Decode(block, records_);
    records_.clear();
    return status;
  }

  Status DecodeCarry() {
    if (carry_.empty()) return {};
    records_.push_back({0, carry_.size(), ++line_});
    const Status status = DecodeBlock(carry_);
    if (carry_.capacity() > kBatchBytes) carry_ = {};
    carry_.clear();
    return status;
  }

  tl::unexpected<Error> TooLong() const {
    return Fail(ErrorCode::kPayloadTooLarge, "A line may have 16 MiB.", "line " + std::to_string(line_ + 1));
  }

  JsonBlocks blocks_;
  MarkSkipper mark_;
  std::string carry_;  // of the line that has not ended; never empty when one has begun
  std::vector<FramedRecord> records_;
  std::uint64_t line_ = 0;
};

}  // namespace

std::unique_ptr<Decoder> MakeNdjsonDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections) {
  return std::make_unique<NdjsonDecoder>(std::move(dataset), std::move(batches), std::move(rejections));
}

}  // namespace sheaf::ingest
