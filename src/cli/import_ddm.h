#pragma once
//! What was downloaded from a DDM server, into a study: the participation overview, the responses as CSV, the ZIPs of donations.

#include <string>
#include <vector>

#include "base/error.h"

namespace sheaf::cli {

struct DdmImport {
  std::string server, key, study;
  std::vector<std::string> paths;
};

//! Everything is read and looked at before anything is sent; the same again adds nothing. Says what it did.
Status ImportDdm(const DdmImport& command);

}  // namespace sheaf::cli
