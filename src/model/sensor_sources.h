#pragma once
//! The registry of data sources: which sensors there are, by number and name, and what columns their records have. An
//! operator edits it as a JSON file (`sensors.json` of the data directory); a study's dataset is made from a source.
//!
//!   {"sources": [{"id": 10, "name": "gps", "label": "GPS", "fields": [{"id": "lat", "type": "double", "unit": "deg"}, …]},
//!                {"id": 99, "alias_of": 1}]}
//!
//! `fields` are written as in a definition. Every dataset made from a source begins with the system field `device_id`.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/definition.h"

namespace sheaf::model {

struct SensorSource {
  std::int64_t number = 0;
  Dataset definition;  //!< of kind sensor; its id is the source's name
};

//! Immutable once parsed.
class SensorSources {
 public:
  //! kBadJson, kBadMember, kUnknownMember, kBadId, kBadDefinition, with a JSON pointer as place.
  static Result<SensorSources> Parse(std::string_view json);
  //! What a new data directory gets.
  static std::string_view DefaultJson();

  //! In order of their numbers, aliases left out.
  const std::vector<SensorSource>& All() const { return sources_; }
  //! By number or alias, or by name; nullptr when there is none.
  const SensorSource* Find(std::int64_t number) const;
  const SensorSource* Find(std::string_view name) const;
  //! Alias and what it stands for.
  const std::map<std::int64_t, std::int64_t>& Aliases() const { return aliases_; }
  //! {"sources":[{"id","name","label","fields":[…]}, …, {"id","alias_of"}]}
  std::string Json() const;

 private:
  std::vector<SensorSource> sources_;
  std::map<std::int64_t, std::int64_t> aliases_;
};

//! The system field of a sensor's dataset that tells which device has recorded.
inline constexpr std::string_view kDeviceField = "device_id";

//! A new dataset for the source's records, which remembers where it came from.
Dataset DatasetFrom(const SensorSource& source, std::string_view dataset_id);
//! The number of the source a dataset was made from.
std::optional<std::int64_t> DataSourceOf(const Dataset& dataset);

}  // namespace sheaf::model
