#pragma once
//! One JSON record into a row.

#include <string>
#include <string_view>
#include <vector>

#include "ingest/json_reader.h"
#include "ingest/row_builder.h"

namespace sheaf::ingest {

class JsonRecordParser {
 public:
  explicit JsonRecordParser(RowBuilder& row);

  //! Reads the record into the row, between RowBuilder's Begin and Finish. False: the row has the fault.
  bool Parse(JsonReader& reader);

 private:
  bool ParseMember(JsonReader& reader, std::size_t place);
  bool TakeMemberKey(JsonReader& reader, std::size_t place, int* member);
  bool ParseId(JsonReader& reader, int member);
  bool ParseTimes(JsonReader& reader, int member);
  bool ParseOnset(JsonReader& reader);
  bool ParseSkipped(JsonReader& reader);
  bool ParseValues(JsonReader& reader);
  bool TakeFieldKey(JsonReader& reader, std::size_t place, int* field);
  bool ParseValue(JsonReader& reader, int field);
  bool ParseNumber(JsonReader& reader, int field);
  bool ParseText(JsonReader& reader, int field);
  bool ParseIdentifier(JsonReader& reader, int field);
  bool ParseSet(JsonReader& reader, int field);
  bool WrongType(JsonReader& reader, int field);
  bool WrongMember(JsonReader& reader, int member, std::string_view expected);
  bool BadJson(const JsonReader& reader, std::string_view expected);

  RowBuilder& row_;
  // The order of members and of fields in the record before: nearly always that of this one.
  std::vector<ExpectedKey> member_keys_, field_keys_;
  std::vector<int> member_order_;
  std::vector<int> field_order_;
  std::uint32_t members_seen_ = 0;
  std::string key_, text_, raw_, metadata_;
  std::string participant_, session_, record_id_;  // where these had escapes: they stay until Finish
};

//! Checks {field:{…}} and writes it short into `out`; {} leaves `out` empty. False: the row has the fault.
bool ReadMetadata(JsonReader& reader, RowBuilder& row, std::string& out);

}  // namespace sheaf::ingest
