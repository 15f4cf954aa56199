#pragma once
//! Texts of people and sessions on their way out in mode remove: attributes, roles, states. As Rewriter treats records.

#include <string>
#include <string_view>

#include "privacy/codes.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! Refers to what it is made of.
class PeopleTexts {
 public:
  PeopleTexts(vault::StudyVault& study, const CodeKey& key) : study_(study), key_(key) {}

  //! A text that is a participant's or session's id alone as their code; another with its addresses masked.
  std::string Text(std::string text) const;
  //! JSON with its strings and names of members so.
  std::string Json(std::string json) const;
  //! Would an attribute's value, a text or JSON as text, leave otherwise than it is?
  bool Hides(std::string_view value) const;

 private:
  bool Replace(std::string_view text, std::string& out) const;
  bool ReplaceJson(std::string_view json, std::string& out) const;

  vault::StudyVault& study_;
  const CodeKey& key_;
};

}  // namespace sheaf::privacy
