#pragma once
//! JSON for people's eyes.

#include <string>
#include <string_view>

namespace sheaf::exporting {

//! The same JSON with two spaces a level and a line an element; ends with a line break. `json` must be well-formed.
std::string PrettyJson(std::string_view json);

}  // namespace sheaf::exporting
