#include "privacy/naming.h"

namespace sheaf::privacy {

Error NoCode(CodeKind kind, std::string_view place) {
  const bool participant = kind == CodeKind::kParticipant;
  const std::string noun = participant ? "participant" : "session", letter = participant ? "P" : "S";
  return {ErrorCode::kIdentifierRemoved,
          "With identifiers removed a " + noun + " is named by their code, " + letter +
              "- and 16 characters, as pages and exports show it; any other text matches nobody, whether or not it is an id.",
          std::string(place), 0};
}

Result<std::string> Naming::CodeOf(CodeKind kind, std::string_view name, std::string_view place) const {
  const bool is_code = IsCode(kind, name);
  if (!knows_ids_) {
    if (!is_code) return Fail(NoCode(kind, place));
    return std::string(name);
  }
  // Ids may look like codes: records of a coded export that came back have such.
  const auto number = kind == CodeKind::kParticipant ? study_.ParticipantNumber(name) : study_.SessionNumber(name);
  if (is_code && !number) return std::string(name);
  return Code(key_, kind, name);
}

}  // namespace sheaf::privacy
