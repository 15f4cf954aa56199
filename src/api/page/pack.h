#pragma once
//! The built page as it lies inside the program: web/tools/pack.mjs writes it, cmake/Embed.cmake puts it in.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheaf::api::page {

struct File {
  std::string path;         //!< "/assets/index-3fK2.js"
  std::string type;         //!< the Content-Type
  std::string etag;         //!< without quotes
  std::string_view plain;   //!< the bytes; all views point into the pack
  std::string_view brotli;  //!< empty: there is none
  std::string_view gzip;
};

//! What a pack holds, in order of path. kStorageDamaged when it is no pack.
Result<std::vector<File>> ReadPack(std::string_view pack);

//! The pack built into the program. Static storage.
std::string_view BuiltInPack();

}  // namespace sheaf::api::page
