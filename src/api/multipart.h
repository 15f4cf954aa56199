#pragma once
//! multipart/form-data and application/x-www-form-urlencoded: what HTML forms and some clients send.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheaf::api {

struct FormPart {
  std::string name;
  std::string file_name;  //!< empty: no file
  std::string value;
};

//! The parts in order, of a whole body. kBadRequest when it cannot be read, kUnsupportedMediaType for another Content-Type. At most 1,000 parts.
Result<std::vector<FormPart>> ParseForm(std::string_view content_type, std::string_view body);
//! The value of the first part of this name; empty when there is none.
std::string_view FormValue(const std::vector<FormPart>& parts, std::string_view name);

}  // namespace sheaf::api
