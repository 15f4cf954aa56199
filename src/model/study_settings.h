#pragma once
//! How a study wants its participants' data treated. Plain values, and their JSON form: the member `settings` of a study.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/definition.h"

namespace sheaf::model {

struct StudySettings {
  bool participant_access = false;           //!< participants may look at their own data by a personal link
  bool records_consent = false;              //!< then exports take consenting participants only, unless asked otherwise
  std::string consent_purpose = "research";  //!< the purpose that counts for exports
  std::string site_attribute = "site";       //!< the participant attribute that grants limited to sites compare
  int minimum_cell = 5;                      //!< fewer participants than this in a cell of an aggregate: suppressed; 2 to 1,000
  std::int64_t number = 0;                   //!< what protocols that know studies by whole numbers call it; 0: its id, where that is one
  //! Privacy classes of participant attributes; one that is not named is a direct identifier.
  std::map<std::string, PrivacyClass, std::less<>> attributes;

  friend bool operator==(const StudySettings&, const StudySettings&) = default;

  PrivacyClass ClassOfAttribute(std::string_view name) const;
};

//! `current` with the members of the object changed; unknown members are refused. `attributes` is replaced as a whole.
//! Errors: kBadJson, kBadMember, kUnknownMember with a JSON pointer below `pointer` as place.
Result<StudySettings> ChangeStudySettings(StudySettings current, std::string_view json, std::string_view pointer);
//! All members, in one order.
std::string StudySettingsJson(const StudySettings& settings);

}  // namespace sheaf::model
