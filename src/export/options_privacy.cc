// The options that privacy has, read from text.

#include <charconv>

#include "export/options_words.h"
#include "export/output_text.h"
#include "privacy/generalise.h"

namespace sheaf::exporting {
namespace {

using privacy::IdentifierMode;

constexpr int kMostDecimals = 8;
constexpr int kMostK = 1'000'000;

tl::unexpected<Error> Bad(std::string_view name, std::string detail) {
  return Fail(ErrorCode::kBadParameter, std::move(detail), std::string(name));
}

template <class Words, class Value>
Status SetWord(std::string_view name, const Words& words, std::string_view text, Value& value) {
  const auto found = Find(words, text);
  if (!found) return Bad(name, "It must be one of " + Listed(words) + ".");
  value = *found;
  return {};
}

Result<int> Number(std::string_view name, std::string_view text, int most) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > most) {
    return Bad(name, "It must be a whole number from 0 to " + std::to_string(most) + ".");
  }
  return number;
}

}  // namespace

Status SetPrivacyParameter(std::string_view name, std::string_view text, privacy::Options& options) {
  if (name == "identifiers") return SetWord(name, kIdentifierWords, text, options.identifiers);
  if (name == "payloads") return SetWord(name, kBooleanWords, text, options.payloads);
  if (name == "shift_dates") return SetWord(name, kBooleanWords, text, options.shift_dates);
  if (name == "risk") return SetWord(name, kBooleanWords, text, options.risk);
  if (name == "on_risk") return SetWord(name, kRiskWords, text, options.on_risk);
  if (name == "location_decimals") {
    SHEAF_ASSIGN(options.location_decimals, Number(name, text, kMostDecimals));
    return {};
  }
  if (name == "require_k") {
    SHEAF_ASSIGN(options.require_k, Number(name, text, kMostK));
    return {};
  }
  if (name == "group_by") {
    options.group_by = text;
    return {};
  }
  if (name != "generalise") return Fail(ErrorCode::kUnknownParameter, "There is no parameter of this name.", std::string(name));
  auto rules = privacy::ParseGeneralisation(text, "generalise");
  if (!rules) return Bad(rules.error().place, rules.error().detail);
  options.generalise = privacy::GeneralisationJson(*rules);
  return {};
}

Status CheckPrivacy(const ExportOptions& options) {
  const privacy::Options& privacy = options.privacy;
  const bool aggregate = privacy.identifiers == IdentifierMode::kAggregate;
  if (privacy.payloads && privacy.identifiers != IdentifierMode::kRemove) return Bad("payloads", "It goes with identifiers=remove.");
  if (privacy.on_risk == privacy::RiskAction::kSuppress && privacy.require_k == 0)
    return Bad("on_risk", "It needs require_k, which says which classes are too small.");
  if (!aggregate) {
    if (!privacy.group_by.empty()) return Bad("group_by", "It goes with identifiers=aggregate.");
    return {};
  }
  if (options.format == Format::kAlida) return Bad("format", "An Alida file holds records.");
  if (options.tombstones) return Bad("tombstones", "Aggregates know no single record.");
  if (!options.sort.empty()) return Bad("sort", "Aggregates come in the order of the definition.");
  if (options.sets != SetStyle::kJoined) return Bad("sets", "Aggregates count the options of a set in any case.");
  if (IsByPerson(options.layout)) return Bad("layout", "Aggregates have no participants.");
  if (options.media) return Bad("media", "Aggregates show nobody.");
  if (privacy.shift_dates) return Bad("shift_dates", "Aggregates have no times.");
  if (privacy.location_decimals) return Bad("location_decimals", "Aggregates are not rounded.");
  if (privacy.require_k > 0 || privacy.risk) return Bad("require_k", "The risk check is of records; aggregates have a least cell size.");
  return {};
}

}  // namespace sheaf::exporting
