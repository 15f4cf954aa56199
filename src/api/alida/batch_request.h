#pragma once
//! Private to the folder. What the body of a batch's POST asks for.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/alida/places.h"
#include "base/error.h"
#include "base/time.h"

namespace sheaf::api::alida {

struct BatchRequest {
  std::vector<std::string> field_ids;  //!< as sent; empty: all
  std::optional<Micros> since, until;

  //! What was asked for, as the file says it; "{}" for everything.
  std::string Echo() const;
};

//! Unknown members are passed over. kBadJson, kBadMember, kBadTime.
Result<BatchRequest> ReadBatchRequest(std::string_view text, std::int64_t most_field_ids);

//! `2016`, `2016-01-31`, `2016-02-01T21:30:00`, or RFC 3339 with its offset; without one UTC is meant.
std::optional<Micros> ReadAlidaTime(std::string_view text);

//! The ids of the fields that these GUIDs of fields and groups mean, in the order of the definition, each once. kBadMember for
//! one that means none, or a field that does not leave.
Result<std::vector<std::string>> ResolveFields(const Application& application, const model::Dataset& dataset,
                                               const std::vector<std::string>& field_ids);

}  // namespace sheaf::api::alida
