#pragma once
//! A ZIP written in one pass, entry by entry, in bounded memory: ZIP64, deflate, UTF-8 names.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::exporting {

//! One thread. After an error only destruction is left. Destroyed without Finish: what was written is no whole ZIP.
class ZipWriter {
 public:
  //! Takes the archive's bytes in order; its error ends the archive.
  using Take = std::function<Status(std::string_view)>;
  static Result<std::unique_ptr<ZipWriter>> Open(Take take);
  ~ZipWriter();

  struct Entry {
    std::string path;                   //!< UTF-8, relative, `/` between folders; the caller has made it safe
    std::optional<std::uint64_t> size;  //!< when it is known; else it stands behind the bytes
    bool deflate = true;
    Micros modified = 0;
    bool hash = true;  //!< false: Written::sha256 stays empty, which saves a pass over the bytes
  };
  Status Begin(const Entry& entry);
  Status Write(std::string_view bytes);
  //! After Begin: where in the archive the entry's bytes will stand.
  std::uint64_t Offset() const;
  struct Written {
    std::uint64_t bytes = 0;
    std::string sha256;  //!< hex, of the entry's bytes before compression; empty when not asked for
  };
  Result<Written> End();
  //! The directory of the archive. Without it a reader finds nothing.
  Status Finish();

 private:
  struct Impl;
  explicit ZipWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheaf::exporting
