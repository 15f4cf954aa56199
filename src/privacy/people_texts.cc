#include "privacy/people_texts.h"

#include "privacy/json_rewrite.h"
#include "privacy/mask.h"

namespace sheaf::privacy {

std::string PeopleTexts::Text(std::string text) const {
  std::string out;
  return Replace(text, out) ? out : text;
}

std::string PeopleTexts::Json(std::string json) const {
  std::string out;
  return ReplaceJson(json, out) ? out : json;
}

bool PeopleTexts::Hides(std::string_view value) const {
  std::string out;
  if (Replace(value, out)) return true;
  const bool nested = value.starts_with('{') || value.starts_with('[');
  return nested && ReplaceJson(value, out);
}

bool PeopleTexts::Replace(std::string_view text, std::string& out) const {
  constexpr std::size_t kLongestId = 255;
  if (text.empty()) return false;
  if (text.size() <= kLongestId) {
    const bool participant = study_.ParticipantNumber(text).has_value();
    if (participant || study_.SessionNumber(text)) {
      out = Code(key_, participant ? CodeKind::kParticipant : CodeKind::kSession, text);
      return true;
    }
  }
  MaskCounts counts;
  return MaskText(text, out, counts);
}

bool PeopleTexts::ReplaceJson(std::string_view json, std::string& out) const {
  JsonRules rules;
  rules.text = [this](std::string_view text, std::string& replaced) { return Replace(text, replaced); };
  return RewriteJson(json, rules, out);
}

}  // namespace sheaf::privacy
