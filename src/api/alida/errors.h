#pragma once
//! Private to the folder. How this protocol refuses.

#include <string>
#include <string_view>

#include "api/json_text.h"
#include "http/server.h"

namespace sheaf::api::alida {

//! The members of the error object; an answer may have others before them.
struct Refusal {
  int status = 500;
  std::string message;
  std::string developer_message;  //!< empty: null
  std::string error_id;           //!< GUID
  int retry_after_s = 0;          //!< 0: no such header
};

//! What the error is here, logged under its id.
Refusal RefusalOf(const Error& error, std::string_view request_id);
void AddRefusal(JsonObject& object, const Refusal& refusal);
http::Response RefusalResponse(const Refusal& refusal, std::string json);

}  // namespace sheaf::api::alida
