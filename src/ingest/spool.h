#pragma once
//! Where the batches of a request wait until it is complete: in memory, and beyond a limit in a file without a name.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/record_batch.h"
#include "vault/vault.h"

namespace sheaf::ingest {

//! One thread fills it; when that is done, one thread reads it. The file can be seen by nobody else and is gone with the process.
class Spool {
 public:
  //! Batches that would bring the memory above `memory_limit` go to a file in `directory`.
  Spool(std::string directory, std::size_t memory_limit);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  //! kStorageFull when the disk has no room.
  Status Add(model::RecordBatch&& batch);
  //! Forgets everything.
  void Clear();

  std::size_t Rows() const { return rows_; }
  std::size_t Bytes() const { return bytes_; }
  std::size_t FileBytes() const { return file_bytes_; }

  //! The batches in order, as `dataset` has them: fields that were added since they were decoded are absent. The
  //! batches in memory are lent, not copied: whoever alters one has the alteration in the next reading, too.
  static std::unique_ptr<vault::BatchSource> Read(std::shared_ptr<Spool> spool, std::shared_ptr<const model::Dataset> dataset);

 private:
  class Source;
  Status OpenFile();
  Status Write(std::string_view bytes);

  std::string directory_;
  std::size_t memory_limit_;
  std::vector<model::RecordBatch> batches_;
  std::size_t memory_bytes_ = 0;
  int file_ = -1;
  std::size_t file_bytes_ = 0;
  std::vector<std::size_t> file_sizes_;  // of the batches in the file, in order
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

//! A batch as bytes, for this process alone: the form is not stable. ReadBatch of anything else than what WriteBatch wrote for the same
//! definition is nullopt.
void WriteBatch(const model::RecordBatch& batch, std::string& out);
std::optional<model::RecordBatch> ReadBatch(std::string_view bytes);

//! Absent cells for the fields that the batch does not have yet.
void AddNewFields(model::RecordBatch& batch, const model::Dataset& dataset);

}  // namespace sheaf::ingest
