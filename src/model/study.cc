#include "model/study.h"

namespace sheaf::model {

std::string_view Name(StudyStatus status) {
  switch (status) {
    case StudyStatus::kActive: return "active";
    case StudyStatus::kCompleted: return "completed";
    case StudyStatus::kArchived: return "archived";
  }
  return "";
}

std::optional<StudyStatus> StudyStatusFrom(std::string_view name) {
  for (const StudyStatus status : {StudyStatus::kActive, StudyStatus::kCompleted, StudyStatus::kArchived}) {
    if (Name(status) == name) return status;
  }
  return std::nullopt;
}

}  // namespace sheaf::model
