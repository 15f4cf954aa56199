#pragma once
//! Answers that cost a scan and are asked for again and again, kept until the dataset changes.

#include <functional>
#include <string>
#include <string_view>

#include "api/native/call.h"

namespace sheaf::api::native {

//! What `make` answered before to the same query, on the same records, the same definition and for a caller who may see the same; else
//! what it answers now. Only where nothing but the dataset's own records decides: not with a filter, which may look at people, nor
//! for whoever does not see everybody. Holds at most 8 MiB.
Result<std::string> CachedAnswer(const Call& call, const access::StudyAccess& access, vault::StudyVault& study, std::string_view what,
                                 const std::function<Result<std::string>()>& make);

}  // namespace sheaf::api::native
