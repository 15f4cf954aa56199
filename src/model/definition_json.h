#pragma once
//! A dataset's definition as JSON: the body of PUT …/datasets/{dataset} and what is stored.

#include <string>
#include <string_view>

#include "base/error.h"
#include "model/definition.h"

namespace sheaf::model {

//! Parses and validates. Only `id` and `type` of a field are needed; names default to ids, codes and labels of
//! options to their ids; `mode` defaults to keyed for survey, profile and donation, else to append. Unknown
//! members are refused. `dataset_id` comes from the address; a member "id" in the JSON must equal it.
//! Errors: kBadJson, kBadMember, kUnknownMember, kBadId, kBadDefinition, with a JSON pointer as place.
Result<Dataset> ParseDataset(std::string_view json, std::string_view dataset_id);

//! The whole definition: {"id","kind","mode","name","version","fields":[…]}; optional members only where set.
std::string DatasetJson(const Dataset& dataset);

//! `next` as a successor of `current`: fields keep their place; new ones follow in the order given; fields that
//! `next` leaves out stay. Labels, names, codes, units, ranges, privacy, questions and attributes may change; new options follow the old ones, options and groups left out stay. The version grows by one when anything changed.
//! Errors: kDefinitionConflict when the type of a field, the kind or the mode would change; kBadDefinition past the limits.
Result<Dataset> MergeDefinitions(const Dataset& current, Dataset next);

}  // namespace sheaf::model
