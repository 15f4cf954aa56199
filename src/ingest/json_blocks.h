#pragma once
//! Framed JSON records, many at a time, into rows and rejections.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ingest/decode.h"
#include "ingest/json_record.h"
#include "ingest/json_tokens.h"
#include "ingest/row_builder.h"

namespace sheaf::ingest {

//! Where one record lies in its block, and its number.
struct FramedRecord {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t line = 0;
};

//! A block is handed to Decode when it has reached this size, so that its tokens stay in the cache.
inline constexpr std::size_t kBlockBytes = 64u << 10;

class JsonBlocks {
 public:
  JsonBlocks(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections);

  //! Takes the records, which lie in the block in ascending order. What is nothing but white space is no record.
  //! Between them stand only separators (line ends; commas).
  Status Decode(std::string_view block, std::span<const FramedRecord> records);
  Status Finish() { return row_.Flush(); }
  void Bar(Decoder::Barred barred) { row_.Bar(std::move(barred)); }

 private:
  Status DecodeSingly(std::string_view block, std::span<const FramedRecord> records);
  Status DecodeOne(JsonReader& reader, std::uint64_t line);
  Status Reject(std::uint64_t line, Fault&& fault);

  RowBuilder row_;
  JsonRecordParser parser_;
  JsonTokens tokens_;
  RejectionSink rejections_;
  std::size_t usual_tokens_ = 0;  // of a record
};

}  // namespace sheaf::ingest
