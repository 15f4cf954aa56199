#pragma once
//! The files of recordings: where a client gets each.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "api/hyperstudy/routes.h"

namespace sheaf::api::hyperstudy {

//! Which recordings have a file that the target's viewer may have. Immutable.
class RecordingMedia {
 public:
  //! Nobody gets faces and voices without the right to identifiers: for them there are none.
  static Result<std::shared_ptr<const RecordingMedia>> Find(const native::Call& call, const Target& target, const model::Dataset& dataset);
  //! JSON: the path to ask for an address of the file, below /api/v3; null where there is none.
  std::string PathOf(std::string_view recording, std::string_view room) const;

 private:
  std::unordered_set<std::string> recordings_;
};

}  // namespace sheaf::api::hyperstudy
