#pragma once
//! Files out of a ZIP that somebody sent: within limits, each name looked at before anything is made of it.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::ingest {

struct UnzipLimits {
  std::uint64_t members = 1000;
  std::uint64_t member_bytes = std::uint64_t{512} << 20;  //!< unpacked
  std::uint64_t total_bytes = std::uint64_t{1} << 30;     //!< unpacked
  //! Unpacked by packed: what grows more than this is no data. Small members may.
  std::uint64_t ratio = 1000;
};

//! Hands each file to `take`, its name and its bytes. Nothing is written anywhere. Errors: kBadCompression (no ZIP, cut off, damaged, encrypted),
//! kPayloadTooLarge (a limit), kBadMember (a name that leads out: absolute, `..`, a link), and what `take` fails with.
using TakeMember = std::function<Status(const std::string& name, std::string bytes)>;
Status Unzip(std::string_view archive, const UnzipLimits& limits, const TakeMember& take);

}  // namespace sheaf::ingest
