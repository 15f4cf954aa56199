#pragma once
//! A page of records: {"records":[…],"cursor":…,"has_more":…,"total":n} with the encoder of NDJSON.

#include <string>

#include "base/error.h"
#include "export/options.h"
#include "export/viewer.h"
#include "vault/vault.h"

namespace sheaf::exporting {

inline constexpr std::uint64_t kMaxPage = 10000;

struct PageOptions {
  std::uint64_t limit = 100;
  std::string cursor;     //!< of the page before; carries the instant and the position, so that pages neither repeat nor
                          //!< miss rows while others write. Empty: the first page
  Viewer viewer;          //!< whose page it is
  ExportOptions options;  //!< filter, sort, columns, participants, sessions, since, until, tombstones
};

//! The page's JSON. At the last page `cursor` is one for `since`, so that a reader goes on with what comes later.
//! `total` counts what the filter matches as of the first page. With `tombstones`, on the first page: "deleted":[{"id","record_seq","seq","deleted_at"}].
//! A page ends early, with `has_more`, when its text grows beyond 16 MB. Of participants and sessions it can be sorted
//! by the id alone: the rest may change between two pages.
//! With identifiers removed "masked":{"emails","ip_addresses","ids"} counts what was found in the texts read for this page.
//! Errors: of MakePlan; kBadCursor when the cursor is of another filter, sort or dataset; kBadParameter (limit, sort).
//! `rows`, where it is given, is set to how many the page has.
Result<std::string> RenderPage(vault::StudyVault& study, std::string_view dataset, const PageOptions& options,
                               std::uint64_t* rows = nullptr);

}  // namespace sheaf::exporting
