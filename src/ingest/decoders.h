#pragma once
//! The three decoders behind MakeDecoder.

#include <memory>

#include "ingest/decode.h"

namespace sheaf::ingest {

std::unique_ptr<Decoder> MakeNdjsonDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections);
std::unique_ptr<Decoder> MakeJsonArrayDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections);
std::unique_ptr<Decoder> MakeCsvDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections);

}  // namespace sheaf::ingest
