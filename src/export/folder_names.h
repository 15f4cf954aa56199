#pragma once
//! Ids of participants and sessions as names of folders: safe on every system, one name an id.

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sheaf::exporting {

//! The id with everything replaced by `_` that could leave a folder, hide in a terminal or is refused by Windows; at
//! most 100 bytes. Not unique.
std::string SafeName(std::string_view id);

//! Gives each id its SafeName, with `-2`, `-3`… where another id has it already (upper and lower case being the same).
class FolderNames {
 public:
  //! `taken`: names no id may have.
  explicit FolderNames(const std::vector<std::string_view>& taken = {});
  const std::string& Of(std::string_view id);
  struct Renamed {
    std::string id;
    std::string folder;
  };
  //! Ids whose folder is not called like them, in the order they came.
  const std::vector<Renamed>& Changed() const { return changed_; }

 private:
  std::unordered_map<std::string, std::string> names_;
  std::unordered_set<std::string> taken_;  // in lower case
  std::vector<Renamed> changed_;
};

}  // namespace sheaf::exporting
