#pragma once
//! The part of `sheaf serve` that puts the checker of data together with what tells it of refusals and files.

#include <string>

#include "api/native/monitoring.h"

namespace sheaf::cli {

//! Fills `refusals` and `quality`, and in `rooms` who is told of what is refused. `studies`: where studies' files are kept; vault and
//! files are there already.
void OpenQuality(const std::string& studies, api::native::Rooms& rooms, api::native::Monitoring& monitoring);

}  // namespace sheaf::cli
