#include "model/study_settings.h"

#include <boost/json.hpp>
#include <utility>

#include "model/strict_json.h"

namespace sheaf::model {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxWord = 255;
constexpr std::size_t kMaxAttributes = 1000;
constexpr std::int64_t kLeastCell = 2, kMostCell = 1000, kMostNumber = 2147483647;

tl::unexpected<Error> BadMember(std::string sentence, std::string place) {
  return Fail(ErrorCode::kBadMember, std::move(sentence), std::move(place));
}

Result<std::string> Word(const json::value& value, const std::string& place) {
  const json::string* text = value.if_string();
  if (text == nullptr || text->empty() || text->size() > kMaxWord) return BadMember("It must be a text of 1 to 255 bytes.", place);
  return std::string(*text);
}

Result<bool> Flag(const json::value& value, const std::string& place) {
  const bool* flag = value.if_bool();
  if (flag == nullptr) return BadMember("It must be true or false.", place);
  return *flag;
}

Status ChangeAttributes(const json::value& value, const std::string& place, StudySettings& settings) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() > kMaxAttributes) return BadMember("It must be an object of up to 1,000 members.", place);
  settings.attributes.clear();
  for (const auto& member : *object) {
    const std::string name(member.key());
    const json::string* word = member.value().if_string();
    const auto known = word == nullptr ? std::nullopt : PrivacyClassFrom(std::string_view(*word));
    if (!known || name.empty() || name.size() > kMaxWord)
      return BadMember("A class is one of direct, quasi, sensitive, plain.", PointerTo(place, name));
    settings.attributes[name] = *known;
  }
  return {};
}

Status ChangeMember(std::string_view name, const json::value& value, const std::string& place, StudySettings& settings) {
  if (name == "participant_access") {
    SHEAF_ASSIGN(settings.participant_access, Flag(value, place));
  } else if (name == "records_consent") {
    SHEAF_ASSIGN(settings.records_consent, Flag(value, place));
  } else if (name == "consent_purpose") {
    SHEAF_ASSIGN(settings.consent_purpose, Word(value, place));
  } else if (name == "site_attribute") {
    SHEAF_ASSIGN(settings.site_attribute, Word(value, place));
  } else if (name == "minimum_cell") {
    const std::int64_t* number = value.if_int64();
    if (number == nullptr || *number < kLeastCell || *number > kMostCell)
      return BadMember("It must be a whole number from 2 to 1000.", place);
    settings.minimum_cell = static_cast<int>(*number);
  } else if (name == "number") {
    const std::int64_t* number = value.if_int64();
    if (number == nullptr || *number < 0 || *number > kMostNumber)
      return BadMember("It must be a whole number from 0 to 2147483647.", place);
    settings.number = *number;
  } else if (name == "attributes") {
    return ChangeAttributes(value, place, settings);
  } else {
    return Fail(ErrorCode::kUnknownMember, "There is no such setting.", place);
  }
  return {};
}

}  // namespace

PrivacyClass StudySettings::ClassOfAttribute(std::string_view name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? PrivacyClass::kDirect : found->second;
}

Result<StudySettings> ChangeStudySettings(StudySettings current, std::string_view text, std::string_view pointer) {
  json::value value;
  SHEAF_TRY(ParseStrictJson(text, {}, value));
  const json::object* object = value.if_object();
  if (object == nullptr) return BadMember("The settings must be an object.", std::string(pointer));
  for (const auto& member : *object) { SHEAF_TRY(ChangeMember(member.key(), member.value(), PointerTo(pointer, member.key()), current)); }
  return current;
}

std::string StudySettingsJson(const StudySettings& settings) {
  std::string text = "{\"participant_access\":";
  text += settings.participant_access ? "true" : "false";
  text += ",\"records_consent\":";
  text += settings.records_consent ? "true" : "false";
  text += ",\"consent_purpose\":";
  AppendJsonString(text, settings.consent_purpose);
  text += ",\"site_attribute\":";
  AppendJsonString(text, settings.site_attribute);
  text += ",\"minimum_cell\":" + std::to_string(settings.minimum_cell);
  // Left out where it was never set, so that settings kept before read the same.
  if (settings.number > 0) text += ",\"number\":" + std::to_string(settings.number);
  text += ",\"attributes\":{";
  bool first = true;
  for (const auto& [name, privacy] : settings.attributes) {
    if (!first) text += ',';
    first = false;
    AppendJsonString(text, name);
    text += ':';
    AppendJsonString(text, Name(privacy));
  }
  return text + "}}";
}

}  // namespace sheaf::model
