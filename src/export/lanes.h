#pragma once
//! The pipeline with its parts in the caller's hands: a spooled stream has written the beginning already, and the
//! files of an archive share a compressor.

#include <string>

#include "export/compression.h"
#include "export/encoder.h"
#include "export/pipeline.h"
#include "vault/vault.h"

namespace sheaf::exporting {

struct LaneRun {
  vault::Cursor& cursor;
  const Encoder& encoder;
  Sink& sink;
  Progress& progress;
  FrameWriter& frame;
  Compression compression = Compression::kNone;
  int lanes = 0;      //!< 0: all cores
  bool begin = true;  //!< false: Encoder::Begin went out already
};

//! As RunPipeline.
Status RunLanes(const LaneRun& run);

}  // namespace sheaf::exporting
