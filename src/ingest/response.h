#pragma once
//! The answer to a request, kept with its idempotency key so that a repetition gets the same one.

#include <optional>
#include <string>
#include <string_view>

#include "ingest/ingest.h"

namespace sheaf::ingest {

//! Everything of the result but `seq` and `repeated`, which the vault knows.
std::string ResponseText(const IngestResult& result);
//! nullopt when the text is not one of ResponseText.
std::optional<IngestResult> ParseResponse(std::string_view text);

}  // namespace sheaf::ingest
