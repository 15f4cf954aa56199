#include "model/view_rights.h"

#include <algorithm>

namespace sheaf::model {

bool MaySeeDataset(const ViewRights& rights, const std::string& dataset) {
  return rights.datasets.empty() || std::find(rights.datasets.begin(), rights.datasets.end(), dataset) != rights.datasets.end();
}

}  // namespace sheaf::model
