#pragma once
//! The tables of one study's file, and how they came to be. Described for readers in docs/formats/storage.md.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/column.h"
#include "vault/duckdb/engine.h"

namespace sheaf::vault {

//! The version this program writes. A file of a newer version is refused, an older one is migrated when opened.
inline constexpr int kSchemaVersion = 2;

//! Brings the attached database `alias` to kSchemaVersion; each step is one transaction. kStorageDamaged when it is newer.
Status Migrate(Connection& connection, const std::string& alias);
Result<int> SchemaVersion(Connection& connection, const std::string& alias);

//! "alias.main.d7"
std::string TableName(const std::string& alias, std::int32_t dataset_number);
//! "f3"
std::string FieldColumnName(std::int32_t field_number);
//! SQL type of a field's column, for example "INTEGER[]" for a set.
std::string_view FieldSqlType(model::FieldType type);
//! The column's name in a dataset's table; empty for the kinds that live in the people tables.
std::string PhysicalName(const model::Column& column);
//! CREATE TABLE for a dataset; and ALTERs for the fields from `first_new` on.
std::string CreateTableSql(const std::string& alias, const model::Dataset& dataset);
std::vector<std::string> AddFieldsSql(const std::string& alias, const model::Dataset& dataset, std::size_t first_new);

//! Columns before the fields, in table order.
inline constexpr int kRecordColumns = 12;

}  // namespace sheaf::vault
