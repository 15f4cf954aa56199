#pragma once
//! Requests for exports, translated to our own options.

#include <string>
#include <string_view>

#include "api/avicenna/form.h"
#include "api/avicenna/job_text.h"
#include "api/native/call.h"
#include "export/options.h"

namespace sheaf::api::avicenna {

//! Ready to be submitted.
struct PreparedExport {
  access::StudyAccess access;
  exporting::ExportOptions options;
  Asked asked;
  //! The place of a fault in our options as the client knows it.
  std::string PlaceOf(std::string_view place) const;
};

//! Survey responses and participants. Errors: of the JSON, kBadMember, kNotFound, kForbidden, those of CompileRules.
Result<PreparedExport> PrepareFilterExport(native::Call& call, std::string_view body);
Result<PreparedExport> PrepareSensorExport(native::Call& call, const Form& form);

}  // namespace sheaf::api::avicenna
