#pragma once
//! An export compiled: one Select and the columns it is written as. Nothing after the plan decides who may see what.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "export/alida.h"
#include "export/options.h"
#include "export/viewer.h"
#include "privacy/rewrite.h"
#include "privacy/risk.h"
#include "privacy/seen.h"
#include "vault/vault.h"

namespace sheaf::exporting {

struct PeopleValues;

//! One column of the output. Several may read the same source (the options of a split set).
struct OutputColumn {
  std::size_t source = 0;  //!< index in Select::columns
  model::Column column;
  model::FieldType type = model::FieldType::kString;          //!< how it is written; record columns: the nearest field type
  const model::Field* field = nullptr;                        //!< of Plan::dataset; null for record columns
  int option = -1;                                            //!< split sets: the option's number
  std::string name;                                           //!< "mood", "mood/2", "time"
  std::string title;                                          //!< what the header says (name or label)
  std::shared_ptr<const PeopleValues> people;                 //!< looked up by the number in `source`; PreparePlan fills it
  const std::map<std::string, std::string>* words = nullptr;  //!< of ExportOptions::words; null: none
  //! CSV: paths of files by their ids, written instead of these; ids that have none stay as they are. Null: no paths.
  std::shared_ptr<const std::map<std::string, std::string, std::less<>>> paths;
};

//! The risk check of a plan. PreparePlan fills the table where it is asked for.
struct PlanRisk {
  privacy::RiskColumns columns;
  std::vector<model::Column> quasi, sensitive;
  std::uint64_t least_allowed = 1;
  std::shared_ptr<const privacy::RiskTable> table;
  bool suppress = false;  //!< records of small classes are left out
};

//! What a plan of aggregates asks of the vault, and what came of it.
struct PlanAggregate {
  std::shared_ptr<const model::Dataset> source;  //!< what is aggregated; Plan::dataset describes the result
  vault::AggregateRequest request;
  std::vector<std::string> group_names;
  std::uint64_t minimum_cell = 1;
  struct Table;
  std::shared_ptr<const Table> table;  //!< filled by PreparePlan
};

struct Plan {
  std::shared_ptr<const model::Dataset> dataset;
  std::shared_ptr<const vault::PeopleView> people;  //!< their codes, where these stand for ids
  vault::Select select;
  std::vector<OutputColumn> output;
  std::size_t skipped_source = 0;  //!< index of kSkipped in Select::columns: always selected; the last one unless asked for
  ExportOptions options;
  std::string cursor;                                 //!< what `since` of the next export is
  std::shared_ptr<const privacy::Rewriter> rewriter;  //!< how records are changed on their way out; null: not at all
  privacy::Reader reader;                             //!< as whom people are looked up
  PlanRisk risk;
  std::shared_ptr<PlanAggregate> aggregate;  //!< null: records
  std::shared_ptr<AlidaFile> alida;          //!< of Format::kAlida
  std::vector<vault::Tombstone> tombstones;  //!< with ExportOptions::tombstones: JSON's "deleted" before "count", NDJSON's
                                             //!< last lines {"deleted":{"id","record_seq","seq","deleted_at"}}
};

//! An export may have this many columns (sets written one column an option make many).
inline constexpr std::size_t kMaxOutputColumns = 100000;
//! And tombstones; beyond that a reader is better off with everything anew.
inline constexpr std::size_t kMaxTombstones = 1000000;

//! Binds options to one dataset at the study's present instant (or `upto`, when above 0).
//! Default columns of CSV and Parquet: participant, session, time, onset_ms, then all fields. JSON and NDJSON: the
//! whole record. Errors: as of query and CheckOptions, kNotFound for the dataset (also for one the viewer may not see),
//! kBadCursor, kIdentifierRemoved.
Result<Plan> MakePlan(vault::StudyVault& study, const ExportOptions& options, std::string_view dataset, vault::Seq upto = 0,
                      const Viewer& viewer = {});

//! The options as they count for this viewer: who may not see identifiers gets them removed.
ExportOptions ForViewer(ExportOptions options, const model::ViewRights& rights);
//! Codes of people can be made. kInternal: this viewer has no key.
Result<privacy::CodeKey> CodeKeyOf(const Viewer& viewer);

}  // namespace sheaf::exporting
