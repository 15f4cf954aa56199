#pragma once
//! One JSON object of a request, read strictly: what is not asked for, comes twice, or has another type is an error
//! that names its place.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::api {

class JsonBody {
 public:
  //! Errors: kBadJson, kBadUtf8, kPayloadTooLarge, kBadMember when a member comes twice or the text is no object.
  static Result<JsonBody> Parse(std::string_view text, std::size_t limit = 1u << 20);

  //! The member as text of at most `limit` bytes; nullopt when it is absent. kBadMember when it is no string or too long.
  Result<std::optional<std::string>> Text(std::string_view name, std::size_t limit);
  //! A whole number of 64 bits; nullopt when it is absent or no number at all, kBadMember when it is another number.
  Result<std::optional<std::int64_t>> WholeNumber(std::string_view name);
  //! true or false; nullopt when it is absent.
  Result<std::optional<bool>> Flag(std::string_view name);
  //! A whole number of 64 bits; nullopt when it is absent.
  Result<std::optional<std::int64_t>> Integer(std::string_view name);
  //! A whole number in [least, most]; nullopt when it is absent or null.
  Result<std::optional<std::int64_t>> Integer(std::string_view name, std::int64_t least, std::int64_t most);
  //! An ISO 8601 time; nullopt when it is absent or null. kBadMember, kBadTime.
  Result<std::optional<Micros>> Time(std::string_view name);
  //! The member's own JSON text, without spaces between tokens, numbers as they were written. It must be an object.
  Result<std::optional<std::string>> ObjectText(std::string_view name);
  //! An array of up to `most` texts of up to `limit` bytes.
  Result<std::optional<std::vector<std::string>>> Texts(std::string_view name, std::size_t most, std::size_t limit);
  //! An array of objects.
  Result<std::optional<std::vector<JsonBody>>> Objects(std::string_view name);
  //! The names of all members, in order.
  std::vector<std::string> Names() const;
  //! The member's own JSON text, whatever it is.
  std::optional<std::string> Raw(std::string_view name);
  bool Has(std::string_view name) const;
  bool IsNull(std::string_view name) const;
  //! Takes a member without looking at it: it may be sent back as it was given, and means nothing on the way in.
  void Ignore(std::string_view name);
  //! kUnknownMember when there is a member that nobody took.
  Status Finish() const;

  //! The JSON pointer of a member.
  std::string Place(std::string_view name) const;

 private:
  struct Member {
    std::string name;
    std::string text;
    bool taken = false;
  };
  //! `text` is an object known to be well-formed.
  static Result<JsonBody> Split(std::string_view text, std::string pointer);
  Member* Take(std::string_view name);
  static Result<std::string> ReadText(std::string_view json, std::string_view name, std::size_t limit, const std::string& place);

  std::string pointer_;
  std::vector<Member> members_;
};

}  // namespace sheaf::api
