#include "privacy/seen.h"

#include <algorithm>
#include <boost/json.hpp>
#include <unordered_map>
#include <utility>

#include "model/strict_json.h"
#include "privacy/coded_people.h"
#include "privacy/naming.h"
#include "privacy/people_texts.h"

namespace sheaf::privacy {
namespace {

using model::ColumnKind;
using vault::ListOptions;

model::Predicate OneOf(model::Column column, const std::vector<std::string>& texts) {
  model::Predicate predicate;
  predicate.op = model::Operator::kIn;
  predicate.column = std::move(column);
  predicate.values.assign(texts.begin(), texts.end());
  return predicate;
}

Error Missing(std::string_view noun) { return {ErrorCode::kNotFound, "there is no " + std::string(noun) + " with this id", {}, 0}; }

//! Whose code it is. The same answer for ids that exist and ids that do not.
Result<std::string> IdOfCode(vault::StudyVault& study, const Reader& reader, CodeKind kind, const std::string& code) {
  if (!IsCode(kind, code)) return Fail(ErrorCode::kNotFound, NoCode(kind, {}).detail);
  const auto ids = IdsOfCodes(*study.People(), reader.key, kind, {code});
  if (ids.empty()) return Fail(Missing(kind == CodeKind::kParticipant ? "participant" : "session"));
  return ids.begin()->second;
}

//! Are some participants, and the sessions without the others, hidden? With datasets: whoever has no record in these.
bool SeesSomePeople(const model::ViewRights& rights) { return model::SeesSomeParticipants(rights) || !rights.datasets.empty(); }

//! Whoever may be seen, by number in ascending order.
struct Seen {
  std::vector<std::int32_t> participants, sessions;
};

void AddNumber(const model::ColumnView& view, std::size_t row, std::vector<bool>& met) {
  if (view.IsNull(row) || view.At<std::int32_t>(row) < 0) return;
  const auto number = static_cast<std::size_t>(view.At<std::int32_t>(row));
  if (number >= met.size()) met.resize(number + 1);
  met[number] = true;
}

std::vector<std::int32_t> Numbers(const std::vector<bool>& met) {
  std::vector<std::int32_t> numbers;
  for (std::size_t number = 0; number < met.size(); ++number) {
    if (met[number]) numbers.push_back(static_cast<std::int32_t>(number));
  }
  return numbers;
}

//! Those in the records that the reader may see. Reads two columns of all of them.
Result<Seen> SeenInRecords(vault::StudyVault& study, const Reader& reader) {
  std::vector<bool> participants, sessions;
  const vault::Seq upto = study.LastSeq();
  for (const auto& dataset : study.Datasets()) {
    if (!model::MaySeeDataset(reader.rights, dataset->id)) continue;
    vault::Select select;
    select.dataset = dataset->id;
    select.upto = upto;
    select.columns = {{ColumnKind::kParticipant, -1, {}}, {ColumnKind::kSession, -1, {}}};
    select.where = WhoIsSeen(reader.rights, reader.settings);
    SHEAF_ASSIGN(const auto cursor, study.Read(select));
    while (true) {
      SHEAF_ASSIGN(const auto batch, cursor->Next());
      if (batch == nullptr) break;
      for (std::size_t row = 0; row < batch->rows; ++row) {
        AddNumber(batch->columns[0], row, participants);
        AddNumber(batch->columns[1], row, sessions);
      }
    }
  }
  return Seen{Numbers(participants), Numbers(sessions)};
}

//! Of everybody, or of those who are seen.
Result<std::vector<std::int32_t>> SeenParticipants(vault::StudyVault& study, const Reader& reader) {
  if (reader.rights.datasets.empty())
    return study.ParticipantNumbers(WhoIsSeen(reader.rights, reader.settings).value_or(model::Predicate{}));
  SHEAF_ASSIGN(auto seen, SeenInRecords(study, reader));
  return std::move(seen.participants);
}

//! Sessions, and who of those in them is seen; without participants where everybody is.
Result<Seen> SeenSessions(vault::StudyVault& study, const Reader& reader) {
  if (!reader.rights.datasets.empty()) return SeenInRecords(study, reader);
  Seen seen;
  if (!model::SeesSomeParticipants(reader.rights)) {
    SHEAF_ASSIGN(seen.sessions, study.SessionNumbers(std::nullopt));
    return seen;
  }
  SHEAF_ASSIGN(seen.participants, SeenParticipants(study, reader));
  SHEAF_ASSIGN(seen.sessions, study.SessionNumbers(seen.participants));
  return seen;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

//! One page in order of code: whose codes these are, by number.
struct CodePage {
  std::vector<std::pair<std::string, std::int32_t>> people;
  std::uint64_t total = 0;
  std::string next;
};

template <class CodeOf>
CodePage PageOfCodes(const std::vector<std::int32_t>& numbers, const ListOptions& options, const CodeOf& code_of) {
  CodePage page;
  const std::string search = Lower(options.search);
  for (const std::int32_t number : numbers) {
    std::string code = code_of(number);
    if (!search.empty() && Lower(code).find(search) == std::string::npos) continue;
    ++page.total;
    if (code > options.after) page.people.emplace_back(std::move(code), number);
  }
  const auto limit = static_cast<std::size_t>(options.limit);
  const bool more = page.people.size() > limit;
  const auto middle = page.people.begin() + static_cast<std::ptrdiff_t>(std::min(limit, page.people.size()));
  std::partial_sort(page.people.begin(), middle, page.people.end());
  page.people.erase(middle, page.people.end());
  if (more && !page.people.empty()) page.next = page.people.back().first;
  return page;
}

ListOptions OfNumbers(const CodePage& page) {
  ListOptions options;
  options.limit = page.people.size();
  options.numbers.emplace();
  for (const auto& [code, number] : page.people) options.numbers->push_back(number);
  return options;
}

//! The items of `found` in the page's order, under their codes.
template <class Item>
vault::Page<Item> InOrder(CodePage codes, vault::Page<Item> found) {
  std::unordered_map<std::int32_t, Item*> by_number;
  for (auto& item : found.items) by_number[item.number] = &item;
  vault::Page<Item> page;
  page.total = codes.total;
  page.next = std::move(codes.next);
  for (auto& [code, number] : codes.people) {
    const auto item = by_number.find(number);
    if (item == by_number.end()) continue;
    item->second->id = std::move(code);
    page.items.push_back(std::move(*item->second));
  }
  return page;
}

std::string WithoutDirect(const std::string& attributes, const model::StudySettings& settings) {
  boost::json::value value;
  if (!model::ParseDataJson(attributes, value) || !value.is_object()) return "{}";
  boost::json::object kept;
  for (auto& member : value.get_object()) {
    if (settings.ClassOfAttribute(member.key()) != model::PrivacyClass::kDirect) kept.emplace(member.key(), member.value());
  }
  return model::CompactJson(kept);
}

void Strip(vault::StudyVault& study, const Reader& reader, model::Participant& participant) {
  const PeopleTexts texts(study, reader.key);
  participant.code.clear();
  participant.status = texts.Text(std::move(participant.status));
  participant.attributes = texts.Json(WithoutDirect(participant.attributes, reader.settings));
}

//! Who was there, as far as the reader may know. `seen`: numbers in ascending order; null: all.
Status HideAttendance(vault::StudyVault& study, const Reader& reader, const std::vector<std::int32_t>* seen, model::Session& session) {
  const auto& own = reader.rights.own_participant;
  if (seen != nullptr && !own) {
    std::erase_if(session.attendance, [&](const model::Attendance& one) {
      const auto number = study.ParticipantNumber(one.participant);
      return !number || !std::binary_search(seen->begin(), seen->end(), *number);
    });
  }
  const PeopleTexts texts(study, reader.key);
  for (auto& one : session.attendance) {
    if (own ? one.participant == *own : reader.rights.identifiers) continue;
    one.participant = Code(reader.key, CodeKind::kParticipant, one.participant);
    one.role = texts.Text(std::move(one.role));
  }
  return {};
}

void Strip(vault::StudyVault& study, const Reader& reader, model::Session& session) {
  session.name.clear();
  session.status = PeopleTexts(study, reader.key).Text(std::move(session.status));
  session.attributes = "{}";
}

}  // namespace

std::optional<model::Predicate> WhoIsSeen(const model::ViewRights& rights, const model::StudySettings& settings) {
  model::Predicate all;
  if (rights.own_participant) all.children.push_back(OneOf({ColumnKind::kParticipantId, -1, {}}, {*rights.own_participant}));
  if (!rights.sites.empty()) all.children.push_back(OneOf({ColumnKind::kParticipantAttribute, -1, settings.site_attribute}, rights.sites));
  if (all.children.empty()) return std::nullopt;
  return all;
}

Result<vault::Page<model::Participant>> ListParticipants(vault::StudyVault& study, const Reader& reader, const ListOptions& asked) {
  ListOptions options = asked;
  if (reader.rights.identifiers) {
    if (SeesSomePeople(reader.rights)) { SHEAF_ASSIGN(options.numbers, SeenParticipants(study, reader)); }
    return study.Participants(options);
  }
  SHEAF_ASSIGN(const auto numbers, SeenParticipants(study, reader));
  const auto people = study.People();
  CodePage codes = PageOfCodes(
      numbers, options, [&](std::int32_t number) { return Code(reader.key, CodeKind::kParticipant, people->ParticipantId(number)); });
  SHEAF_ASSIGN(auto found, study.Participants(OfNumbers(codes)));
  auto page = InOrder(std::move(codes), std::move(found));
  for (auto& participant : page.items) Strip(study, reader, participant);
  return page;
}

Result<model::Participant> FindParticipant(vault::StudyVault& study, const Reader& reader, std::string_view asked) {
  std::string id(asked);
  if (!reader.rights.identifiers) { SHEAF_ASSIGN(id, IdOfCode(study, reader, CodeKind::kParticipant, id)); }
  if (SeesSomePeople(reader.rights)) {
    SHEAF_ASSIGN(const auto seen, SeenParticipants(study, reader));
    const auto number = study.ParticipantNumber(id);
    if (!number || !std::binary_search(seen.begin(), seen.end(), *number)) return Fail(Missing("participant"));
  }
  SHEAF_ASSIGN(model::Participant participant, study.FindParticipant(id));
  if (reader.rights.identifiers) return participant;
  participant.id = asked;
  Strip(study, reader, participant);
  return participant;
}

Result<vault::Page<model::Session>> ListSessions(vault::StudyVault& study, const Reader& reader, const ListOptions& asked) {
  const bool some = SeesSomePeople(reader.rights);
  if (reader.rights.identifiers && !some) return study.Sessions(asked);
  SHEAF_ASSIGN(const Seen seen, SeenSessions(study, reader));
  vault::Page<model::Session> page;
  if (reader.rights.identifiers) {
    ListOptions options = asked;
    options.numbers = seen.sessions;
    SHEAF_ASSIGN(page, study.Sessions(options));
  } else {
    const auto people = study.People();
    CodePage codes = PageOfCodes(seen.sessions, asked,
                                 [&](std::int32_t number) { return Code(reader.key, CodeKind::kSession, people->SessionId(number)); });
    SHEAF_ASSIGN(auto found, study.Sessions(OfNumbers(codes)));
    page = InOrder(std::move(codes), std::move(found));
  }
  for (auto& session : page.items) {
    SHEAF_TRY(HideAttendance(study, reader, some ? &seen.participants : nullptr, session));
    if (!reader.rights.identifiers) Strip(study, reader, session);
  }
  return page;
}

Result<model::Session> FindSession(vault::StudyVault& study, const Reader& reader, std::string_view asked) {
  const bool some = SeesSomePeople(reader.rights);
  std::string id(asked);
  if (!reader.rights.identifiers) { SHEAF_ASSIGN(id, IdOfCode(study, reader, CodeKind::kSession, id)); }
  Seen seen;
  if (some) {
    SHEAF_ASSIGN(seen, SeenSessions(study, reader));
    const auto number = study.SessionNumber(id);
    if (!number || !std::binary_search(seen.sessions.begin(), seen.sessions.end(), *number)) return Fail(Missing("session"));
  }
  SHEAF_ASSIGN(model::Session session, study.FindSession(id));
  SHEAF_TRY(HideAttendance(study, reader, some ? &seen.participants : nullptr, session));
  if (reader.rights.identifiers) return session;
  session.id = asked;
  Strip(study, reader, session);
  return session;
}

Result<vault::Summary> Summarize(vault::StudyVault& study, const Reader& reader, const std::string& dataset) {
  auto where = WhoIsSeen(reader.rights, reader.settings);
  if (!where) return study.Summarize(dataset);
  vault::Select part;
  part.dataset = dataset;
  part.upto = study.LastSeq();
  part.where = std::move(where);
  return study.SummarizePart(part);
}

Result<vault::Summary> SummarizePart(vault::StudyVault& study, const Reader& reader, const std::string& dataset, model::Predicate asked) {
  vault::Select part;
  part.dataset = dataset;
  part.upto = study.LastSeq();
  part.where.emplace().children.push_back(std::move(asked));
  if (auto seen = WhoIsSeen(reader.rights, reader.settings)) part.where->children.push_back(*std::move(seen));
  return study.SummarizePart(part);
}

}  // namespace sheaf::privacy
