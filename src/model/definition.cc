#include "model/definition.h"

#include <span>
#include <utility>

namespace sheaf::model {
namespace {

template <class Enum>
using Word = std::pair<Enum, std::string_view>;

constexpr Word<FieldType> kFieldTypes[] = {
    {FieldType::kString, "string"},   {FieldType::kInteger, "integer"},   {FieldType::kDouble, "double"},
    {FieldType::kBoolean, "boolean"}, {FieldType::kDatetime, "datetime"}, {FieldType::kIdentifier, "identifier"},
    {FieldType::kEnum, "enum"},       {FieldType::kSet, "set"},           {FieldType::kJson, "json"},
};
constexpr Word<PrivacyClass> kPrivacyClasses[] = {
    {PrivacyClass::kPlain, "plain"},
    {PrivacyClass::kSensitive, "sensitive"},
    {PrivacyClass::kQuasi, "quasi"},
    {PrivacyClass::kDirect, "direct"},
};
constexpr Word<DatasetKind> kDatasetKinds[] = {
    {DatasetKind::kEvents, "events"},
    {DatasetKind::kRecordings, "recordings"},
    {DatasetKind::kChat, "chat"},
    {DatasetKind::kContinuousRatings, "continuous_ratings"},
    {DatasetKind::kSparseRatings, "sparse_ratings"},
    {DatasetKind::kSyncMetrics, "sync_metrics"},
    {DatasetKind::kComponents, "components"},
    {DatasetKind::kSurvey, "survey"},
    {DatasetKind::kSensor, "sensor"},
    {DatasetKind::kDonation, "donation"},
    {DatasetKind::kProfile, "profile"},
    {DatasetKind::kCustom, "custom"},
};
constexpr Word<DatasetMode> kDatasetModes[] = {{DatasetMode::kAppend, "append"}, {DatasetMode::kKeyed, "keyed"}};

template <class Enum>
std::string_view NameIn(std::span<const Word<Enum>> words, Enum wanted) {
  for (const auto& [value, name] : words) {
    if (value == wanted) return name;
  }
  return "";
}

template <class Enum>
std::optional<Enum> ValueIn(std::span<const Word<Enum>> words, std::string_view wanted) {
  for (const auto& [value, name] : words) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(FieldType type) { return NameIn<FieldType>(kFieldTypes, type); }
std::string_view Name(PrivacyClass privacy) { return NameIn<PrivacyClass>(kPrivacyClasses, privacy); }
std::string_view Name(DatasetKind kind) { return NameIn<DatasetKind>(kDatasetKinds, kind); }
std::string_view Name(DatasetMode mode) { return NameIn<DatasetMode>(kDatasetModes, mode); }

std::optional<FieldType> FieldTypeFrom(std::string_view name) { return ValueIn<FieldType>(kFieldTypes, name); }
std::optional<PrivacyClass> PrivacyClassFrom(std::string_view name) { return ValueIn<PrivacyClass>(kPrivacyClasses, name); }
std::optional<DatasetKind> DatasetKindFrom(std::string_view name) { return ValueIn<DatasetKind>(kDatasetKinds, name); }
std::optional<DatasetMode> DatasetModeFrom(std::string_view name) { return ValueIn<DatasetMode>(kDatasetModes, name); }

int Field::OptionNumber(std::string_view id_or_code) const {
  for (std::size_t number = 0; number < options.size(); ++number) {
    if (options[number].id == id_or_code) return static_cast<int>(number);
  }
  for (std::size_t number = 0; number < options.size(); ++number) {
    if (options[number].code == id_or_code) return static_cast<int>(number);
  }
  return -1;
}

int Dataset::FieldNumber(std::string_view field_id) const {
  for (std::size_t place = 0; place < fields.size(); ++place) {
    if (fields[place].id == field_id) return static_cast<int>(place);
  }
  return -1;
}

const FieldGroup* Dataset::FindGroup(std::string_view group_id) const {
  for (const FieldGroup& group : groups) {
    if (group.id == group_id) return &group;
  }
  return nullptr;
}

}  // namespace sheaf::model
