#pragma once
//! Names of columns, as people write them in filters, sorts and column lists, looked up in a dataset.

#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "model/column.h"

namespace sheaf::query {

//! Built once per request: a look-up costs one hash. Refers to the dataset, which must outlive it.
class Names {
 public:
  explicit Names(const model::Dataset& dataset);

  const model::Dataset& Dataset() const { return dataset_; }

  //! The column that a filter or a sort means by `name`: `participant` and `session` are their ids. kUnknownField.
  Result<model::Column> ForCondition(std::string_view name, std::string_view place) const;
  //! The column that a column list means by `name`: fields, record columns, `study`, `metadata.FIELD`, and what participants
  //! and sessions have beside their ids. kUnknownField.
  Result<model::Column> ForOutput(std::string_view name, std::string_view place) const;

 private:
  std::optional<model::Column> Field(std::string_view name) const;

  const model::Dataset& dataset_;
  std::unordered_map<std::string_view, std::int32_t> fields_;
};

//! The record's own column called `word` ("time"), whatever the dataset's fields are called.
std::optional<model::ColumnKind> RecordColumn(std::string_view word);
//! The word of a record column, a participant's or a session's; empty for attributes and fields.
std::string_view WordOf(model::ColumnKind kind);

//! ":datetime" for kDatetime; empty for a type that nothing is cast to.
std::string_view CastWord(model::FieldType type);

//! `text` in quotes for a message, cut when it is long.
std::string Quoted(std::string_view text);

}  // namespace sheaf::query
