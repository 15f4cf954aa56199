#pragma once
//! Synchronisation metrics by window of time.

#include "api/hyperstudy/routes.h"

namespace sheaf::api::hyperstudy {

//! One row a participant and window: its start, the means of the numbers, how many there were, and the largest drift.
//! Windows count from the room's start, where onsets are known.
Answer GetWindows(native::Call& call, Service& service, const RecordType& type);

}  // namespace sheaf::api::hyperstudy
