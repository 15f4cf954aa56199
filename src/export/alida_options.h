#pragma once
//! What an export as Alida file is asked to be, besides what every export is.

#include <string>

namespace sheaf::exporting {

struct AlidaOptions {
  std::string echo;            //!< JSON object: what the file says as exportOptions; empty: nothing was asked for
  bool single_as_set = false;  //!< single choice is typed "set"; else "enum"
  bool visibility = false;     //!< every option has its visibility; else only hidden ones
  friend bool operator==(const AlidaOptions&, const AlidaOptions&) = default;
};

}  // namespace sheaf::exporting
