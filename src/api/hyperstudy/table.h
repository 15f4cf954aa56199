#pragma once
//! Lists that are at hand as a whole: people, rooms, windows. Cells are JSON texts.

#include <string>
#include <vector>

#include "api/hyperstudy/envelope.h"

namespace sheaf::api::hyperstudy {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  //!< as many cells as columns
};

//! By a column, nulls last, equal rows as they stand. kBadParameter when there is no such column, or it holds objects.
Status SortTable(Table& table, const std::string& column, bool descending);
//! The rows that the query's offset and limit ask for, in its format. `rows`, where it is given, is set to how many.
http::Response TableResponse(Envelope envelope, const Table& table, std::optional<std::uint64_t>* rows = nullptr);

//! Rows [begin, end): objects of JSON with commas between them, lines of CSV with the header, lines of NDJSON.
std::string TableText(const Table& table, std::size_t begin, std::size_t end, DataFormat format);

std::string QuotedJson(std::string_view text);
//! null for an empty text.
std::string TextOrNull(std::string_view text);

}  // namespace sheaf::api::hyperstudy
