#include "live/study_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/log.h"
#include "export/page.h"
#include "live/messages.h"
#include "model/strict_json.h"
#include "privacy/coded_people.h"
#include "privacy/seen.h"

namespace sheaf::live {
namespace {

using model::ColumnKind;

constexpr std::size_t kRecords = 10;           // of one dataset in one message
constexpr std::size_t kRecent = 20;            // in a snapshot
constexpr std::size_t kLast = 1000;            // in which those of a part of the participants are looked for
constexpr std::size_t kRecordBytes = 1 << 11;  // of one record; longer ones are told without their values
constexpr std::size_t kNames = 100;            // of who is present
constexpr Micros kMinute = 60'000'000;
constexpr auto kLongerTurn = 20;  // a view whose reading takes long waits so many times as long

std::string Quoted(std::string_view text) {
  std::string json;
  model::AppendJsonString(json, text);
  return json;
}

std::string TimeOrNull(const std::optional<Micros>& instant) { return instant ? "\"" + FormatIsoUtc(*instant) + "\"" : "null"; }

bool IsLimited(const View& view) { return model::SeesSomeParticipants(view.viewer.rights); }

Position Following(const Position& latest, vault::Seq seq) {
  if (seq > latest.seq) return {seq, 0};
  return {latest.seq, latest.part + 1};
}

std::string StandingJson(const Standing& one, std::string_view count) {
  return fmt::format("{{\"dataset\":{},\"check\":{},\"severity\":{},\"field\":{},\"{}\":{}}}", Quoted(one.dataset), Quoted(one.check),
                     Quoted(one.severity), one.field.empty() ? "null" : Quoted(one.field), count, one.count);
}

}  // namespace

bool StudyFeed::Sees(const View& view, std::int32_t participant) {
  return !view.seen || std::binary_search(view.seen->begin(), view.seen->end(), participant);
}

//! Who sent something within the last minutes.
Status StudyFeed::Begin() {
  present_.clear();
  generation_ = study_->PeopleGeneration();
  seen_ = study_->LastSeq();
  for (const auto& dataset : study_->Datasets()) {
    vault::Select select;
    select.dataset = dataset->id;
    select.upto = seen_;
    model::Predicate late;
    late.op = model::Operator::kGreaterEqual;
    late.column.kind = ColumnKind::kReceived;
    late.values.emplace_back(std::int64_t{Now() - kPresentMinutes * kMinute});
    select.where = std::move(late);
    SHEAF_TRY(ReadRows(select, present_[dataset->id], nullptr));
  }
  begun_ = true;
  return {};
}

Status StudyFeed::ReadRows(const vault::Select& asked, Arrivals& arrivals, Fresh* fresh) {
  vault::Select select = asked;
  select.columns = {{ColumnKind::kSeq, -1, {}}, {ColumnKind::kParticipant, -1, {}}, {ColumnKind::kUpdated, -1, {}}};
  SHEAF_ASSIGN(const auto cursor, study_->Read(select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return {};
    std::int32_t before = 0;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      const auto participant = batch->columns[1].At<std::int32_t>(row);
      const auto received = batch->columns[2].At<std::int64_t>(row);
      // Records come in runs of one participant and one arrival.
      if (participant != before || row + 1 == batch->rows) {
        Micros& last = arrivals[participant];
        last = std::max(last, received);
        before = participant;
      }
      if (fresh == nullptr || batch->rows - row > kLast) continue;
      fresh->last.emplace_back(batch->columns[0].At<std::int64_t>(row), participant);
      if (fresh->last.size() > kLast) fresh->last.pop_front();
    }
    if (fresh != nullptr) fresh->added += batch->rows;
  }
}

Result<std::vector<StudyFeed::Fresh>> StudyFeed::ReadFresh(vault::Seq upto) {
  std::vector<Fresh> all;
  for (const auto& dataset : study_->Datasets()) {
    const auto summary = study_->Summarize(dataset->id);
    if (!summary) return Fail(summary.error());
    if (summary->last_seq <= seen_) continue;
    Fresh fresh;
    fresh.dataset = dataset;
    vault::Select select;
    select.dataset = dataset->id;
    select.after = seen_;
    select.upto = upto;
    SHEAF_TRY(ReadRows(select, present_[dataset->id], &fresh));
    all.push_back(std::move(fresh));
  }
  return all;
}

bool StudyFeed::Update(const std::vector<std::shared_ptr<View>>& views) {
  const vault::Seq upto = study_->LastSeq();
  const std::uint64_t generation = study_->PeopleGeneration();
  const auto failed = [&](const Error& error) {
    LogWarning("a study could not be told live", {{"study", study_->StudyId()}, {"reason", error.detail}});
    return true;
  };
  if (!begun_ || generation != generation_) {
    // Somebody withdrew, came back or was erased: nothing that was made before may be sent.
    for (const auto& view : views) {
      if (begun_) view->channel->Renew();
      view->begun = false;
    }
    if (auto begun = Begin(); !begun) return failed(begun.error());
    for (const auto& view : views) {
      if (begun_) OfferSnapshot(*view);
    }
    return true;
  }
  if (upto == seen_) return true;
  auto fresh = ReadFresh(upto);
  if (!fresh) return failed(fresh.error());
  seen_ = upto;
  if (fresh->empty()) return true;
  bool all = true;
  for (const auto& view : views) {
    if (!view->begun) continue;
    const auto began = Clock::now();
    if (IsLimited(*view) && began < view->due) {
      // Whoever sees a part gets a snapshot when it is their turn.
      view->channel->Renew();
      view->begun = false;
      all = false;
      continue;
    }
    if (auto told = TellView(*view, *fresh, upto); !told) failed(told.error());
    if (IsLimited(*view)) view->due = Clock::now() + kLongerTurn * (Clock::now() - began);
  }
  return all;
}

Result<std::string> StudyFeed::CountsOf(View& view, const model::Dataset& dataset, std::optional<std::uint64_t> added) {
  privacy::Reader reader{view.viewer.rights, view.viewer.settings, {}};
  SHEAF_ASSIGN(const auto summary, privacy::Summarize(*study_, reader, dataset.id));
  std::string json = fmt::format(
      "{{\"dataset\":{},\"records\":{},\"participants\":{},\"sessions\":{},\"last_time\":{},\"last_received\":{}", Quoted(dataset.id),
      summary.records, summary.participants, summary.sessions, TimeOrNull(summary.last_time), TimeOrNull(summary.last_received));
  view.counts[dataset.id] = json + "}";
  if (added) json += fmt::format(",\"added\":{}", *added);
  return json + "}";
}

//! Of the records after a change the last ones that the view sees.
Status StudyFeed::AddRecords(View& view, const model::Dataset& dataset, vault::Seq after, std::size_t most,
                             std::vector<std::string>& records) {
  exporting::PageOptions page;
  page.viewer = view.viewer;
  page.limit = most;
  page.options.format = exporting::Format::kNdjson;
  page.options.since = exporting::CursorText(after);
  page.options.until = exporting::CursorText(seen_);
  exporting::ApplyConsent(page.options, view.viewer.settings);
  SHEAF_ASSIGN(const std::string text, exporting::RenderPage(*study_, dataset.id, page));
  auto rendered = RecordsOfPage(text, dataset.id);
  const bool long_ones =
      std::any_of(rendered.begin(), rendered.end(), [](const std::string& record) { return record.size() > kRecordBytes; });
  if (long_ones) {
    page.options.columns = "seq,participant,session,time,onset_ms";
    SHEAF_ASSIGN(const std::string without, exporting::RenderPage(*study_, dataset.id, page));
    rendered = RecordsOfPage(without, dataset.id);
  }
  for (auto& record : rendered) {
    view.recent.push_back(record);
    if (view.recent.size() > kRecent) view.recent.pop_front();
    records.push_back(std::move(record));
  }
  return {};
}

Status StudyFeed::BeginView(View& view) {
  view.recent.clear();
  view.counts.clear();
  view.seen.reset();
  if (const auto who = privacy::WhoIsSeen(view.viewer.rights, view.viewer.settings)) {
    SHEAF_ASSIGN(view.seen, study_->ParticipantNumbers(*who));
  }
  view.people = study_->People();
  if (!view.viewer.rights.identifiers) {
    SHEAF_ASSIGN(const auto key, view.viewer.code_key());
    view.people = privacy::CodedPeople(std::move(view.people), key);
  }
  for (const auto& dataset : study_->Datasets()) {
    if (!model::MaySeeDataset(view.viewer.rights, dataset->id)) continue;
    SHEAF_TRY(CountsOf(view, *dataset, std::nullopt));
    // The last ones: found by their seq alone, so that nothing is sorted that is read whole.
    vault::Select select;
    select.dataset = dataset->id;
    select.upto = seen_;
    select.limit = kRecords;
    select.columns = {{ColumnKind::kSeq, -1, {}}};
    select.order = {{{ColumnKind::kSeq, -1, {}}, true}};
    select.where = privacy::WhoIsSeen(view.viewer.rights, view.viewer.settings);
    SHEAF_ASSIGN(const auto cursor, study_->Read(select));
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr || batch->rows == 0) continue;
    std::vector<std::string> records;
    SHEAF_TRY(AddRecords(view, *dataset, batch->columns[0].At<std::int64_t>(batch->rows - 1) - 1, kRecords, records));
  }
  view.begun = true;
  return {};
}

std::uint64_t StudyFeed::Present(const View& view, std::vector<std::string>* ids) const {
  const Micros since = Now() - kPresentMinutes * kMinute;
  std::unordered_set<std::int32_t> met;
  for (const auto& [dataset, arrivals] : present_) {
    if (!model::MaySeeDataset(view.viewer.rights, dataset)) continue;
    for (const auto& [participant, last] : arrivals) {
      if (last < since || !Sees(view, participant) || met.count(participant) != 0) continue;
      const auto id = view.people->ParticipantId(participant);
      if (id.empty()) continue;
      met.insert(participant);
      if (ids != nullptr && ids->size() < kNames) ids->push_back(Quoted(id));
    }
  }
  return met.size();
}

std::string StudyFeed::PresentJson(View& view) {
  std::vector<std::string> ids;
  view.told_present = Present(view, &ids);
  std::sort(ids.begin(), ids.end());
  return fmt::format("{{\"minutes\":{},\"count\":{},\"participants\":{}}}", kPresentMinutes, view.told_present, JsonList(ids));
}

Status StudyFeed::TellView(View& view, const std::vector<Fresh>& fresh, vault::Seq upto) {
  std::vector<std::string> counts, records;
  std::uint64_t added = 0;
  if (view.seen) {
    // New participants may be among them.
    SHEAF_ASSIGN(view.seen, study_->ParticipantNumbers(*privacy::WhoIsSeen(view.viewer.rights, view.viewer.settings)));
  }
  for (const auto& one : fresh) {
    if (!model::MaySeeDataset(view.viewer.rights, one.dataset->id)) continue;
    std::deque<vault::Seq> last;
    for (const auto& [seq, participant] : one.last) {
      if (!Sees(view, participant)) continue;
      last.push_back(seq);
      if (last.size() > kRecords) last.pop_front();
    }
    // How many there are of others says nothing to who sees a part.
    const auto known = view.seen ? std::optional<std::uint64_t>() : std::optional(one.added);
    SHEAF_ASSIGN(std::string json, CountsOf(view, *one.dataset, known));
    counts.push_back(std::move(json));
    added += one.added;
    if (!last.empty()) SHEAF_TRY(AddRecords(view, *one.dataset, last.front() - 1, kRecords, records));
  }
  if (counts.empty()) return {};
  const Position position = Following(view.channel->Latest(), upto);
  std::string json = fmt::format("{{\"seq\":{},\"at\":\"{}\",\"datasets\":{},\"present\":{},\"records\":{}}}", upto, FormatIsoUtc(Now()),
                                 JsonList(counts), PresentJson(view), JsonList(records));
  std::vector<Channel::Message> messages{{position, Message("update", &position, json)}};
  AddAlerts(view, upto, messages);
  view.channel->Publish(std::move(messages));
  return {};
}

void StudyFeed::OfferSnapshot(View& view) {
  if (!begun_ || generation_ != study_->PeopleGeneration()) return;
  if (!view.begun) {
    const auto began = Clock::now();
    if (IsLimited(view) && began < view.due) return;
    if (auto made = BeginView(view); !made) {
      LogWarning("a study could not be told live", {{"study", study_->StudyId()}, {"reason", made.error().detail}});
      // They come again, and may be luckier.
      const auto everybody = [](const Pass&) { return true; };
      return view.channel->EndWhere(everybody, Message("end", nullptr, "{\"reason\":\"unavailable\"}"));
    }
    if (IsLimited(view)) view.due = Clock::now() + kLongerTurn * (Clock::now() - began);
  }
  // What the snapshot says already may not be told to those who get it.
  TellAlerts(view);
  std::vector<std::string> counts, standing;
  for (const auto& [dataset, json] : view.counts) counts.push_back(json);
  bool known = false;
  {
    const std::lock_guard lock(view.mutex);
    known = view.standing_known;
    for (const auto& [key, one] : view.standing) standing.push_back(StandingJson(one, "count"));
  }
  Position position = view.channel->Latest();
  if (seen_ > position.seq) position = {seen_, 0};
  const std::string json =
      fmt::format("{{\"study\":{},\"seq\":{},\"at\":\"{}\",\"datasets\":{},\"present\":{},\"records\":{},\"quality\":{}}}",
                  Quoted(study_->StudyId()), position.seq, FormatIsoUtc(Now()), JsonList(counts), PresentJson(view),
                  JsonList({view.recent.begin(), view.recent.end()}), known ? JsonList(standing) : "null");
  view.channel->Offer(position, Message("snapshot", &position, json));
}

void StudyFeed::TellPresence(View& view) {
  if (!view.begun || Present(view, nullptr) == view.told_present) return;
  const Position position = Following(view.channel->Latest(), seen_);
  const std::string json = fmt::format("{{\"seq\":{},\"at\":\"{}\",\"datasets\":[],\"present\":{},\"records\":[]}}", seen_,
                                       FormatIsoUtc(Now()), PresentJson(view));
  view.channel->Publish({{position, Message("update", &position, json)}});
}

void StudyFeed::AddAlerts(View& view, vault::Seq seq, std::vector<Channel::Message>& messages) {
  std::vector<std::string> alerts;
  {
    const std::lock_guard lock(view.mutex);
    for (const auto& [key, one] : view.alerts) alerts.push_back(StandingJson(one, "added"));
    view.alerts.clear();
  }
  if (alerts.empty()) return;
  const Position position = Following(messages.empty() ? view.channel->Latest() : messages.back().position, seq);
  const std::string json = fmt::format("{{\"seq\":{},\"at\":\"{}\",\"alerts\":{}}}", seq, FormatIsoUtc(Now()), JsonList(alerts));
  messages.push_back({position, Message("alert", &position, json)});
}

void StudyFeed::TellAlerts(View& view) {
  std::vector<Channel::Message> messages;
  if (view.begun) AddAlerts(view, seen_, messages);
  view.channel->Publish(std::move(messages));
}

}  // namespace sheaf::live
