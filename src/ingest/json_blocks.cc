#include "ingest/json_blocks.h"

namespace sheaf::ingest {
namespace {

// The first of the ascending positions at or behind `from` that is not below `limit`. `guess` is tried first.
std::size_t FirstNotBelow(std::span<const std::uint32_t> positions, std::size_t from, std::size_t limit, std::size_t guess) {
  const std::size_t guessed = from + guess;
  if (guess > 0 && guessed <= positions.size() && positions[guessed - 1] < limit &&
      (guessed == positions.size() || positions[guessed] >= limit)) {
    return guessed;
  }
  while (from < positions.size() && positions[from] < limit) ++from;
  return from;
}

}  // namespace

JsonBlocks::JsonBlocks(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections)
    : row_(std::move(dataset), std::move(batches)), parser_(row_), rejections_(std::move(rejections)) {}

Status JsonBlocks::Decode(std::string_view block, std::span<const FramedRecord> records) {
  if (records.empty()) return {};
  // One bad record can make the tokens of the whole block unusable; then each is looked at by itself.
  if (tokens_.Index(block) != JsonTokens::Fault::kNone) return DecodeSingly(block, records);
  const auto positions = tokens_.Positions();
  std::size_t token = 0;
  for (const FramedRecord& record : records) {
    token = FirstNotBelow(positions, token, record.begin, 1);
    const std::size_t end = FirstNotBelow(positions, token, record.end, usual_tokens_);
    if (end == token) continue;
    usual_tokens_ = end - token;
    JsonReader reader(block, positions.subspan(token, end - token), record.begin, record.end);
    SHEAF_TRY(DecodeOne(reader, record.line));
    token = end;
  }
  return {};
}

Status JsonBlocks::DecodeSingly(std::string_view block, std::span<const FramedRecord> records) {
  for (const FramedRecord& record : records) {
    const std::string_view text = block.substr(record.begin, record.end - record.begin);
    switch (tokens_.Index(text)) {
      case JsonTokens::Fault::kNone: {
        JsonReader reader(text, tokens_.Positions(), 0, text.size());
        SHEAF_TRY(DecodeOne(reader, record.line));
        break;
      }
      case JsonTokens::Fault::kEmpty: break;
      case JsonTokens::Fault::kUtf8: SHEAF_TRY(Reject(record.line, {ErrorCode::kBadUtf8, {}, "The record is not valid UTF-8."})); break;
      case JsonTokens::Fault::kString:
        SHEAF_TRY(Reject(record.line, {ErrorCode::kBadJson, {}, "A string does not end, or holds a bare control character."}));
        break;
      case JsonTokens::Fault::kInternal: return Fail(ErrorCode::kUnavailable, "There is not enough memory for a record of this size.");
    }
  }
  return {};
}

Status JsonBlocks::DecodeOne(JsonReader& reader, std::uint64_t line) {
  row_.Begin();
  if (!parser_.Parse(reader) || !row_.Finish()) {
    row_.Discard();
    return Reject(line, row_.TakeFault());
  }
  return row_.FlushIfFull();
}

Status JsonBlocks::Reject(std::uint64_t line, Fault&& fault) {
  return rejections_({line, std::move(fault.field), fault.code, std::move(fault.sentence)});
}

}  // namespace sheaf::ingest
