#include "cli/import_hyperstudy.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "api/hyperstudy/record_types.h"
#include "api/hyperstudy/translate.h"
#include "cli/commands.h"
#include "cli/import_people.h"
#include "cli/import_sources.h"
#include "cli/report.h"
#include "model/strict_json.h"

namespace sheaf::cli {
namespace {

namespace json = boost::json;
using api::hyperstudy::RecordType;

//! "room_a/events_p1_r1_2024-10-20.json" → "events_p1_r1_2024-10-20"; empty for what is no JSON.
std::string StemOf(std::string_view name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  for (const std::string_view ending : {".json", ".ndjson", ".jsonl"}) {
    if (name.size() > ending.size() && name.substr(name.size() - ending.size()) == ending)
      return std::string(name.substr(0, name.size() - ending.size()));
  }
  return {};
}

//! By its name: exactly, or with more behind it.
const RecordType* TypeByName(const std::string& stem) {
  const RecordType* found = api::hyperstudy::FindRecordTypeByFile(stem);
  std::size_t longest = 0;
  for (const RecordType& type : api::hyperstudy::RecordTypes()) {
    if (found != nullptr && longest == 0) break;
    for (const std::string& file : type.files) {
      if (stem.rfind(file + "_", 0) != 0 || file.size() <= longest) continue;
      longest = file.size();
      found = &type;
    }
  }
  return found;
}

//! The elements of a list, of an envelope's data, or of lines, each parsed by itself.
Status EachElement(const std::string& text, const std::string& where, const std::function<Status(json::object&)>& visit) {
  const auto bad = [&](std::string_view why) { return Fail(ErrorCode::kBadJson, fmt::format("{}: {}", where, why)); };
  const auto take = [&](std::string_view element) -> Status {
    json::value value;
    if (!model::ParseDataJson(element, value) || !value.is_object()) return bad("an element is no object");
    return visit(value.as_object());
  };
  simdjson::ondemand::parser parser;
  const simdjson::padded_string padded(text);
  simdjson::ondemand::document document;
  simdjson::ondemand::json_type type;
  if (parser.iterate(padded).get(document) || document.type().get(type)) return bad("it is not JSON");
  simdjson::ondemand::array elements;
  if (type == simdjson::ondemand::json_type::array) {
    if (document.get_array().get(elements)) return bad("it is not JSON");
  } else if (document["data"].get_array().get(elements)) {
    // One object a line, or one alone.
    std::size_t begin = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line = std::string_view(text).substr(begin, end - begin);
      if (line.find_first_not_of(" \t\r") != std::string_view::npos) SHEAF_TRY(take(line));
      begin = end + 1;
    }
    return {};
  }
  for (auto element : elements) {
    std::string_view raw;
    if (simdjson::to_json_string(element).get(raw)) return bad("it is not JSON");
    SHEAF_TRY(take(raw));
  }
  return {};
}

//! What an envelope says of its type, which counts more than the file's name.
const RecordType* TypeByEnvelope(const std::string& text) {
  const std::size_t at = text.rfind("\"dataType\"");
  if (text.empty() || text.front() != '{' || at == std::string::npos) return nullptr;
  const std::string_view tail = std::string_view(text).substr(at, 200);
  for (const RecordType& type : api::hyperstudy::RecordTypes()) {
    const bool named = tail.find("\"" + type.data_type + "\"") < 30;
    const bool rated = type.rating_type.empty() || tail.find("\"" + type.rating_type + "\"") != std::string_view::npos;
    if (named && rated) return &type;
  }
  return nullptr;
}

class HyperStudyImport {
 public:
  HyperStudyImport(ImportClient& client, bool dry_run) : client_(client), people_(client), dry_run_(dry_run) {}

  Status Run(const std::vector<std::string>& paths) {
    // People and rooms first: onsets are reckoned from the rooms' starts. A source that cannot be read is found before anything is made.
    SHEAF_TRY(EachSource(paths, IsPeople, [this](const std::string& name, const std::string& where, std::string&& text) {
      if (StemOf(name) == "metadata") return TakeMetadata(text);
      const bool rooms = StemOf(name).rfind("rooms", 0) == 0;
      return EachElement(text, where, [&](json::object& row) {
        if (rooms) people_.TakeRoom(row);
        else people_.TakeParticipant(row);
        return Status();
      });
    }));
    if (!dry_run_) SHEAF_TRY(client_.EnsureStudy());
    SHEAF_TRY(EachSource(
        paths, [](std::string_view name) { return !StemOf(name).empty() && !IsPeople(name); },
        [this](const std::string& name, const std::string& where, std::string&& text) { return ImportFile(name, where, text); }));
    for (const auto& [type, part] : open_) SHEAF_TRY(Flush(*type));
    if (!dry_run_) SHEAF_TRY(people_.Send());
    return {};
  }

  std::uint64_t Accepted() const { return accepted_; }
  std::uint64_t Read() const { return read_; }
  const std::vector<std::string>& Rejected() const { return rejected_; }

 private:
  struct Part {
    model::Dataset dataset;
    std::string body;
    std::vector<std::string> places;
    int number = 0;
  };

  static bool IsPeople(std::string_view name) {
    const std::string stem = StemOf(name);
    return stem.rfind("rooms", 0) == 0 || stem.rfind("participants", 0) == 0 || stem == "metadata";
  }

  //! What a ZIP of ours says of its rooms, where no list does.
  Status TakeMetadata(const std::string& text) {
    json::value value;
    if (!model::ParseDataJson(text, value) || !value.is_object()) return {};
    const json::value* const rooms = value.as_object().if_contains("rooms");
    if (rooms == nullptr || !rooms->is_array()) return {};
    for (json::value& room : value.as_object()["rooms"].as_array()) {
      if (!room.is_object() || room.as_object().if_contains("experimentStartedAt") == nullptr) continue;
      json::object& row = room.as_object();
      row["startTime"] = row["experimentStartedAt"];
      row["endTime"] = row["endedAt"];
      people_.TakeUnlistedRoom(row);
    }
    return {};
  }

  Status ImportFile(const std::string& name, const std::string& where, const std::string& text) {
    const RecordType* type = TypeByEnvelope(text);
    if (type == nullptr) type = TypeByName(StemOf(name));
    if (type == nullptr) {
      if (StemOf(name) != "metadata") fmt::print("{} is of no known type, and left out\n", where);
      return {};
    }
    std::uint64_t number = 0;
    SHEAF_TRY(EachElement(text, where, [&](json::object& record) { return Take(*type, record, fmt::format("{}:{}", where, ++number)); }));
    fmt::print("{}: {} records of {}\n", where, number, type->dataset);
    return {};
  }

  Result<Part*> Open(const RecordType& type) {
    if (const auto found = open_.find(&type); found != open_.end()) return &found->second;
    Part part;
    std::optional<model::Dataset> current;
    if (!dry_run_) { SHEAF_ASSIGN(current, client_.FetchDataset(type.dataset)); }
    part.dataset = api::hyperstudy::DefinitionOf(type, current ? &*current : nullptr);
    if (!dry_run_ && (!current || current->fields.size() != part.dataset.fields.size())) SHEAF_TRY(client_.PutDataset(part.dataset));
    return &open_.emplace(&type, std::move(part)).first->second;
  }

  Status Take(const RecordType& type, const json::object& record, std::string place) {
    ++read_;
    SHEAF_ASSIGN(Part* const part, Open(type));
    api::hyperstudy::RecordHead head;
    const auto line = api::hyperstudy::TranslateRecord(
        record, type, part->dataset, [this](const std::string& room) { return people_.StartOf(room); }, &head);
    if (!line) {
      rejected_.push_back(place + ": " + line.error().detail);
      return {};
    }
    if (head.participant != api::hyperstudy::kNobody) people_.TakeAttendance(head.session, head.participant, head.time);
    part->body += *line;
    part->places.push_back(std::move(place));
    return part->body.size() >= kRequestBytes || part->places.size() >= kRequestRows ? Flush(type) : Status();
  }

  Status Flush(const RecordType& type) {
    Part& part = open_.at(&type);
    if (part.places.empty()) return {};
    if (!dry_run_) {
      SHEAF_ASSIGN(const auto outcome, client_.PostRecords(type.dataset, std::move(part.body), part.number++));
      accepted_ += outcome.accepted;
      for (const auto& rejected : outcome.rejected) {
        if (rejected.line > 0 && rejected.line <= part.places.size())
          rejected_.push_back(part.places[rejected.line - 1] + ": " + rejected.reason);
      }
      if (outcome.unlisted > 0) rejected_.push_back(fmt::format("and {} more in the same part", outcome.unlisted));
    }
    part.body.clear();
    part.places.clear();
    return {};
  }

  ImportClient& client_;
  ImportPeople people_;
  const bool dry_run_;
  std::map<const RecordType*, Part> open_;
  std::uint64_t accepted_ = 0, read_ = 0;
  std::vector<std::string> rejected_;
};

}  // namespace

int ImportHyperStudy(ImportClient& client, const std::vector<std::string>& paths, bool dry_run) {
  HyperStudyImport import(client, dry_run);
  const Status status = import.Run(paths);
  for (const auto& line : import.Rejected()) fmt::print(stderr, "rejected {}\n", line);
  if (!status) {
    if (import.Accepted() > 0)
      fmt::print(stderr, "{} records were kept before this; the same command goes on from there\n", import.Accepted());
    return ReportFailure(status.error());
  }
  if (dry_run) return kExitOk;
  fmt::print("{} of {} records kept in {}, {} rejected\n", import.Accepted(), import.Read(), client.Study(), import.Rejected().size());
  return import.Rejected().empty() ? kExitOk : kExitFailed;
}

}  // namespace sheaf::cli
