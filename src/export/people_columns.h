#pragma once
//! What participants and sessions have beside their ids, as columns of an export. A row has their number; the value is looked
//! up by it, so that the rows need no join, which would cost them their order.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "export/plan.h"
#include "privacy/seen.h"

namespace sheaf::exporting {

//! Texts by number; nothing where there is none, or where it cannot be read as what the column says.
struct PeopleValues {
  std::vector<std::optional<std::string>> texts;

  const std::string* Of(std::int32_t number) const {
    if (number < 0 || static_cast<std::size_t>(number) >= texts.size()) return nullptr;
    const auto& text = texts[static_cast<std::size_t>(number)];
    return text ? &*text : nullptr;
  }
};

//! Is the column one of these?
bool OfPeople(const model::Column& column);
//! The column of the rows that tells whose value it is.
model::Column NumberColumn(const model::Column& column);
//! What the values are: text, datetime (as FormatIsoUtc), double, boolean (true, false).
model::FieldType TypeOfPeopleColumn(const model::Column& column);

//! Fills the values of the plan's columns, as the plan's reader may see them. Reads all people where there is such a column.
Status LoadPeopleColumns(vault::StudyVault& study, Plan& plan);

//! `people` under numbers: see PeopleStyle::kNumbers.
std::shared_ptr<const vault::PeopleView> NumberedPeople(std::shared_ptr<const vault::PeopleView> people);

}  // namespace sheaf::exporting
