#pragma once
//! What one caller may see of a study. `access` decides it; plans, pages and lists obey it.

#include <optional>
#include <string>
#include <vector>

namespace sheaf::model {

struct ViewRights {
  bool identifiers = true;            //!< false: identifiers are removed, whatever is asked for
  std::vector<std::string> datasets;  //!< ids; empty: all
  std::vector<std::string> sites;     //!< values of the study's site attribute; empty: all participants
  //! The one participant whose data it is: a participant who looks at their own.
  std::optional<std::string> own_participant;

  friend bool operator==(const ViewRights&, const ViewRights&) = default;
};

//! May the dataset be seen at all?
bool MaySeeDataset(const ViewRights& rights, const std::string& dataset);

}  // namespace sheaf::model
