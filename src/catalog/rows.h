#pragma once
//! Reading and writing rows with bound parameters. Includes no library: the files that use it do.
//! A Row has Into(statement), which binds its members to the columns in order, and Take(), which gives the value.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace sheaf::catalog {

//! All rows of a query.
template <class Row, class Statement, class Session, class... Parameters>
auto SelectAll(Session& sql, const std::string& text, const Parameters&... parameters) -> Result<std::vector<typename Row::Value>> {
  Row row;
  Statement statement(sql);
  row.Into(statement);
  (statement.exchange(parameters), ...);
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  statement.execute();
  std::vector<typename Row::Value> values;
  while (statement.fetch()) {
    SHEAF_ASSIGN(auto value, row.Take());
    values.push_back(std::move(value));
  }
  return values;
}

//! The first row of a query, if there is one.
template <class Row, class Statement, class Session, class... Parameters>
auto SelectOne(Session& sql, const std::string& text, const Parameters&... parameters) -> Result<std::optional<typename Row::Value>> {
  SHEAF_ASSIGN(auto values, (SelectAll<Row, Statement>(sql, text, parameters...)));
  if (values.empty()) return std::optional<typename Row::Value>();
  return std::optional<typename Row::Value>(std::move(values.front()));
}

//! Runs a change and tells how many rows it touched.
template <class Statement, class Session, class... Parameters>
long long Change(Session& sql, const std::string& text, const Parameters&... parameters) {
  Statement statement(sql);
  (statement.exchange(parameters), ...);
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  statement.execute(true);
  return statement.get_affected_rows();
}

}  // namespace sheaf::catalog
