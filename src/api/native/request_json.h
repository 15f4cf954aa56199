#pragma once
//! A participant's request as the owner and the participant see it.

#include <string>

#include "catalog/care.h"

namespace sheaf::api::native {

std::string RequestJson(const catalog::ParticipantRequest& request, bool for_owner);

}  // namespace sheaf::api::native
