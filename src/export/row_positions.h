#pragma once
//! Where a row stands in the order of a plan, so that reading can go on behind it.

#include <optional>
#include <vector>

#include "base/error.h"
#include "export/plan.h"
#include "vault/vault.h"

namespace sheaf::exporting {

//! Refers to the study and the plan, whose select gets the columns that positions are read from.
class RowPositions {
 public:
  RowPositions(vault::StudyVault& study, Plan& plan) : study_(study), plan_(plan), people_(study.People()) {}

  //! Before the first read. kBadParameter (sort): what people and sessions have beside their ids may change from page to page.
  Status Begin();
  //! Of a row of the plan's columns. Of rows that are changed on their way out it has no values, only the seq: what rows
  //! were before is nothing that may be kept.
  vault::Select::Position Of(const model::ColumnBatch& batch, std::size_t row) const;
  //! The values of the row with this seq; kNotFound when it is not there.
  Result<std::vector<std::optional<model::Value>>> Find(vault::Seq seq);

 private:
  std::size_t SourceColumn(const model::Column& column);
  std::vector<std::optional<model::Value>> ValuesOf(const model::ColumnBatch& batch, std::size_t row) const;

  vault::StudyVault& study_;
  Plan& plan_;
  const std::shared_ptr<const vault::PeopleView> people_;  // sorts go by ids, whatever is shown
  std::vector<std::size_t> sources_;                       // of the sort keys, in Select::columns
  std::size_t seq_source_ = 0;
};

}  // namespace sheaf::exporting
