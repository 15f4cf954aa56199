// Uploads. Each part is sealed, synced and named in the catalog before it counts; the catalog compares where the file ended, so that of two
// uploads at once one goes on and the other learns it.

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "files/files.h"
#include "files/running_digest.h"

namespace sheaf::files {
namespace {

// A slow upload is made durable every so often, whatever has come.
constexpr Micros kPartTime = Micros{5} * 1'000'000;

std::string NameOf(const File& file) { return file.study + "/" + file.id; }

tl::unexpected<Error> TooLarge(std::uint64_t limit) {
  return Fail(ErrorCode::kPayloadTooLarge, "The file has at most " + std::to_string(limit) + " bytes.");
}

std::string_view View(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

tl::unexpected<Error> Mismatch(const char* what) {
  return Fail(ErrorCode::kFileMismatch, std::string("The file does not have the ") + what + " that was declared.");
}

}  // namespace

Result<std::unique_ptr<blobs::BlobWriter>> Files::NewBlob(std::string_view study, std::string& name) const {
  SHEAF_ASSIGN(const secrets::KeyBytes key, options_.keys->PublicKey(study));
  name = std::string(kBlobFolder) + std::string(study) + "/" + NewId("f_");
  return options_.blobs->Create(name, blobs::SealTo(key));
}

//! One upload's way into the file: a part at a time.
class Files::Receiving {
 public:
  Receiving(const Files& files, File& file, RunningDigest digest) : files_(files), file_(file), digest_(std::move(digest)) {}

  Status Take(std::string_view bytes) {
    if (!writer_) {
      SHEAF_ASSIGN(writer_, files_.NewBlob(file_.study, blob_));
      begun_ = MonotonicNow();
    }
    SHEAF_TRY(writer_->Write(bytes));
    digest_.Update(bytes);
    size_ += bytes.size();
    if (size_ < files_.options_.part_bytes && MonotonicNow() - begun_ < kPartTime) return {};
    return Commit();
  }
  std::uint64_t End() const { return file_.received + size_; }

  Status Commit() {
    if (!writer_) return {};
    SHEAF_TRY(writer_->Publish());
    writer_.reset();
    const catalog::FilePart part{blob_, size_};
    auto sealed = digest_.Seal(files_.options_.keys->Site(), NameOf(file_));
    const Status added = sealed ? files_.options_.catalog->Files().AddPart(file_.study, file_.id, file_.received, part, *sealed)
                                : Status(Fail(sealed.error()));
    if (!added) {
      files_.RemoveBlobs({part});
      return added;
    }
    file_.received += size_;
    file_.digest = *std::move(sealed);
    size_ = 0;
    return {};
  }
  std::string Sha256() const { return digest_.Hex(); }

 private:
  const Files& files_;
  File& file_;
  RunningDigest digest_;
  std::unique_ptr<blobs::BlobWriter> writer_;
  std::string blob_;
  std::uint64_t size_ = 0;
  Micros begun_ = 0;
};

Result<File> Files::Append(std::string_view study, std::string_view id, std::uint64_t offset, const Source& source) {
  SHEAF_ASSIGN(File file, Find(study, id));
  if (file.received != offset) {
    return Fail(ErrorCode::kUploadOffset, "The file ends at byte " + std::to_string(file.received) + " so far.", "Upload-Offset");
  }
  if (file.complete) {
    SHEAF_ASSIGN(const auto more, source());
    if (!more.empty()) return Fail(ErrorCode::kConflict, "The file is complete.");
    return file;
  }
  SHEAF_ASSIGN(const auto parts, options_.catalog->Files().Parts(study, id));
  if (parts.size() >= kMostParts) return Fail(ErrorCode::kConflict, "The file came in too many pieces. Send it anew in larger ones.");
  SHEAF_ASSIGN(RunningDigest digest, RunningDigest::Restore(options_.keys->Site(), NameOf(file), file.digest));
  const std::uint64_t limit = std::min(file.size.value_or(options_.largest), options_.largest);
  Receiving receiving(*this, file, std::move(digest));
  while (true) {
    const auto bytes = source();
    // Whatever arrived is kept, so that the sender can go on from there.
    if (!bytes) {
      if (const Status kept = receiving.Commit(); !kept) LogWarning("a part of an upload was not kept", {{"detail", kept.error().detail}});
      return Fail(bytes.error());
    }
    if (bytes->empty()) break;
    if (receiving.End() + bytes->size() > limit) return TooLarge(limit);
    SHEAF_TRY(receiving.Take(View(*bytes)));
  }
  SHEAF_TRY(receiving.Commit());
  if (file.size && file.received == *file.size) return Complete(std::move(file), receiving.Sha256());
  return file;
}

Result<File> Files::Finish(std::string_view study, std::string_view id, std::optional<std::uint64_t> size, std::string_view sha256) {
  SHEAF_ASSIGN(File file, Find(study, id));
  if (size && *size != file.received && !file.complete) {
    return Fail(ErrorCode::kFileIncomplete, std::to_string(file.received) + " bytes of the file have arrived so far.");
  }
  if (file.complete) {
    if ((size && *size != *file.size) || (!sha256.empty() && sha256 != file.sha256))
      return Fail(ErrorCode::kConflict, "The file is complete, and another one.");
    return file;
  }
  if (file.size && file.received != *file.size) {
    return Fail(ErrorCode::kFileIncomplete,
                std::to_string(file.received) + " of " + std::to_string(*file.size) + " bytes of the file have arrived so far.");
  }
  SHEAF_ASSIGN(const RunningDigest digest, RunningDigest::Restore(options_.keys->Site(), NameOf(file), file.digest));
  if (!sha256.empty() && !file.sha256.empty() && file.sha256 != sha256) {
    return Fail(ErrorCode::kConflict, "Another SHA-256 was declared when the file was begun.");
  }
  if (!sha256.empty()) file.sha256 = sha256;
  return Complete(std::move(file), digest.Hex());
}

//! Nothing of a file that is not what was declared stays.
Status Files::Drop(const File& file) {
  SHEAF_ASSIGN(const auto parts, options_.catalog->Files().RemoveParts(file.study, file.id));
  RemoveBlobs(parts);
  return {};
}

Result<File> Files::Complete(File file, std::string sha256) {
  if (!file.sha256.empty() && file.sha256 != sha256) {
    SHEAF_TRY(Drop(file));
    return Mismatch("SHA-256");
  }
  file.sha256 = std::move(sha256);
  file.size = file.received;
  const auto done = options_.catalog->Files().CompleteFile(file, std::nullopt);
  if (!done) return Fail(done.error());
  SHEAF_ASSIGN(file, Find(file.study, file.id));
  if (const Status measured = Measure(file); !measured) LogWarning("a file could not be measured", {{"detail", measured.error().detail}});
  return file;
}

Result<File> Files::Put(std::string_view study, std::string_view id, const Source& source) {
  SHEAF_ASSIGN(File file, Find(study, id));
  const std::uint64_t limit = std::min(file.size.value_or(options_.largest), options_.largest);
  std::string blob;
  std::unique_ptr<blobs::BlobWriter> writer;
  RunningDigest digest;  // of a file that is there already, whose bytes are compared and not kept
  if (!file.complete) { SHEAF_ASSIGN(writer, NewBlob(study, blob)); }
  std::uint64_t size = 0;
  while (true) {
    SHEAF_ASSIGN(const auto bytes, source());
    if (bytes.empty()) break;
    size += bytes.size();
    if (size > limit) return file.complete ? Fail(ErrorCode::kConflict, "The file is complete, and another one.") : TooLarge(limit);
    if (writer) SHEAF_TRY(writer->Write(View(bytes)));
    else digest.Update(View(bytes));
  }
  if (file.complete) {
    if (digest.Hex() != file.sha256) return Fail(ErrorCode::kConflict, "The file is complete, and another one.");
    return file;
  }
  if (file.size && *file.size != size) return Mismatch("size");
  SHEAF_ASSIGN(const auto published, writer->Publish());
  const catalog::FilePart part{blob, size};
  if (!file.sha256.empty() && file.sha256 != published.sha256) {
    RemoveBlobs({part});
    return Mismatch("SHA-256");
  }
  file.sha256 = published.sha256;
  file.size = size;
  const auto replaced = options_.catalog->Files().CompleteFile(file, part);
  if (!replaced) {
    RemoveBlobs({part});
    return Fail(replaced.error());
  }
  RemoveBlobs(*replaced);
  SHEAF_ASSIGN(file, Find(file.study, file.id));
  if (const Status measured = Measure(file); !measured) LogWarning("a file could not be measured", {{"detail", measured.error().detail}});
  return file;
}

}  // namespace sheaf::files
