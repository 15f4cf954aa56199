#pragma once
//! JSON that people and programs send as settings: definitions, filters. Strict and bounded, unlike a parser's
//! defaults: no duplicate members, no invalid UTF-8, no number that a double cannot hold, limited size and depth.
//! Doubles are the nearest to what was written, so that 0.1 in a filter equals 0.1 in the data.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace sheaf::model {

struct JsonLimits {
  std::size_t bytes = 1u << 20;  //!< of the text: more is kPayloadTooLarge
  int depth = 32;                //!< arrays and objects inside each other: more is kBadJson
};

//! Parses `text` into `value`, which is untouched on failure. Errors: kBadJson, kBadUtf8, kPayloadTooLarge; the
//! place is "byte N", counted from 0.
Status ParseStrictJson(std::string_view text, const JsonLimits& limits, boost::json::value& value);

//! Parses JSON that is data, as other systems and our own stores have it: doubles are exact here, too, of a member that is given
//! twice the last counts, and a number that no double holds is an infinite one. False, and `value` untouched, for what is no JSON.
bool ParseDataJson(std::string_view text, boost::json::value& value);

//! Appends `text`, which is UTF-8, as a JSON string with its quotes.
void AppendJsonString(std::string& json, std::string_view text);
//! Appends a number in its shortest form that reads back; whole numbers up to 2^53 without a point or exponent.
void AppendJsonNumber(std::string& json, double number);

//! Appends a whole value, compact, members in their order; numbers as above.
void AppendJson(std::string& json, const boost::json::value& value);
//! The same as a text of its own. Data is written with it: Boost's own text has an exponent in every double.
std::string CompactJson(const boost::json::value& value);
std::string CompactJson(const boost::json::object& object);
std::string CompactJson(const boost::json::array& array);

//! `pointer` + "/" + `member`, with ~ and / escaped: one step of a JSON pointer.
std::string PointerTo(std::string_view pointer, std::string_view member);
std::string PointerTo(std::string_view pointer, std::size_t element);

}  // namespace sheaf::model
