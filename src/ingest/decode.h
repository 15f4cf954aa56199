#pragma once
//! Bytes of a request → validated batches of records. Formats: NDJSON, a JSON array, CSV. Memory is bounded
//! whatever the length of the body: batches are handed on as they fill.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/record_batch.h"

namespace sheaf::ingest {

enum class BodyFormat : std::uint8_t { kNdjson, kJsonArray, kCsv };

//! A record that was not taken, and why. `line` counts from 1: lines of NDJSON and CSV (a CSV's header is line 1),
//! elements of an array.
struct Rejection {
  std::uint64_t line = 0;
  std::string field;  //!< empty when it is not about one field
  ErrorCode code{};
  std::string error;  //!< a sentence
};

//! One line of NDJSON, one element of an array or one row of CSV may have this many bytes.
inline constexpr std::size_t kMaxRecordBytes = 16u << 20;
//! A batch is handed on at this size or row count.
inline constexpr std::size_t kBatchBytes = 4u << 20;
inline constexpr std::size_t kBatchRows = 65536;

using BatchSink = std::function<Status(model::RecordBatch&&)>;
using RejectionSink = std::function<Status(Rejection&&)>;  //!< an error stops decoding with it

//! Push parser: feed bytes as they come, then Finish. One thread. Every fault of a record goes to the RejectionSink;
//! a fault of the body as a whole (bytes that are not UTF-8 in CSV's header, an unterminated array or quote, a line
//! that is too long) is the returned error.
//!
//! JSON record: {"id"?, "participant", "session"?, "time"?, "onset_ms"?, "values":{field:value}, "skipped"?:[field],
//! "metadata"?:{field:{…}}} and, so that what was exported can be sent back, "seq", "updated_at", "received_at",
//! "time_offset" are ignored except time_offset ("+02:00"), which is kept. Unknown members and fields, duplicate members, wrong types,
//! unknown options, bad times, NaN and invalid UTF-8 are rejections. A value null means skipped.
//!
//! CSV: RFC 4180, header first. Columns: participant, session, id, time, time_offset, onset_ms, skipped (field ids joined by ";"),
//! metadata (JSON), and field ids (or field names when unambiguous); seq, updated_at, received_at are ignored. An empty
//! unquoted cell is absent; an empty quoted cell "" is an empty string for text, an empty set for sets, and absent for
//! other types; the cell text <skipped> is skipped. Sets: option ids or codes joined by ";".
class Decoder {
 public:
  virtual ~Decoder() = default;
  //! Records of participants for whom it is true are refused with kParticipantWithdrawn. Before the first Feed.
  using Barred = std::function<bool(std::string_view participant)>;
  virtual void Bar(Barred barred) = 0;
  virtual Status Feed(std::span<const char> bytes) = 0;
  virtual Status Finish() = 0;
};

std::unique_ptr<Decoder> MakeDecoder(BodyFormat format, std::shared_ptr<const model::Dataset> dataset, BatchSink batches,
                                     RejectionSink rejections);

//! Unpacks a body's Content-Encoding ("", "identity", "gzip", "zstd") as bytes come. Guards against bombs: more than
//! `max_ratio` times the input (beyond the first 16 MiB out) is kBadCompression.
class Inflater {
 public:
  virtual ~Inflater() = default;
  using Sink = std::function<Status(std::span<const char>)>;
  virtual Status Feed(std::span<const char> bytes, const Sink& sink) = 0;
  virtual Status Finish(const Sink& sink) = 0;  //!< kBadCompression when the data stops early
};
Result<std::unique_ptr<Inflater>> MakeInflater(std::string_view content_encoding, double max_ratio = 1200.0);

}  // namespace sheaf::ingest
