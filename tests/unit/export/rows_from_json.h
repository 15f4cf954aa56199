#pragma once
//! Test rows written as the records of the API: one JSON object a line.

#include <boost/json.hpp>
#include <sstream>
#include <stdexcept>

#include "fake_vault.h"

namespace sheaf::exporting {

inline Micros TimeOf(const boost::json::value& value) {
  const auto time = ParseIsoTime(value.as_string());
  if (!time) throw std::invalid_argument("time");
  return time->instant;
}

inline FakeValue ValueFromJson(const model::Field& field, const boost::json::value& value) {
  const auto option = [&field](const boost::json::value& id) {
    const int number = field.OptionNumber(id.as_string());
    if (number < 0) throw std::invalid_argument("option");
    return number;
  };
  switch (field.type) {
    case model::FieldType::kInteger: return value.as_int64();
    case model::FieldType::kDatetime: return TimeOf(value);
    case model::FieldType::kDouble: return value.to_number<double>();
    case model::FieldType::kBoolean: return value.as_bool();
    case model::FieldType::kEnum: return std::int64_t{option(value)};
    case model::FieldType::kJson: return boost::json::serialize(value);
    case model::FieldType::kSet: {
      std::vector<std::int32_t> ticked;
      for (const auto& id : value.as_array()) ticked.push_back(option(id));
      return ticked;
    }
    default: return std::string(value.as_string());
  }
}

inline FakeRow RowFromJson(const model::Dataset& dataset, std::string_view line) {
  FakeRow row;
  const boost::json::value record = boost::json::parse(line);
  for (const auto& [name, value] : record.as_object()) {
    if (name == "id") row.id = value.as_string();
    else if (name == "participant") row.participant = value.as_string();
    else if (name == "session") row.session = value.as_string();
    else if (name == "time") row.time = TimeOf(value);
    else if (name == "time_offset") row.time_offset = static_cast<std::int16_t>(value.as_int64());
    else if (name == "onset_ms") row.onset_ms = value.to_number<double>();
    else if (name == "metadata") row.metadata = boost::json::serialize(value);
    else if (name == "values") {
      for (const auto& [field, answer] : value.as_object()) {
        const int number = dataset.FieldNumber(field);
        row.values.emplace(number, ValueFromJson(dataset.fields.at(static_cast<std::size_t>(number)), answer));
      }
    } else if (name == "skipped") {
      for (const auto& field : value.as_array()) row.skipped.push_back(static_cast<std::uint16_t>(dataset.FieldNumber(field.as_string())));
      std::sort(row.skipped.begin(), row.skipped.end());
    } else {
      throw std::invalid_argument("member " + std::string(name));
    }
  }
  return row;
}

inline void AddRows(FakeStudy& study, const model::Dataset& dataset, std::string_view lines) {
  std::istringstream stream{std::string(lines)};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) study.Add(dataset.id, RowFromJson(dataset, line));
  }
}

}  // namespace sheaf::exporting
