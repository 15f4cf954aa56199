#pragma once
//! The directory everything of one server is kept in:
//!   catalog.sqlite   accounts, keys, studies, export jobs
//!   studies/         the records, one namespace a study
//!   blobs/           finished export files
//!   sensors.json     the registry of data sources, for an operator to edit
//!   audit.head       the last entry of the audit, sealed by the key file
//!   tmp/             spools and spills; emptied when a server starts
//!   lock             held by the one process that has the studies open; the number of that process

#include <string>

#include "base/error.h"

namespace sheaf::cli {

class DataDirectory {
 public:
  enum class Missing { kCreate, kRefuse };
  //! Opens it, with mode 0700 where it is created. kUsage when it is missing and may not be created, or is no directory.
  static Result<DataDirectory> Open(const std::string& path, Missing missing);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  //! Takes the lock until this object goes; kUnavailable, naming the process, when another has it.
  Status Lock();
  //! Removes what earlier processes left in tmp/. Only under the lock.
  Status EmptyTemporary();

  const std::string& Path() const { return path_; }
  std::string CatalogPath() const { return path_ + "/catalog.sqlite"; }
  std::string StudiesPath() const { return path_ + "/studies"; }
  std::string BlobsPath() const { return path_ + "/blobs"; }
  std::string SensorsPath() const { return path_ + "/sensors.json"; }
  std::string AuditHeadPath() const { return path_ + "/audit.head"; }
  std::string TemporaryPath() const { return path_ + "/tmp"; }

 private:
  explicit DataDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
  int lock_ = -1;
};

}  // namespace sheaf::cli
