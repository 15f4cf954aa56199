#include "quality/design.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "model/strict_json.h"
#include "quality/mix.h"

namespace sheaf::quality {
namespace {

namespace json = boost::json;
using model::DatasetKind;
using model::FieldType;

constexpr std::string_view kPlace = "/attributes/quality";
constexpr double kMostMs = 1e13;
constexpr double kMostCount = 1e12;

tl::unexpected<Error> Bad(std::string_view member, std::string says) {
  return Fail(ErrorCode::kBadMember, std::move(says), model::PointerTo(kPlace, member));
}

Result<double> Number(std::string_view name, const json::value& value, double least, double most) {
  double number = 0;
  if (value.is_double()) number = value.get_double();
  else if (value.is_int64()) number = static_cast<double>(value.get_int64());
  else if (value.is_uint64()) number = static_cast<double>(value.get_uint64());
  else return Bad(name, "It must be a number.");
  if (!(number >= least) || number > most) return Bad(name, "The number is out of range.");
  return number;
}

Result<std::uint64_t> Count(std::string_view name, const json::value& value) {
  SHEAF_ASSIGN(const double number, Number(name, value, 0, kMostCount));
  if (number != std::floor(number)) return Bad(name, "It must be a whole number.");
  return static_cast<std::uint64_t>(number);
}

Result<int> FieldOf(std::string_view name, const json::value& value, const model::Dataset& dataset) {
  if (!value.is_string()) return Bad(name, "It must be a field's id.");
  const int number = dataset.FieldNumber(std::string_view(value.get_string()));
  if (number < 0) return Bad(name, "The dataset has no such field.");
  return number;
}

bool IsType(FieldType type) { return type == FieldType::kString || type == FieldType::kIdentifier || type == FieldType::kEnum; }
bool IsOrdered(FieldType type) { return type == FieldType::kInteger || type == FieldType::kDouble || type == FieldType::kDatetime; }

Result<std::vector<std::pair<int, int>>> Spans(const json::value& value, const model::Dataset& dataset) {
  constexpr std::string_view kName = "intervals";
  if (!value.is_array() || value.get_array().size() > 64) return Bad(kName, "It must be a list of [start, end].");
  std::vector<std::pair<int, int>> spans;
  for (const auto& pair : value.get_array()) {
    if (!pair.is_array() || pair.get_array().size() != 2) return Bad(kName, "It must be a list of [start, end].");
    SHEAF_ASSIGN(const int start, FieldOf(kName, pair.get_array()[0], dataset));
    SHEAF_ASSIGN(const int end, FieldOf(kName, pair.get_array()[1], dataset));
    const auto type = dataset.fields[static_cast<std::size_t>(start)].type;
    if (type != dataset.fields[static_cast<std::size_t>(end)].type || !IsOrdered(type)) {
      return Bad(kName, "Start and end must be of one type, which has an order.");
    }
    spans.emplace_back(start, end);
  }
  return spans;
}

//! Names by which platforms call when something begins and ends.
constexpr std::pair<std::string_view, std::string_view> kSpanNames[] = {
    {"start", "end"},
    {"start_time", "end_time"},
    {"startTime", "endTime"},
    {"started_at", "ended_at"},
    {"startedAt", "endedAt"},
    {"started_at", "completed_at"},
    {"startedAt", "completedAt"},
    {"start_time", "completed_time"},
    {"startTime", "completedTime"},
    {"start_timestamp", "end_timestamp"},
    {"began_at", "ended_at"},
    {"begin", "end"},
    {"started", "submitted"},
    {"started_at", "submitted_at"},
    {"joined_at", "left_at"},
    {"joinedAt", "leftAt"},
};

int AnyField(const model::Dataset& dataset, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    if (const int number = dataset.FieldNumber(name); number >= 0) return number;
  }
  return -1;
}

//! What a dataset is expected to be like when nobody says so.
Design Assumed(const model::Dataset& dataset) {
  Design design;
  const DatasetKind kind = dataset.kind;
  const bool sampled = kind == DatasetKind::kSensor || kind == DatasetKind::kContinuousRatings || kind == DatasetKind::kSyncMetrics;
  design.infer_interval = sampled;
  design.time_expected = sampled || kind == DatasetKind::kEvents || kind == DatasetKind::kSparseRatings || kind == DatasetKind::kChat;
  if (sampled) design.basis = Basis::kInterval;
  if (kind == DatasetKind::kSurvey || kind == DatasetKind::kProfile || kind == DatasetKind::kDonation) design.basis = Basis::kFields;
  if (kind == DatasetKind::kComponents) {
    design.component_field = AnyField(dataset, {"component", "componentId", "component_id", "componentType"});
    design.state_field = AnyField(dataset, {"state", "stateId", "state_id", "stateName", "stateIndex"});
    if (design.component_field >= 0) design.basis = Basis::kComponents;
  }
  if (kind == DatasetKind::kEvents) {
    design.event_field = AnyField(dataset, {"eventType", "event_type", "event", "type"});
    if (design.event_field >= 0 && !IsType(dataset.fields[static_cast<std::size_t>(design.event_field)].type)) design.event_field = -1;
    for (const auto name : {"componentId", "component_id", "trial", "trial_id", "trialId", "stateId", "state_id"}) {
      if (const int field = dataset.FieldNumber(name); field >= 0) design.event_of.push_back(field);
    }
  }
  for (const auto& [start, end] : kSpanNames) {
    const int first = dataset.FieldNumber(start), second = dataset.FieldNumber(end);
    if (first < 0 || second < 0) continue;
    const auto type = dataset.fields[static_cast<std::size_t>(first)].type;
    if (type == dataset.fields[static_cast<std::size_t>(second)].type && IsOrdered(type)) design.spans.emplace_back(first, second);
  }
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    if (!dataset.fields[field].system) design.counted_fields.push_back(static_cast<int>(field));
  }
  return design;
}

std::string CheckNames() {
  std::string names;
  for (const auto& entry : CheckCatalogue()) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

Status ReadChecksOff(const json::value& value, Design& design) {
  if (!value.is_array()) return Bad("ignore", "It must be a list of checks.");
  for (const auto& name : value.get_array()) {
    const auto check = name.is_string() ? CheckFrom(std::string_view(name.get_string())) : std::nullopt;
    if (!check) return Bad("ignore", "There is no such check. There are " + CheckNames() + ".");
    design.off[static_cast<std::size_t>(*check)] = true;
  }
  return {};
}

Status ReadBasis(const json::value& value, Design& design) {
  for (const auto basis :
       {Basis::kNone, Basis::kRecords, Basis::kParticipants, Basis::kSessions, Basis::kInterval, Basis::kComponents, Basis::kFields}) {
    if (value.is_string() && std::string_view(value.get_string()) == Name(basis)) {
      design.basis = basis;
      return {};
    }
  }
  return Bad("completeness", "It must be none, records, participants, sessions, interval, components or fields.");
}

Status ReadMember(std::string_view name, const json::value& value, const model::Dataset& dataset, Design& design, bool& basis_given) {
  const auto milliseconds = [&](auto& target) -> Status {
    SHEAF_ASSIGN(target, Number(name, value, 0.001, kMostMs));
    return {};
  };
  const auto count = [&](std::optional<std::uint64_t>& target, Basis basis) -> Status {
    SHEAF_ASSIGN(target, Count(name, value));
    if (!basis_given && basis != Basis::kNone) design.basis = basis;
    return {};
  };
  if (name == "interval_ms") {
    if (!basis_given) design.basis = Basis::kInterval;
    return milliseconds(design.interval_ms);
  }
  if (name == "max_gap_ms") return milliseconds(design.max_gap_ms);
  if (name == "onset_tolerance_ms") return milliseconds(design.onset_tolerance_ms);
  if (name == "clock_jump_ms") return milliseconds(design.clock_jump_ms);
  if (name == "clock_ahead_ms") return milliseconds(design.clock_ahead_ms);
  if (name == "expected_records") return count(design.expected_records, Basis::kRecords);
  if (name == "expected_participants") return count(design.expected_participants, Basis::kNone);
  if (name == "expected_per_participant") return count(design.expected_per_participant, Basis::kParticipants);
  if (name == "expected_per_session") return count(design.expected_per_session, Basis::kSessions);
  if (name == "expected_components") return count(design.expected_components, Basis::kComponents);
  if (name == "expected_states") return count(design.expected_states, Basis::kComponents);
  if (name == "ignore") return ReadChecksOff(value, design);
  if (name == "completeness") return {};  // read before the others
  if (name == "intervals") {
    SHEAF_ASSIGN(design.spans, Spans(value, dataset));
    return {};
  }
  if (name == "event_field") {
    SHEAF_ASSIGN(design.event_field, FieldOf(name, value, dataset));
    if (!IsType(dataset.fields[static_cast<std::size_t>(design.event_field)].type))
      return Bad(name, "An event's type is a text or an option.");
    return {};
  }
  if (name == "component_field" || name == "state_field") {
    SHEAF_ASSIGN((name == "state_field" ? design.state_field : design.component_field), FieldOf(name, value, dataset));
    if (!basis_given && name == "component_field") design.basis = Basis::kComponents;
    return {};
  }
  return Fail(ErrorCode::kUnknownMember, "There is no member \"" + std::string(name) + "\" here.", model::PointerTo(kPlace, name));
}

}  // namespace

std::string_view Name(Basis basis) {
  switch (basis) {
    case Basis::kNone: return "none";
    case Basis::kRecords: return "records";
    case Basis::kParticipants: return "participants";
    case Basis::kSessions: return "sessions";
    case Basis::kInterval: return "interval";
    case Basis::kComponents: return "components";
    case Basis::kFields: return "fields";
  }
  return "none";
}

Result<Design> DesignOf(const model::Dataset& dataset) {
  Design design = Assumed(dataset);
  if (dataset.attributes.empty()) return design;
  boost::system::error_code error;
  const json::value parsed = json::parse(dataset.attributes, error);
  if (error || !parsed.is_object()) return design;
  const json::value* const quality = parsed.get_object().if_contains("quality");
  if (quality == nullptr) return design;
  if (!quality->is_object()) return Fail(ErrorCode::kBadMember, "It must be an object.", std::string(kPlace));
  bool basis_given = false;
  if (const auto* const basis = quality->get_object().if_contains("completeness")) {
    SHEAF_TRY(ReadBasis(*basis, design));
    basis_given = true;
  }
  for (const auto& member : quality->get_object()) {
    SHEAF_TRY(ReadMember(std::string_view(member.key()), member.value(), dataset, design, basis_given));
  }
  if (design.basis == Basis::kComponents && design.component_field < 0 && !design.expected_components) {
    return Bad("component_field", "Name the field that tells the component.");
  }
  return design;
}

std::uint64_t Signature(const model::Dataset& dataset, const Design& design) {
  std::uint64_t hash = Mix(2, static_cast<std::uint64_t>(dataset.kind) * 2 + static_cast<std::uint64_t>(dataset.mode));
  const auto add = [&hash](double number) { hash = Mix(hash, BitsOf(number)); };
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    const auto& rule = dataset.fields[field];
    if (rule.system) hash = Mix(hash, field * 8 + 1);
    if (rule.required) hash = Mix(hash, field * 8 + 2);
    if (rule.min) add(*rule.min + static_cast<double>(field));
    if (rule.max) add(*rule.max - static_cast<double>(field));
  }
  for (const auto& [start, end] : design.spans) hash = Mix(hash, static_cast<std::uint64_t>(start) << 16 | static_cast<std::uint64_t>(end));
  add(design.interval_ms.value_or(-1));
  add(design.max_gap_ms.value_or(-1));
  add(design.onset_tolerance_ms);
  add(design.clock_jump_ms);
  add(design.clock_ahead_ms);
  hash = Mix(hash, static_cast<std::uint64_t>(design.component_field + 1) << 16 | static_cast<std::uint64_t>(design.state_field + 1));
  hash = Mix(hash, static_cast<std::uint64_t>(design.event_field + 1));
  for (const int field : design.event_of) hash = Mix(hash, static_cast<std::uint64_t>(field));
  for (std::size_t check = 0; check < kRecordChecks; ++check) hash = Mix(hash, design.off[check] ? 3 : 5);
  return Mix(hash, static_cast<std::uint64_t>(design.basis));
}

}  // namespace sheaf::quality
