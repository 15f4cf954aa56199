#pragma once
//! What becomes of each column of the files: a record's own member, a field of the dataset, or nothing.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/import_file.h"
#include "ingest/infer.h"
#include "model/definition.h"

namespace sheaf::cli {

//! Columns named on the command line; empty: by their usual names.
struct ColumnChoices {
  std::string participant, session, time, id;
};

enum class ColumnRole : std::uint8_t { kField, kParticipant, kSession, kTime, kId, kTimeOffset, kOnset, kSkipped, kMetadata, kIgnored };

struct PlannedColumn {
  ColumnRole role = ColumnRole::kIgnored;
  int field = -1;  //!< number in the dataset
};

struct ImportPlan {
  model::Dataset dataset;              //!< with the fields that are to be added
  std::vector<PlannedColumn> columns;  //!< by place in ColumnNames
  std::vector<std::string> notes;      //!< what was inferred, a sentence a field
  bool changes_definition = false;
  bool has_participant = false;
  bool has_id = false;
};

//! The first reading: what types the columns have.
struct Observed {
  ColumnNames names;
  std::vector<ingest::Inference> columns;  //!< by place
  std::uint64_t rows = 0;
  bool records = false;  //!< some rows are records of Sheaf's own form
};

//! `existing`: the dataset as the server has it. kUsage when a chosen column is not in the files.
Result<ImportPlan> MakeImportPlan(const Observed& observed, const ColumnChoices& choices, const std::optional<model::Dataset>& existing,
                                  const std::string& dataset_id, model::DatasetKind kind);

}  // namespace sheaf::cli
