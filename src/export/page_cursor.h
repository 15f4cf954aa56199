#pragma once
//! The cursor between two pages of one list: an instant, a position, and a digest of what list it is.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/predicate.h"
#include "vault/vault.h"

namespace sheaf::exporting {

struct PageCursor {
  vault::Seq upto = 0;      //!< the instant of the first page
  vault::Seq seq = 0;       //!< of the last row so far
  std::uint64_t total = 0;  //!< counted for the first page
  //! Of the last row, one a sort key; nullopt: null. Empty although there are sort keys: too long for a cursor; the
  //! row is found again by its seq.
  std::vector<std::optional<model::Value>> values;
};

//! `list` names the list in full (study, dataset, filter, sort, window). base64url.
std::string PageCursorText(const PageCursor& cursor, std::string_view list);
//! nullopt for anything but a cursor that was made for the same list. The types of the values are not checked.
std::optional<PageCursor> ParsePageCursor(std::string_view text, std::string_view list);

}  // namespace sheaf::exporting
