#pragma once
//! Errors as values. Every failure Sheaf tells a caller about carries a code of the one catalogue in
//! `error_catalogue.def`; the API's problem documents, the command line and the documents are rendered from it.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace sheaf {

enum class ErrorCode : std::uint16_t {
#define SHEAF_ERROR(number, name, slug, status, title, advice) name = number,
#include "base/error_catalogue.def"
#undef SHEAF_ERROR
};

//! One row of the catalogue.
struct ErrorEntry {
  ErrorCode code;
  int number;               //!< stable, never reused
  std::string_view slug;    //!< "unknown-field": the last part of the problem's `type`
  int http_status;          //!< what the native API answers
  std::string_view title;   //!< what went wrong, the same for every occurrence
  std::string_view advice;  //!< what the caller can do about it
};

//! The whole catalogue in order of number. Static storage.
const std::vector<ErrorEntry>& ErrorCatalogue();
//! The entry of `code`; never fails for a code of the enum.
const ErrorEntry& Describe(ErrorCode code);

//! A failure. `detail` says what happened this time, in a sentence for the caller: it holds no secret and no
//! path of the server. `place` names the spot in the caller's input, for example "/filter/all/0/field" (a JSON
//! pointer), "line 12" or a field's id; empty when there is none.
struct Error {
  ErrorCode code;
  std::string detail;
  std::string place;
  int retry_after_s = 0;  //!< above 0: seconds after which a retry makes sense (429, 503)
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

//! `return Fail(ErrorCode::kUnknownField, "…", "/filter/field");`
inline tl::unexpected<Error> Fail(ErrorCode code, std::string detail, std::string place = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail), std::move(place), 0});
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace sheaf

#define SHEAF_CONCAT_INNER(a, b) a##b
#define SHEAF_CONCAT(a, b) SHEAF_CONCAT_INNER(a, b)
//! Returns the error of `expression` (a Status or Result) from the calling function, if it has one.
#define SHEAF_TRY(expression) SHEAF_TRY_INNER(SHEAF_CONCAT(sheaf_try_, __LINE__), expression)
#define SHEAF_TRY_INNER(outcome, expression)                                                                      \
  do {                                                                                                            \
    if (auto outcome = (expression); !outcome) return tl::unexpected<::sheaf::Error>(std::move(outcome).error()); \
  } while (false)
//! `SHEAF_ASSIGN(auto rows, Count());`: the value, or return with the error.
#define SHEAF_ASSIGN(declaration, expression) SHEAF_ASSIGN_INNER(SHEAF_CONCAT(sheaf_assign_, __LINE__), declaration, expression)
#define SHEAF_ASSIGN_INNER(temporary, declaration, expression)                         \
  auto temporary = (expression);                                                       \
  if (!temporary) return tl::unexpected<::sheaf::Error>(std::move(temporary).error()); \
  declaration = std::move(*temporary)
