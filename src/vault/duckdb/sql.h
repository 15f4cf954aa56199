#pragma once
//! A Select as SQL with parameters. Constants of a filter never become text.

#include <string>
#include <string_view>
#include <vector>

#include "model/predicate.h"
#include "vault/duckdb/engine.h"
#include "vault/duckdb/people.h"
#include "vault/vault.h"

namespace sheaf::vault {

struct Sql {
  std::string text;
  std::vector<model::Value> parameters;  //!< for the `?` in order
};

//! What the rendering needs to know of the study.
struct SqlContext {
  std::string alias;
  const model::Dataset& dataset;
  const People& people;
  bool has_dead_rows = true;  //!< false: no row of the dataset was ever replaced or deleted
};

//! "SELECT … FROM … WHERE … ORDER BY … LIMIT …" ; `columns` replaces the list of columns when not empty.
Sql RenderSelect(const Select& select, const SqlContext& context, std::string_view columns = {});
//! The WHERE part alone, without the keyword; "TRUE" when nothing restricts.
Sql RenderWhere(const Select& select, const SqlContext& context, bool with_position);

//! `participant`'s columns alone, for a table of them called p whose number is called _participant.
Sql RenderPeople(const model::Predicate& where, const SqlContext& context);
//! A column to group by, masked as Select::masked says; without parameters.
std::string RenderGroup(const model::Column& column, const SqlContext& context);
//! "no IN (1,2,3)"; FALSE for none.
std::string NumberCondition(std::string_view column, const std::vector<std::int32_t>& numbers);
//! A condition on a dataset's table that is true for whoever has not withdrawn: part of every query for readers.
std::string VisibleSql(const People& people, std::string_view column = "_participant");

Status BindParameters(Statement& statement, const std::vector<model::Value>& parameters, int first = 1);

}  // namespace sheaf::vault
