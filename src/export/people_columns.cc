#include "export/people_columns.h"

#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "base/time.h"
#include "model/strict_json.h"

namespace sheaf::exporting {
namespace {

namespace json = boost::json;
using model::ColumnKind;
using model::FieldType;

bool OfParticipants(ColumnKind kind) {
  return kind == ColumnKind::kParticipantCode || kind == ColumnKind::kParticipantStatus || kind == ColumnKind::kParticipantAttribute;
}
bool OfSessions(ColumnKind kind) {
  return kind == ColumnKind::kSessionName || kind == ColumnKind::kSessionStatus || kind == ColumnKind::kSessionStart ||
         kind == ColumnKind::kSessionEnd || kind == ColumnKind::kSessionAttribute;
}

std::optional<std::string> Present(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string> Instant(const std::optional<Micros>& instant) {
  if (!instant) return std::nullopt;
  return FormatIsoUtc(*instant);
}

//! A text as it is, anything else as JSON.
std::optional<std::string> Attribute(const json::value& attributes, const std::string& name) {
  if (!attributes.is_object()) return std::nullopt;
  const json::value* value = attributes.get_object().if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  return model::CompactJson(*value);
}

std::optional<std::string> Cast(std::optional<std::string> text, FieldType type) {
  if (!text) return text;
  if (type == FieldType::kDatetime) {
    const auto time = ParseIsoTime(*text);
    return time ? std::optional(FormatIsoUtc(time->instant)) : std::nullopt;
  }
  if (type == FieldType::kDouble) {
    double number = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
    const bool whole = read.ec == std::errc() && read.ptr == text->data() + text->size();
    return whole && std::isfinite(number) ? text : std::nullopt;
  }
  if (type == FieldType::kBoolean) return *text == "true" || *text == "false" ? text : std::nullopt;
  return text;
}

json::value Parsed(const std::string& attributes) {
  json::value value;
  return model::ParseDataJson(attributes.empty() ? "{}" : attributes, value) ? value : json::value(json::object());
}

std::optional<std::string> ValueOf(const model::Participant& participant, const json::value& attributes, const model::Column& column) {
  switch (column.kind) {
    case ColumnKind::kParticipantCode: return Present(participant.code);
    case ColumnKind::kParticipantStatus: return Present(participant.status);
    default: return Cast(Attribute(attributes, column.attribute), column.cast);
  }
}

std::optional<std::string> ValueOf(const model::Session& session, const json::value& attributes, const model::Column& column) {
  switch (column.kind) {
    case ColumnKind::kSessionName: return Present(session.name);
    case ColumnKind::kSessionStatus: return Present(session.status);
    case ColumnKind::kSessionStart: return Instant(session.start);
    case ColumnKind::kSessionEnd: return Instant(session.end);
    default: return Cast(Attribute(attributes, column.attribute), column.cast);
  }
}

using Wanted = std::vector<std::pair<const model::Column*, PeopleValues*>>;

template <class Person>
void Take(const std::vector<Person>& people, const Wanted& wanted) {
  for (const Person& person : people) {
    if (person.number < 0) continue;
    const json::value attributes = Parsed(person.attributes);
    const auto place = static_cast<std::size_t>(person.number);
    for (const auto& [column, values] : wanted) {
      if (place >= values->texts.size()) values->texts.resize(place + 1);
      values->texts[place] = ValueOf(person, attributes, *column);
    }
  }
}

class NumberedView final : public vault::PeopleView {
 public:
  explicit NumberedView(std::shared_ptr<const vault::PeopleView> people) : people_(std::move(people)) {}
  std::string_view ParticipantId(std::int32_t number) const override {
    const std::string_view id = people_->ParticipantId(number);
    if (id.empty() || IsNumber(id)) return id;
    const std::lock_guard lock(mutex_);
    std::string& text = texts_[number];
    if (text.empty()) text = std::to_string(kPeopleNumberBase + number);
    return text;
  }
  std::string_view SessionId(std::int32_t number) const override { return people_->SessionId(number); }
  std::int32_t ParticipantLimit() const override { return people_->ParticipantLimit(); }
  std::int32_t SessionLimit() const override { return people_->SessionLimit(); }

 private:
  static bool IsNumber(std::string_view id) {
    constexpr std::size_t kMostDigits = 15;
    return id.size() <= kMostDigits && id.find_first_not_of("0123456789") == std::string_view::npos &&
           (id.size() == 1 || id.front() != '0');
  }

  const std::shared_ptr<const vault::PeopleView> people_;
  mutable std::mutex mutex_;
  // Nodes never move, so that what was handed out stays.
  mutable std::unordered_map<std::int32_t, std::string> texts_;
};

}  // namespace

bool OfPeople(const model::Column& column) { return OfParticipants(column.kind) || OfSessions(column.kind); }

model::Column NumberColumn(const model::Column& column) {
  return {OfSessions(column.kind) ? ColumnKind::kSession : ColumnKind::kParticipant, -1, {}};
}

FieldType TypeOfPeopleColumn(const model::Column& column) {
  if (column.kind == ColumnKind::kSessionStart || column.kind == ColumnKind::kSessionEnd) return FieldType::kDatetime;
  return column.cast;
}

Status LoadPeopleColumns(vault::StudyVault& study, Plan& plan) {
  std::vector<std::shared_ptr<PeopleValues>> made;
  Wanted of_participants, of_sessions;
  for (OutputColumn& output : plan.output) {
    if (!OfPeople(output.column)) continue;
    auto& values = made.emplace_back(std::make_shared<PeopleValues>());
    output.people = values;
    (OfParticipants(output.column.kind) ? of_participants : of_sessions).emplace_back(&output.column, values.get());
  }
  // Whose rows there are the plan's condition decides; here it is about what of them may be known.
  privacy::Reader reader = plan.reader;
  reader.rights.datasets.clear();
  reader.rights.sites.clear();
  reader.rights.own_participant.reset();
  vault::ListOptions all;
  all.limit = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  if (!of_participants.empty()) {
    SHEAF_ASSIGN(const auto page, privacy::ListParticipants(study, reader, all));
    Take(page.items, of_participants);
  }
  if (!of_sessions.empty()) {
    SHEAF_ASSIGN(const auto page, privacy::ListSessions(study, reader, all));
    Take(page.items, of_sessions);
  }
  return {};
}

std::shared_ptr<const vault::PeopleView> NumberedPeople(std::shared_ptr<const vault::PeopleView> people) {
  return std::make_shared<NumberedView>(std::move(people));
}

}  // namespace sheaf::exporting
