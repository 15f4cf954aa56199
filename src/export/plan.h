#pragma once
//! An export compiled: one Select and the columns it is written as. Nothing after the plan decides who may see what.

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "export/options.h"
#include "vault/vault.h"

namespace sheaf::exporting {

//! One column of the output. Several may read the same source (the options of a split set).
struct OutputColumn {
  std::size_t source = 0;  //!< index in Select::columns
  model::Column column;
  model::FieldType type = model::FieldType::kString;  //!< how it is written; record columns: the nearest field type
  const model::Field* field = nullptr;                //!< of Plan::dataset; null for record columns
  int option = -1;                                    //!< split sets: the option's number
  std::string name;                                   //!< "mood", "mood/2", "time"
  std::string title;                                  //!< what the header says (name or label)
};

struct Plan {
  std::shared_ptr<const model::Dataset> dataset;
  std::shared_ptr<const vault::PeopleView> people;
  vault::Select select;
  std::vector<OutputColumn> output;
  std::size_t skipped_source = 0;  //!< index of kSkipped in Select::columns: always selected; the last one unless asked for
  ExportOptions options;
  std::string cursor;                        //!< what `since` of the next export is
  std::vector<vault::Tombstone> tombstones;  //!< with ExportOptions::tombstones: JSON's "deleted" before "count", NDJSON's
                                             //!< last lines {"deleted":{"id","record_seq","seq","deleted_at"}}
};

//! An export may have this many columns (sets written one column an option make many).
inline constexpr std::size_t kMaxOutputColumns = 100000;
//! And tombstones; beyond that a reader is better off with everything anew.
inline constexpr std::size_t kMaxTombstones = 1000000;

//! Binds options to one dataset at the study's present instant (or `upto`, when above 0).
//! Default columns of CSV and Parquet: participant, session, time, onset_ms, then all fields. JSON and NDJSON: the
//! whole record. Errors: as of query and CheckOptions, kNotFound for the dataset, kBadCursor.
Result<Plan> MakePlan(vault::StudyVault& study, const ExportOptions& options, std::string_view dataset, vault::Seq upto = 0);

}  // namespace sheaf::exporting
