#pragma once
//! What a dataset is: its definition. Plain values, no I/O. The JSON form is `definition_json.h`.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sheaf::model {

enum class FieldType : std::uint8_t { kString, kInteger, kDouble, kBoolean, kDatetime, kIdentifier, kEnum, kSet, kJson };
enum class PrivacyClass : std::uint8_t { kPlain, kSensitive, kQuasi, kDirect };
enum class DatasetKind : std::uint8_t {
  kEvents,
  kRecordings,
  kChat,
  kContinuousRatings,
  kSparseRatings,
  kSyncMetrics,
  kComponents,
  kSurvey,
  kSensor,
  kDonation,
  kProfile,
  kCustom,
};
enum class DatasetMode : std::uint8_t {
  kAppend,  //!< rows are never edited: sensors, events, ratings
  kKeyed,   //!< a row has an id and can be replaced: survey responses, profiles, donations
};

//! The words of the API for these; nullopt for an unknown word.
std::string_view Name(FieldType type);
std::string_view Name(PrivacyClass privacy);
std::string_view Name(DatasetKind kind);
std::string_view Name(DatasetMode mode);
std::optional<FieldType> FieldTypeFrom(std::string_view name);
std::optional<PrivacyClass> PrivacyClassFrom(std::string_view name);
std::optional<DatasetKind> DatasetKindFrom(std::string_view name);
std::optional<DatasetMode> DatasetModeFrom(std::string_view name);

//! A choice of an enum or set field. Its number is its place in Field::options; options are only ever added, so a
//! stored number keeps its meaning.
struct Option {
  std::string id;       //!< 1 to 255 bytes, unique in the field
  std::string code;     //!< what analysts write ("1"); the id where none was given
  std::string label;    //!< what participants read; the id where none was given
  bool hidden = false;  //!< no longer offered to participants, or never was
};

struct Field {
  std::string id;     //!< [A-Za-z0-9_-]{1,64}, unique in the dataset
  std::string name;   //!< the id where none was given
  std::string label;  //!< the name where none was given
  FieldType type = FieldType::kString;
  std::vector<Option> options;  //!< enum and set only
  std::string group;            //!< grids and other blocks; may be empty
  bool required = false;
  bool system = false;
  std::string visibility;  //!< free word of the study's platform, for example "hidden"; may be empty
  std::string content;     //!< what the values are, a free word; "file": ids of files; may be empty
  std::string unit;        //!< for example "m/s2"; may be empty
  std::optional<double> min;
  std::optional<double> max;
  PrivacyClass privacy = PrivacyClass::kPlain;
  std::string question;    //!< free word of the study's platform: the kind of question, for example "single_choice"; may be empty
  std::string attributes;  //!< free words of the study's platform: a JSON object; empty when there are none

  //! The number of the option with this id, else of the one with this code; -1 when there is none.
  int OptionNumber(std::string_view id_or_code) const;
};

//! A block of fields, for example a grid. A field names it in Field::group; a name that no group has is just a word.
struct FieldGroup {
  std::string id;     //!< 1 to 255 bytes, unique in the dataset
  std::string name;   //!< the id where none was given
  std::string label;  //!< the name where none was given
  bool required = false;
};

//! A dataset's definition. Fields are only ever added, so a field's place in `fields` is its stable number.
struct Dataset {
  std::string id;    //!< [A-Za-z0-9_-]{1,64}
  std::string name;  //!< the id where none was given
  DatasetKind kind = DatasetKind::kCustom;
  DatasetMode mode = DatasetMode::kAppend;
  std::vector<Field> fields;
  bool published = true;   //!< false: a draft that the study's platform does not show its participants yet
  std::string attributes;  //!< free words of the study's platform: a JSON object; empty when there are none
  std::vector<FieldGroup> groups;
  std::int32_t number = 0;   //!< given by the vault, stable within the study
  std::int32_t version = 1;  //!< counts changes of the definition

  //! The number of the field, or -1.
  int FieldNumber(std::string_view field_id) const;
  //! The group that is listed with this id, or nullptr.
  const FieldGroup* FindGroup(std::string_view group_id) const;
};

//! The most fields a dataset can have.
inline constexpr std::size_t kMaxFields = 4000;
//! The most options a field can have.
inline constexpr std::size_t kMaxOptions = 10000;
//! The most bytes of `attributes`.
inline constexpr std::size_t kMaxAttributesBytes = 64u << 10;

}  // namespace sheaf::model
