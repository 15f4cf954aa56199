#include <utility>

#include "export/rows.h"
#include "export/spool_file.h"
#include "export/stream_pool.h"

namespace sheaf::exporting {

Error StoppingError() { return Error{ErrorCode::kUnavailable, "The server is stopping.", {}, 5}; }

StreamPool::StreamPool(Options options) : impl_(std::make_shared<Impl>(std::move(options))) {
  RemoveLeftovers(impl_->options.spool_directory, "stream-");
}

// Streams may outlive the pool; they answer with an error from then on.
StreamPool::~StreamPool() { impl_->Close(); }

Result<std::unique_ptr<Stream>> StreamPool::Open(std::shared_ptr<vault::StudyVault> study, Plan plan, Compression compression,
                                                 EncoderMaker make_encoder) {
  const Format format = plan.options.format;
  if (format == Format::kZip) {
    return Fail(ErrorCode::kBadParameter, "A ZIP is made as a background export: POST it to the study's exports.", "format");
  }
  StreamParts parts{impl_, std::move(study), std::make_shared<const Plan>(std::move(plan)), compression, std::move(make_encoder)};
  // A sort reads everything before its first row: its cursor is opened by the run.
  if (format == Format::kParquet || !parts.plan->select.order.empty()) return MakeSpoolStream(std::move(parts), nullptr);
  SHEAF_ASSIGN(auto cursor, ReadRows(*parts.study, *parts.plan, parts.plan->select));
  if (!cursor->Resumable()) return MakeSpoolStream(std::move(parts), std::move(cursor));
  return MakeLiveStream(std::move(parts), std::move(cursor));
}

}  // namespace sheaf::exporting
