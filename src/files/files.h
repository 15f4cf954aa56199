#pragma once
//! Bytes that belong to a participant's records: recordings, donation payloads, media answers. Received in parts or at once,
//! sealed to the study's key as they come, opened, lent by short-lived addresses. What is known of them stands in the
//! catalog (catalog/file_table.h), their bytes lie in blobs below `files/STUDY/`.
//!
//! Whoever calls has decided who may do what; this room asks nobody.
//!
//! Threads: every method from any thread. What a call acknowledges is durable. Two uploads of one file at once do no harm: one of
//! them gets kConflict.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "catalog/file_table.h"
#include "secrets/key_ring.h"

namespace sheaf::files {

using catalog::File;
using catalog::FileFilter;

inline constexpr std::string_view kBlobFolder = "files/";  //!< what every blob's name begins with
inline constexpr std::size_t kMostParts = 20'000;

//! Bytes as they come; empty at the end.
using Source = std::function<Result<std::span<const char>>()>;

struct FilesOptions {
  std::shared_ptr<catalog::Catalog> catalog;
  std::shared_ptr<blobs::Blobs> blobs;
  std::shared_ptr<secrets::KeyRing> keys;
  std::string temporary;                              //!< a directory for what is measured; empty: nothing is
  std::uint64_t largest = std::uint64_t{16} << 30;    //!< bytes that a file may have
  std::uint64_t part_bytes = std::uint64_t{8} << 20;  //!< after so many an upload is durable so far
};

//! What an address that was minted lends.
struct Lent {
  std::string study;
  std::string file;
  std::string account;  //!< who minted it
  bool attachment = false;
};

struct FileList {
  std::vector<File> items;
  std::uint64_t total = 0;
  std::string next;  //!< id of the last item when more follow, else empty
};
//! Those that are not for the caller's eyes are left out.
using Visible = std::function<bool(const File&)>;

class Files {
 public:
  explicit Files(FilesOptions options) : options_(std::move(options)) {}

  //! Checks and keeps what is known of a new file; an empty id is made up. A repetition with the same words answers what there is
  //! (`created` false). Errors: kBadId, kBadMember, kPayloadTooLarge, kConflict, kNotFound (study).
  Result<File> Begin(File file, bool* created);
  //! Bytes from `offset` on, which must be where the file ends so far (kConflict; WhereNow says where that is). What arrived before the source or
  //! the disk failed is kept. A file that has got its declared size is finished. kFileMismatch: then nothing of it is kept.
  Result<File> Append(std::string_view study, std::string_view id, std::uint64_t offset, const Source& source);
  //! All of it at once, in the place of what there was, or nothing of it. Again with the same bytes: no error.
  Result<File> Put(std::string_view study, std::string_view id, const Source& source);
  //! Says that it is whole, though no size was declared. kFileMismatch when it is not as declared. Again: no error.
  Result<File> Finish(std::string_view study, std::string_view id, std::optional<std::uint64_t> size, std::string_view sha256);

  Result<File> Find(std::string_view study, std::string_view id) { return options_.catalog->Files().FindFile(study, id); }
  //! In the order in which they were begun. kBadCursor.
  Result<FileList> List(std::string_view study, const FileFilter& filter, std::string_view after, std::uint64_t limit,
                        const Visible& visible = nullptr);
  //! kFileIncomplete; kNotFound when its bytes are missing; kStudyLocked when the study is locked and the passphrase not its own.
  Result<std::shared_ptr<blobs::BlobReader>> Open(const File& file, std::string_view passphrase);

  Status Remove(std::string_view study, std::string_view id);
  //! Of the study, or of one dataset of it; nullopt: there are no files.
  Result<std::optional<Micros>> LastArrival(std::string_view study, std::string_view dataset) {
    return options_.catalog->Files().LastArrival(study, dataset);
  }
  //! Files of the session are of one with another id from now on.
  Status RenameSession(std::string_view study, std::string_view from, std::string_view to) {
    return options_.catalog->Files().RenameSession(study, from, to);
  }
  //! All of a participant's, of a dataset's records, of a study. Answers how many. Can be repeated.
  Result<std::uint64_t> RemoveOf(std::string_view study, std::string_view participant);
  Result<std::uint64_t> RemoveOfDataset(std::string_view study, std::string_view dataset);
  Result<std::uint64_t> RemoveOfStudy(std::string_view study);

  //! A word that lends the file until `expires_at`, to whoever has it. It cannot be made without the site key.
  Result<std::string> Mint(const Lent& lent, Micros expires_at) const;
  //! kNotFound for a word that was not minted here, or has run out: all alike.
  Result<Lent> Redeem(std::string_view word) const;

  //! At the start: removes blobs that no file knows (a crash left them), and uploads that got nothing since `stale_since`.
  Status Sweep(Micros stale_since);

  std::uint64_t Largest() const { return options_.largest; }

 private:
  struct Piece;
  class Receiving;
  Result<std::unique_ptr<blobs::BlobWriter>> NewBlob(std::string_view study, std::string& name) const;
  void RemoveBlobs(const std::vector<catalog::FilePart>& parts) const;
  Result<File> Complete(File file, std::string sha256);
  Status Measure(File& file);
  Status Drop(const File& file);
  Result<std::uint64_t> RemoveAll(std::string_view study, const FileFilter& filter);

  const FilesOptions options_;
};

//! "recording", "donation", "answer", "other".
bool IsFileKind(std::string_view kind);

}  // namespace sheaf::files
