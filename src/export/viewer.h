#pragma once
//! For whom a study is read.

#include <functional>

#include "model/study_settings.h"
#include "model/view_rights.h"
#include "privacy/codes.h"

namespace sheaf::exporting {

//! Default: everything may be seen, and no code can be made.
struct Viewer {
  model::ViewRights rights;
  model::StudySettings settings;                         //!< of the study
  std::function<Result<privacy::CodeKey>()> code_key{};  //!< the study's; called when a code is needed
};

}  // namespace sheaf::exporting
