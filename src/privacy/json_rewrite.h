#pragma once
//! JSON kept as text, with its strings and coordinates changed and everything else byte for byte as it was.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sheaf::privacy {

struct JsonRules {
  //! Gets the characters of a string or of a member's name; true: they are to become `out`. Unset: strings stay.
  std::function<bool(std::string_view text, std::string& out)> text;
  //! Numbers that are members with the name of a coordinate are rounded so.
  std::optional<int> location_decimals;
};

//! Replaces `out` by the changed JSON; false, with `out` meaning nothing, when nothing changes. Any bytes may come in:
//! what is no JSON is gone through all the same.
bool RewriteJson(std::string_view json, const JsonRules& rules, std::string& out);

//! Does the name, or the unit, say that a number is a latitude or a longitude?
bool NamesCoordinate(std::string_view name);
//! A number's text rounded to decimals; nullopt when it is no number.
std::optional<std::string> RoundedText(std::string_view number, int decimals);
double Rounded(double number, int decimals);

}  // namespace sheaf::privacy
