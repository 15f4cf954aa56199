#include "blobs/sealed_writer.h"

#include <sodium.h>

#include <algorithm>

namespace sheaf::blobs {

Result<std::unique_ptr<SealedWriter>> SealedWriter::Begin(const KeyBytes& public_key, Sink sink, unsigned segment_log2) {
  KeyBytes file_key;
  SHEAF_ASSIGN(SealedHeader header, NewHeader(public_key, segment_log2, file_key));
  SHEAF_TRY(sink(header.bytes));
  std::unique_ptr<SealedWriter> writer(new SealedWriter(file_key, std::move(header), std::move(sink)));
  sodium_memzero(file_key.data(), file_key.size());
  return writer;
}

SealedWriter::~SealedWriter() { sodium_memzero(held_.data(), held_.size()); }

Status SealedWriter::Write(std::string_view plain) {
  while (!plain.empty()) {
    // A whole segment that is not the last goes without being copied.
    if (held_.empty() && plain.size() > segment_size_) {
      SHEAF_TRY(SealSegment(plain.substr(0, segment_size_), false));
      plain.remove_prefix(segment_size_);
      continue;
    }
    if (held_.size() == segment_size_) {
      SHEAF_TRY(SealSegment(held_, false));
      held_.clear();
      continue;
    }
    const std::size_t step = std::min<std::size_t>(plain.size(), segment_size_ - held_.size());
    held_.append(plain.substr(0, step));
    plain.remove_prefix(step);
  }
  return {};
}

Status SealedWriter::End() { return SealSegment(held_, true); }

Status SealedWriter::SealSegment(std::string_view plain, bool last) {
  total_ += plain.size();
  sealed_.clear();
  cipher_.Seal(number_++, plain, last ? std::optional<std::uint64_t>(total_) : std::nullopt, sealed_);
  return sink_(sealed_);
}

}  // namespace sheaf::blobs
