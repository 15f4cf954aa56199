#pragma once
//! The fields of a form, however it was sent.

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::api::avicenna {

using Form = std::map<std::string, std::string, std::less<>>;

//! multipart/form-data, application/x-www-form-urlencoded, or a JSON object of texts and whole numbers. A field that comes
//! twice, a file among the fields, and what is none of the three are kBadRequest or kBadMember.
Result<Form> ReadForm(std::string_view content_type, std::string_view body);

}  // namespace sheaf::api::avicenna
