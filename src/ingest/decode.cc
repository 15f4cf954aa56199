#include "ingest/decode.h"

#include "ingest/decoders.h"

namespace sheaf::ingest {

std::unique_ptr<Decoder> MakeDecoder(BodyFormat format, std::shared_ptr<const model::Dataset> dataset, BatchSink batches,
                                     RejectionSink rejections) {
  switch (format) {
    case BodyFormat::kNdjson: return MakeNdjsonDecoder(std::move(dataset), std::move(batches), std::move(rejections));
    case BodyFormat::kJsonArray: return MakeJsonArrayDecoder(std::move(dataset), std::move(batches), std::move(rejections));
    case BodyFormat::kCsv: return MakeCsvDecoder(std::move(dataset), std::move(batches), std::move(rejections));
  }
  return nullptr;
}

}  // namespace sheaf::ingest
