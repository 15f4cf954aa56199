#pragma once
//! What the owner of a study lets other accounts do in it. Part of the Catalog; its threads and errors are those of catalog.h.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

//! Who has a grant may look; the rest is said one by one.
struct Grant {
  std::string study;
  std::string account;
  bool may_export = false;
  bool may_manage = false;
  bool may_delete = false;
  std::vector<std::string> datasets;  //!< ids; empty: all
  std::vector<std::string> sites;     //!< values of the study's site attribute, 1 to 255 bytes in a line each; empty: all
  bool identifiers = true;            //!< false: only without direct identifiers
  std::optional<Micros> expires_at;   //!< from then on it does not count
  Micros created_at = 0;
  Micros updated_at = 0;
};

class GrantTable {
 public:
  virtual ~GrantTable() = default;
  //! Makes or replaces the grant of (study, account); the times of making and changing are filled in. kNotFound: there is
  //! no such study or account.
  virtual Result<Grant> PutGrant(const Grant& grant) = 0;
  virtual Result<std::optional<Grant>> FindGrant(std::string_view study, std::string_view account) = 0;
  //! All of a study, expired ones too, in order of account.
  virtual Result<std::vector<Grant>> Grants(std::string_view study) = 0;
  virtual Status RemoveGrant(std::string_view study, std::string_view account) = 0;
  //! `account` becomes the owner; a grant it had goes.
  virtual Status HandOverStudy(std::string_view study, std::string_view account) = 0;
};

}  // namespace sheaf::catalog
