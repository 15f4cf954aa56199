#pragma once
//! ZIPs as HyperStudy's downloads have them: rooms, in them participants, in them a file a type, with its records.

#include <memory>
#include <string>

#include "export/foreign_layout.h"

namespace sheaf::api::hyperstudy {

//! `version`: ours, which metadata.json tells.
std::shared_ptr<const exporting::ForeignLayout> MakeBundleLayout(std::string version);

}  // namespace sheaf::api::hyperstudy
