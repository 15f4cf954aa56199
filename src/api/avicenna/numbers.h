#pragma once
//! Studies, datasets and participants by the whole numbers this protocol knows them by. An id that is a decimal number is
//! that number; others have an alias: the `number` of a study's settings, the attribute `number` of a dataset (else its place
//! among the study's datasets, from 1), and for a participant kAliasBase and what the study has counted them as.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/native/call.h"

namespace sheaf::api::avicenna {

//! A whole number in decimal, without sign, spaces or leading zeros, of at most 15 digits.
std::optional<std::int64_t> WholeNumber(std::string_view text);

//! The study of this number, when the caller may do this in it. kNotFound, kForbidden.
Result<access::StudyAccess> FindStudy(const native::Call& call, std::int64_t number, access::Action action);
//! nullopt: it has none, and cannot be spoken of here.
std::optional<std::int64_t> NumberOf(const model::Study& study);

std::int64_t NumberOf(const model::Dataset& dataset);
//! Of the kind; nullptr when there is none of this number.
std::shared_ptr<const model::Dataset> FindDataset(vault::StudyVault& vault, model::DatasetKind kind, std::int64_t number);

//! The participant's id as the study keeps it; `text` itself when it is no alias.
std::string ParticipantId(vault::StudyVault& vault, std::string_view text);

}  // namespace sheaf::api::avicenna
