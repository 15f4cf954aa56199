#pragma once
//! The participants of a study, read as if they were the records of a dataset. It has the number 0, and no table of its own.

#include <memory>
#include <string>

#include "model/definition.h"

namespace sheaf::vault {

std::shared_ptr<const model::Dataset> ParticipantsDataset();
//! What a query of the dataset reads from: its table, or the participants put into the same columns.
std::string SourceSql(const std::string& alias, std::int32_t dataset_number);

}  // namespace sheaf::vault
