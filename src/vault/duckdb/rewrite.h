#pragma once
//! A study's file written anew without what is to go. Deleted rows leave their bytes in a DuckDB file's free blocks; a new
//! file never had them.

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "vault/care.h"
#include "vault/duckdb/state.h"

namespace sheaf::vault {

struct Omission {
  std::vector<std::int32_t> participants;    //!< ascending
  std::vector<std::string> participant_ids;  //!< also replaced where another's record is, or names, exactly such an id
  std::vector<std::int32_t> datasets;        //!< all their records
};

//! On the writer's thread, outside a transaction. Readers go on meanwhile; at the end they are held for a moment, while the
//! new file takes the old one's place. A crash at any point leaves either file whole. Needs room for a second file:
//! kStorageFull. With unknown participants the file is still written anew, without what no row needs.
Result<Erased> RewriteStudy(StudyState& state, Connection& connection, const Omission& omission);

//! Removes what a rewrite that was cut off left beside the file.
void RemoveUnfinishedRewrite(const std::string& file);

}  // namespace sheaf::vault
