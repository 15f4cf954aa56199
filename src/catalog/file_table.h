#pragma once
//! What is known of the files of participants' records: whose they are, what they are, and of which blobs they consist. The
//! bytes lie in blobs. See catalog.h for threads and errors.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

struct File {
  std::string study;
  std::string id;           //!< unique within the study
  std::string kind;         //!< recording, donation, answer, other
  std::string name;         //!< what a download is called
  std::string media_type;   //!< "video/webm"
  std::string participant;  //!< whose it is; may be empty, like the five below
  std::string session;
  std::string dataset;  //!< of the record it belongs to
  std::string record;
  std::string field;
  std::string sha256;                 //!< hex; what was declared, and of a complete file what it is
  std::optional<std::uint64_t> size;  //!< the same
  std::uint64_t received = 0;         //!< bytes that are there, durably
  bool complete = false;
  std::optional<Micros> started_at, ended_at;  //!< of what was recorded
  std::optional<std::int64_t> duration_ms, width, height;
  std::string attributes = "{}";  //!< a JSON object
  std::string account;            //!< who began it
  Micros created_at = 0;
  Micros updated_at = 0;
  std::optional<Micros> completed_at;
  std::string digest;  //!< SHA-256 of what is there so far, to be gone on with; sealed; empty when complete
};

//! The blobs that make a file, one behind the other.
struct FilePart {
  std::string blob;
  std::uint64_t size = 0;
};

//! What is empty is any.
struct FileFilter {
  std::string kind, participant, session, dataset, record, field;
  std::optional<bool> complete;
};

class FileTable {
 public:
  virtual ~FileTable() = default;

  //! kConflict: there is one of this id; kNotFound: no such study.
  virtual Result<File> AddFile(const File& file) = 0;
  virtual Result<File> FindFile(std::string_view study, std::string_view id) = 0;
  //! In the order in which they were begun, after the file `after` (kBadCursor when that is gone).
  virtual Result<std::vector<File>> Files(std::string_view study, const FileFilter& filter, std::string_view after,
                                          std::uint64_t limit) = 0;
  virtual Result<std::uint64_t> CountFiles(std::string_view study, const FileFilter& filter) = 0;
  virtual Result<std::vector<FilePart>> Parts(std::string_view study, std::string_view id) = 0;

  //! The part behind `offset` bytes. kConflict when the file has not exactly these, or is complete; kNotFound.
  virtual Status AddPart(std::string_view study, std::string_view id, std::uint64_t offset, const FilePart& part,
                         std::string_view digest) = 0;
  //! Takes all parts away, and answers them. kConflict when the file is complete.
  virtual Result<std::vector<FilePart>> RemoveParts(std::string_view study, std::string_view id) = 0;
  //! Writes that it is complete: received, size, sha256. With `only`, that part stands in the place of all others, which it answers.
  //! kConflict when it is complete, or (without `only`) does not have `size` bytes.
  virtual Result<std::vector<FilePart>> CompleteFile(const File& file, const std::optional<FilePart>& only) = 0;
  //! Writes duration_ms, width, height.
  virtual Status MeasureFile(const File& file) = 0;
  //! When the newest file of the study, or of one dataset of it, began or got bytes; nullopt: there is none.
  virtual Result<std::optional<Micros>> LastArrival(std::string_view study, std::string_view dataset) = 0;
  //! The study's files of one session are another's from now on.
  virtual Status RenameSession(std::string_view study, std::string_view from, std::string_view to) = 0;
  //! The file's row goes; its parts are the caller's to remove. kNotFound.
  virtual Result<std::vector<FilePart>> RemoveFile(std::string_view study, std::string_view id) = 0;
  //! Files that were begun and got nothing since.
  virtual Result<std::vector<File>> StaleFiles(Micros since) = 0;
  //! The names of all blobs that are a part of something.
  virtual Result<std::vector<std::string>> FileBlobs() = 0;
};

}  // namespace sheaf::catalog
