#pragma once
//! Private to the room. The file of a DatasetState: `d7.state` and the runs it names, `d7-0.run`, …; see docs/formats/quality.md.

#include <cstdint>
#include <string>

#include "base/error.h"

namespace sheaf::quality {

class DatasetState;

class StateFile {
 public:
  static std::string RunPrefix(const std::string& directory, std::int32_t dataset);
  //! kNotFound: there is none. kStorageDamaged: it is not whole, or of another version. What of the state was changed then is
  //! to be reset.
  static Status Load(DatasetState& state);
  //! Whole or not at all; then removes runs it does not name.
  static Status Save(const DatasetState& state);
};

}  // namespace sheaf::quality
