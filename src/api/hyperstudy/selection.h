#pragma once
//! A data query as options of an export: filters, sort, whose records.

#include <string>

#include "api/hyperstudy/data_query.h"
#include "api/hyperstudy/record_types.h"
#include "api/hyperstudy/target.h"
#include "export/options.h"

namespace sheaf::api::hyperstudy {

//! kBadParameter for a sort by what cannot be sorted by.
Result<exporting::ExportOptions> SelectRecords(const Target& target, const RecordType& type, const model::Dataset& dataset,
                                               const DataQuery& query);

}  // namespace sheaf::api::hyperstudy
