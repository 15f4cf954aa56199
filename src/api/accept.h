#pragma once
//! What a client takes as an answer.

#include <string_view>

namespace sheaf::api {

//! Does an `Accept` header (empty: anything) leave room for a media type such as "application/json"? A header that cannot be
//! read leaves room for everything.
bool Accepts(std::string_view accept, std::string_view media_type);

}  // namespace sheaf::api
