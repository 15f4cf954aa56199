#pragma once
//! ZIPs as HyperStudy's downloads have them: rooms, in them participants, in them a file a type, with its records.

#include <memory>

#include "export/foreign_layout.h"

namespace sheaf::api::hyperstudy {

std::shared_ptr<const exporting::ForeignLayout> MakeBundleLayout();

}  // namespace sheaf::api::hyperstudy
