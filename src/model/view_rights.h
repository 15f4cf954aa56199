#pragma once
//! What one caller may see of a study. `access` decides it; plans, pages and lists obey it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

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
//! Are some participants' data hidden from this caller?
inline bool SeesSomeParticipants(const ViewRights& rights) { return !rights.sites.empty() || rights.own_participant.has_value(); }
//! Is everything that `inner` shows of datasets and participants shown by `outer`, too? Identifiers are not looked at.
bool NoWider(const ViewRights& inner, const ViewRights& outer);

//! Canonical JSON: equal rights give equal text, full rights "{}".
std::string ViewRightsJson(const ViewRights& rights);
//! kStorageDamaged when it is not such a text.
Result<ViewRights> ParseViewRights(std::string_view json);

}  // namespace sheaf::model
