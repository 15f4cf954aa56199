#pragma once
//! JSON objects of settings, member by member: reading them strictly into structs, and writing structs back. For bodies
//! that already include the JSON library; not for public headers.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/strict_json.h"

namespace sheaf::model {

//! One JSON object on its way to a struct: takes members by name, then says which ones nobody took. A member that is
//! missing leaves its target as it is.
class ObjectReader {
 public:
  //! A text may have this many bytes.
  static constexpr std::size_t kMaxTextBytes = 16u << 10;

  ObjectReader(const boost::json::object& object, std::string pointer) : object_(object), pointer_(std::move(pointer)) {}

  const std::string& Pointer() const { return pointer_; }
  std::string PlaceOf(std::string_view member) const { return PointerTo(pointer_, member); }

  //! The member, or nullptr when it is missing.
  const boost::json::value* Take(std::string_view member);
  Status Text(std::string_view member, std::string& text);
  Status Flag(std::string_view member, bool& flag);
  Status Number(std::string_view member, std::optional<double>& number);
  //! A whole number of `least` to `most`.
  Status Integer(std::string_view member, std::int64_t& number, std::int64_t least, std::int64_t most);
  //! An object as compact JSON text of at most `bytes` (kBadDefinition); an empty one is empty text.
  Status Object(std::string_view member, std::string& text, std::size_t bytes);
  //! An array of at most `limit` elements (kBadDefinition); `list` points into the object.
  Status List(std::string_view member, const boost::json::array*& list, std::size_t limit);

  //! A word of a closed list, read by `from`; `present` tells whether it was there.
  template <class Enum>
  Status Choice(std::string_view member, std::optional<Enum> (*from)(std::string_view), Enum& choice, bool* present = nullptr) {
    const boost::json::value* value = Take(member);
    if (value == nullptr) return {};
    if (!value->is_string()) return Wrong(member, "a string");
    const auto found = from(std::string_view(value->get_string().data(), value->get_string().size()));
    if (!found) return Fail(ErrorCode::kBadMember, "this is no known " + std::string(member), PlaceOf(member));
    choice = *found;
    if (present != nullptr) *present = true;
    return {};
  }

  //! Fails for the first member that was not taken.
  Status NothingElse() const;

 private:
  Status Wrong(std::string_view member, std::string_view wanted) const;

  const boost::json::object& object_;
  std::string pointer_;
  std::vector<std::string_view> known_;
  std::size_t taken_ = 0;
};

//! Writes members of an object in order, commas and all; the closing brace comes with its end.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& json) : json_(json) { json_ += '{'; }
  ~ObjectWriter() { json_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  //! Where the member's value goes.
  std::string& Member(std::string_view name) {
    if (!first_) json_ += ',';
    first_ = false;
    AppendJsonString(json_, name);
    json_ += ':';
    return json_;
  }
  void Text(std::string_view name, std::string_view text) { AppendJsonString(Member(name), text); }
  void TextIfAny(std::string_view name, std::string_view text) {
    if (!text.empty()) Text(name, text);
  }
  void JsonIfAny(std::string_view name, std::string_view json) {
    if (!json.empty()) Member(name) += json;
  }
  void TrueIf(std::string_view name, bool flag) {
    if (flag) Member(name) += "true";
  }
  void NumberIfAny(std::string_view name, const std::optional<double>& number) {
    if (number) AppendJsonNumber(Member(name), *number);
  }

 private:
  std::string& json_;
  bool first_ = true;
};

}  // namespace sheaf::model
