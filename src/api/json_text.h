#pragma once
//! JSON text for answers, written piece by piece.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sheaf::api {

//! `text` as a JSON string with its quotes. Bytes that are not UTF-8 come out as U+FFFD, so that an answer is always valid.
void AppendJsonString(std::string& out, std::string_view text);

//! An object in the order in which members are added. Finish once.
class JsonObject {
 public:
  JsonObject& Text(std::string_view name, std::string_view value);
  JsonObject& Integer(std::string_view name, std::int64_t value);
  JsonObject& Count(std::string_view name, std::uint64_t value);
  JsonObject& Flag(std::string_view name, bool value);
  //! `json` is already JSON.
  JsonObject& Raw(std::string_view name, std::string_view json);
  JsonObject& Time(std::string_view name, Micros instant);
  //! null when there is none.
  JsonObject& OptionalTime(std::string_view name, const std::optional<Micros>& instant);
  std::string Finish();

 private:
  void Name(std::string_view name);
  std::string text_ = "{";
};

//! An array of values that are already JSON. Finish once.
class JsonArray {
 public:
  JsonArray& Raw(std::string_view json);
  JsonArray& Text(std::string_view value);
  std::string Finish();

 private:
  std::string text_ = "[";
};

}  // namespace sheaf::api
