#pragma once
//! Files that bytes wait in: unlinked ones that vanish with their descriptor, and named ones that another writer fills.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::exporting {

//! Grows at its end while it is read from its beginning. Append: one thread; ReadAt: another.
class SpoolFile {
 public:
  SpoolFile() = default;
  ~SpoolFile();
  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&& other) noexcept;

  //! Without a name in `directory`: whatever happens to the process, nothing is left.
  static Result<SpoolFile> Create(const std::string& directory);
  //! Opens a file that another writer fills.
  static Result<SpoolFile> Open(const std::string& path);
  //! The same, and removes its name.
  static Result<SpoolFile> TakeOver(const std::string& path);

  bool IsOpen() const { return descriptor_ >= 0; }
  Status Append(std::string_view bytes);  //!< kStorageFull, kIo
  //! Up to `size` bytes at `offset`; shorter at the end of the file.
  Result<std::string> ReadAt(std::uint64_t offset, std::size_t size) const;
  Result<std::uint64_t> Size() const;
  //! Gives the disk space before `offset` back where the file system can.
  void Forget(std::uint64_t offset);

 private:
  explicit SpoolFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
  std::uint64_t forgotten_ = 0;
};

//! A name for a new file in `directory` that nothing has: `PREFIX` + random + `suffix`.
std::string TemporaryPath(const std::string& directory, std::string_view prefix, std::string_view suffix);
//! Removes what a process that died left behind under `prefix`. Never fails.
void RemoveLeftovers(const std::string& directory, std::string_view prefix);

//! An error of the file system in words without paths. `number`: errno.
Error FileError(int number, std::string_view doing);

}  // namespace sheaf::exporting
