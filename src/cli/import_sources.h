#pragma once
//! Files of an export, on disk or inside ZIPs, as texts with names.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheaf::cli {

//! Larger files are refused: they are read as a whole.
inline constexpr std::uint64_t kMostSourceBytes = 2ull << 30;

//! Calls `visit` for every file below the paths, those inside a ZIP too, in order of path. `name`: "room_a/events.json"; `where`: for people.
//! `wanted` says by the name whether it is to be read. kIo, kUsage, kPayloadTooLarge.
using SourceWanted = std::function<bool(std::string_view name)>;
using SourceVisit = std::function<Status(const std::string& name, const std::string& where, std::string&& text)>;
Status EachSource(const std::vector<std::string>& paths, const SourceWanted& wanted, const SourceVisit& visit);

}  // namespace sheaf::cli
