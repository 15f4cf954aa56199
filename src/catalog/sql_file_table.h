#pragma once
//! The FileTable over a Store: files.cc.

#include "catalog/file_table.h"

namespace sheaf::catalog {

class Store;

class SqlFileTable final : public FileTable {
 public:
  explicit SqlFileTable(Store& store) : store_(store) {}

  Result<File> AddFile(const File& file) override;
  Result<File> FindFile(std::string_view study, std::string_view id) override;
  Result<std::vector<File>> Files(std::string_view study, const FileFilter& filter, std::string_view after, std::uint64_t limit) override;
  Result<std::uint64_t> CountFiles(std::string_view study, const FileFilter& filter) override;
  Result<std::vector<FilePart>> Parts(std::string_view study, std::string_view id) override;
  Status AddPart(std::string_view study, std::string_view id, std::uint64_t offset, const FilePart& part, std::string_view digest) override;
  Result<std::vector<FilePart>> RemoveParts(std::string_view study, std::string_view id) override;
  Result<std::vector<FilePart>> CompleteFile(const File& file, const std::optional<FilePart>& only) override;
  Status MeasureFile(const File& file) override;
  Result<std::optional<Micros>> LastArrival(std::string_view study, std::string_view dataset) override;
  Status RenameSession(std::string_view study, std::string_view from, std::string_view to) override;
  Result<std::vector<FilePart>> RemoveFile(std::string_view study, std::string_view id) override;
  Result<std::vector<File>> StaleFiles(Micros since) override;
  Result<std::vector<std::string>> FileBlobs() override;

 private:
  Store& store_;
};

}  // namespace sheaf::catalog
