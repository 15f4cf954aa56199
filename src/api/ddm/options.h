#pragma once
//! What an administrator can choose of the protocol.

#include <string>

namespace sheaf::api::ddm {

struct Options {
  std::string prefix = "/ddm";   //!< where it is mounted; empty: at the root
  std::string timezone = "UTC";  //!< IANA name: of the times in JSON
  bool next_columns = false;     //!< the overview's columns as the line after 2.1 has them
  //! A regular expression (ECMAScript) that the e-mail address of who sees pages of the owner begins with; empty: anybody's does.
  std::string email_pattern;
};

}  // namespace sheaf::api::ddm
