#pragma once
//! The files of recordings: where a client gets each.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/hyperstudy/routes.h"

namespace sheaf::api::hyperstudy {

//! Which recordings have a file that the target's viewer may have. Immutable.
class RecordingMedia {
 public:
  //! Nobody gets faces and voices without the right to identifiers: for them there are none.
  static Result<std::shared_ptr<const RecordingMedia>> Find(const native::Call& call, const Target& target, const model::Dataset& dataset);
  //! JSON: the path to ask for an address of the file, below /api/v3; null where there is none.
  std::string PathOf(std::string_view recording, std::string_view room) const;
  //! JSON: what the file tells of a key that the record was sent without: duration, fileSize, format, resolution. null for any other.
  std::string FactOf(std::string_view key, std::string_view recording) const;

 private:
  struct Facts {
    std::optional<std::uint64_t> size;
    std::optional<std::int64_t> duration_ms, width, height;
    std::string media_type;
  };
  std::unordered_map<std::string, Facts> recordings_;
};

}  // namespace sheaf::api::hyperstudy
