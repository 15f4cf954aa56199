#pragma once
//! Cells of text into a row: what CSV means.

#include <string>
#include <string_view>

#include "ingest/csv_reader.h"
#include "ingest/json_reader.h"
#include "ingest/row_builder.h"

namespace sheaf::ingest {

//! The text of a cell whose question was declined.
inline constexpr std::string_view kSkippedText = "<skipped>";
//! Between the options of a set, and between the fields of the column `skipped`.
inline constexpr char kListSeparator = ';';

class CsvCells {
 public:
  explicit CsvCells(RowBuilder& row) : row_(row) {}

  //! Between RowBuilder's Begin and Finish; false: the row has the fault. Cell texts must stay until Finish.
  bool PutField(int field, const CsvCell& cell);
  bool PutOnset(std::string_view text);
  bool PutSkippedList(std::string_view text);
  bool PutMetadata(std::string_view text);

 private:
  bool PutNumber(int field, std::string_view text);
  bool PutBoolean(int field, std::string_view text);
  bool PutSet(int field, std::string_view text);

  RowBuilder& row_;
  JsonText json_;
  std::string minified_, metadata_;
};

}  // namespace sheaf::ingest
