#pragma once
//! What each right of a grant lets its holder do.

#include <optional>

#include "access/access.h"
#include "catalog/grants.h"

namespace sheaf::access {

//! What a grant that counts at `now` lets do: what of the study may be seen then, or kForbidden.
Result<model::ViewRights> AllowGranted(const catalog::Grant& grant, Action action);
bool Counts(const catalog::Grant& grant, Micros now);

}  // namespace sheaf::access
