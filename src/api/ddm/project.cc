#include "api/ddm/project.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "base/log.h"
#include "model/strict_json.h"

namespace sheaf::api::ddm {
namespace {

namespace json = boost::json;
using model::ColumnKind;

constexpr std::uint64_t kPeopleAtOnce = 1000;
constexpr std::string_view kNoExtra = R"({"url_param":{}})";

Result<Project> Furnish(const native::Rooms& rooms, catalog::DonationProjectRow row) {
  Project project;
  SHEAF_ASSIGN(project.settings, model::ParseDonationProject(row.settings));
  SHEAF_ASSIGN(project.study, rooms.catalog->FindStudy(row.study));
  SHEAF_ASSIGN(project.vault, rooms.vault->OpenStudy(row.study));
  project.row = std::move(row);
  return project;
}

std::optional<Micros> TimeOf(const json::object& attributes, const char* name) {
  const json::value* const value = attributes.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  const auto parsed = ParseIsoTime({value->get_string().data(), value->get_string().size()});
  return parsed ? std::optional<Micros>(parsed->instant) : std::nullopt;
}

Person PersonOf(const model::Participant& participant) {
  Person person;
  person.id = participant.id;
  person.number = participant.number;
  person.start_time = participant.created_at;
  person.completed = participant.status == "completed";
  json::value value;
  if (!model::ParseDataJson(participant.attributes, value) || !value.is_object()) return person;
  const json::object& attributes = value.get_object();
  person.start_time = TimeOf(attributes, "start_time").value_or(person.start_time);
  person.end_time = TimeOf(attributes, "end_time");
  if (const auto* const step = attributes.if_contains("current_step"); step != nullptr && step->is_int64())
    person.current_step = step->get_int64();
  if (const auto* const done = attributes.if_contains("completed"); done != nullptr && done->is_bool()) person.completed = done->get_bool();
  if (const auto* const extra = attributes.if_contains("extra_data"); extra != nullptr && extra->is_object())
    person.extra_data = model::CompactJson(*extra);
  return person;
}

std::string_view TextAt(const model::ColumnBatch& batch, std::size_t column, std::size_t row) {
  if (batch.columns[column].IsNull(row)) return {};
  return batch.columns[column].At<model::StringCell>(row).View();
}

//! A read of a dataset's columns, where there is such a dataset.
Result<std::unique_ptr<vault::Cursor>> ReadDataset(vault::StudyVault& vault, const model::Dataset& dataset,
                                                   std::vector<model::Column> columns,
                                                   const std::optional<std::vector<std::string>>& participants) {
  vault::Select select;
  select.dataset = dataset.id;
  select.upto = vault.LastSeq();
  select.columns = std::move(columns);
  if (participants) {
    model::Predicate among;
    among.op = model::Operator::kIn;
    among.column = {ColumnKind::kParticipantId, -1, {}};
    among.values.assign(participants->begin(), participants->end());
    select.where = std::move(among);
  }
  return vault.Read(select);
}

model::Column Of(const model::Dataset& dataset, std::string_view field) { return {ColumnKind::kField, dataset.FieldNumber(field), {}}; }

}  // namespace

Result<Project> FindProject(const native::Rooms& rooms, std::string_view url_id) {
  SHEAF_ASSIGN(auto row, rooms.catalog->Donations().FindProjectByUrl(url_id));
  return Furnish(rooms, std::move(row));
}

Result<Project> FindProjectBySlug(const native::Rooms& rooms, std::string_view slug) {
  SHEAF_ASSIGN(auto row, rooms.catalog->Donations().FindProjectBySlug(slug));
  return Furnish(rooms, std::move(row));
}

Result<std::vector<Person>> People(vault::StudyVault& vault) {
  std::vector<Person> people;
  vault::ListOptions options;
  options.limit = kPeopleAtOnce;
  while (true) {
    SHEAF_ASSIGN(const auto page, vault.Participants(options));
    for (const model::Participant& participant : page.items) people.push_back(PersonOf(participant));
    if (page.next.empty()) break;
    options.after = page.next;
  }
  std::sort(people.begin(), people.end(), [](const Person& a, const Person& b) { return a.number < b.number; });
  return people;
}

Result<Person> FindPerson(vault::StudyVault& vault, std::string_view id) {
  SHEAF_ASSIGN(const model::Participant participant, vault.FindParticipant(id));
  return PersonOf(participant);
}

Status PutPerson(vault::StudyVault& vault, const Person& person) {
  model::Participant participant;
  participant.id = person.id;
  participant.status = person.completed ? "completed" : "started";
  json::object attributes{{"start_time", FormatIsoUtc(person.start_time)}};
  attributes["end_time"] = person.end_time ? json::value(FormatIsoUtc(*person.end_time)) : json::value(nullptr);
  attributes["completed"] = person.completed;
  attributes["current_step"] = person.current_step ? json::value(*person.current_step) : json::value(nullptr);
  if (json::value extra; model::ParseDataJson(person.extra_data.empty() ? std::string(kNoExtra) : person.extra_data, extra))
    attributes["extra_data"] = std::move(extra);
  participant.attributes = model::CompactJson(attributes);
  SHEAF_TRY(vault.PutParticipant(std::move(participant), nullptr));
  return {};
}

std::vector<std::int64_t> DonatedBlueprints(vault::StudyVault& vault) {
  std::vector<std::int64_t> ids;
  const std::string prefix = model::BlueprintDatasetId(0).substr(0, model::BlueprintDatasetId(0).size() - 1);
  for (const auto& dataset : vault.Datasets()) {
    if (dataset->id.rfind(prefix, 0) != 0) continue;
    std::int64_t id = 0;
    const char* const end = dataset->id.data() + dataset->id.size();
    const auto parsed = std::from_chars(dataset->id.data() + prefix.size(), end, id);
    if (parsed.ec == std::errc{} && parsed.ptr == end) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::vector<DonationRecord>> Donations(vault::StudyVault& vault, std::int64_t blueprint,
                                              const std::optional<std::vector<std::string>>& participants) {
  std::vector<DonationRecord> donations;
  if (participants && participants->empty()) return donations;
  const auto found = vault.FindDataset(model::BlueprintDatasetId(blueprint));
  if (!found) return donations;
  const model::Dataset& dataset = **found;
  SHEAF_ASSIGN(const auto cursor, ReadDataset(vault, dataset,
                                              {{ColumnKind::kParticipant, -1, {}},
                                               {ColumnKind::kTime, -1, {}},
                                               {ColumnKind::kReceived, -1, {}},
                                               Of(dataset, "status"),
                                               Of(dataset, "consent"),
                                               Of(dataset, "payload"),
                                               Of(dataset, "entries"),
                                               {ColumnKind::kSeq, -1, {}}},
                                              participants));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return donations;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      DonationRecord donation;
      donation.participant = batch->columns[0].At<std::int32_t>(row);
      donation.time = batch->columns[batch->columns[1].IsNull(row) ? 2 : 1].At<std::int64_t>(row);
      donation.status = TextAt(*batch, 3, row);
      if (!batch->columns[4].IsNull(row)) donation.consent = batch->columns[4].At<bool>(row);
      donation.payload = TextAt(*batch, 5, row);
      if (!batch->columns[6].IsNull(row)) donation.entries = batch->columns[6].At<std::int64_t>(row);
      donation.seq = batch->columns[7].At<std::int64_t>(row);
      donations.push_back(std::move(donation));
    }
  }
}

void LogEvent(const native::Rooms& rooms, const Project& project, std::string description, std::string message) {
  const Status logged = rooms.catalog->Donations().AddEvent(project.study.id, {0, std::move(description), std::move(message)});
  if (!logged)
    LogWarning("a line of a donation project's log was not kept", {{"study", project.study.id}, {"detail", logged.error().detail}});
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

}  // namespace sheaf::api::ddm
