#pragma once
//! Where the files of a schedule go.

#include <string>
#include <string_view>

#include "base/error.h"
#include "delivery/address.h"

namespace sheaf::delivery {

enum class Kind : std::uint8_t { kNone, kDirectory, kWebhook };

struct Target {
  Kind kind = Kind::kNone;
  std::string path;  //!< of a directory: below the root, "lab/sleep"
  std::string url;   //!< of a webhook

  friend bool operator==(const Target&, const Target&) = default;
};

//! {"kind":"none"}, {"kind":"directory","path"} or {"kind":"webhook","url"}; other members are refused. kBadJson, kBadMember and
//! kUnknownMember with a JSON pointer below `pointer`.
Result<Target> ParseTarget(std::string_view json, const std::string& pointer);
std::string TargetJson(const Target& target);

//! Whether this server may deliver there. kBadMember. `root`: where directories may be; empty: nowhere.
Status CheckTarget(const Target& target, const AddressRules& rules, const std::string& root, const std::string& pointer);

//! The host of an http(s) address that CheckTarget took.
std::string HostOf(const std::string& url);

}  // namespace sheaf::delivery
