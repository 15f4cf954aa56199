//! Masking and rewriting of text and JSON from participants. Beyond not crashing: what was masked holds nothing more to
//! mask, JSON stays JSON, and nothing is said to have changed that has not.

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "privacy/json_rewrite.h"
#include "privacy/mask.h"
#include "privacy/rewrite.h"

namespace {

using namespace sheaf::privacy;

void Require(bool holds) {
  if (!holds) std::abort();
}

void TryText(std::string_view text) {
  MaskCounts counts;
  std::string masked;
  const bool changed = MaskText(text, masked, counts);
  Require(changed == (counts.emails + counts.ip_addresses > 0));
  if (!changed) return;
  if (sheaf::IsUtf8(text)) Require(sheaf::IsUtf8(masked));
  Require(masked.find(kEmailMask) != std::string::npos || masked.find(kIpMask) != std::string::npos);
}

void TryJson(std::string_view text) {
  MaskCounts counts;
  JsonRules rules;
  rules.text = [&counts](std::string_view from, std::string& out) { return MaskText(from, out, counts); };
  rules.location_decimals = 2;
  std::string out;
  const bool changed = RewriteJson(text, rules, out);
  if (!changed) Require(out == text);
  boost::system::error_code before, after;
  const auto kept = boost::json::parse(text, before);
  if (before) return;
  boost::json::parse(out, after);
  Require(!after);
  WithoutMembers(text, {"a", "email"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TryText(text);
  TryJson(text);
  return 0;
}
