#pragma once
//! How export jobs learn how good the data is.

#include <memory>

#include "quality/checker.h"

namespace sheaf::exporting {

//! From now on the manifests of this process's jobs say it; null: they say nothing. Thread-safe.
void TellQuality(std::shared_ptr<quality::Checker> checker);

}  // namespace sheaf::exporting
