#include "api/hyperstudy/bundle.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "api/hyperstudy/extracts.h"
#include "api/hyperstudy/people.h"
#include "api/hyperstudy/record_types.h"
#include "api/hyperstudy/row_encoder.h"
#include "api/hyperstudy/table.h"
#include "api/json_text.h"
#include "export/media.h"

namespace sheaf::api::hyperstudy {
namespace {

//! What a dataset of no known type is written as: who, where, when, and its fields.
const RecordType& PlainType() {
  static const RecordType kType = [] {
    RecordType type = *FindRecordType("videochat");
    std::erase_if(type.keys, [](const Key& key) { return key.source == Source::kField; });
    return type;
  }();
  return kType;
}

const RecordType& TypeOf(const model::Dataset& dataset) {
  const auto& types = RecordTypes();
  const auto named = std::find_if(types.begin(), types.end(), [&](const RecordType& type) { return type.dataset == dataset.id; });
  if (named != types.end()) return *named;
  const bool custom = dataset.kind == model::DatasetKind::kCustom;
  const auto of_kind =
      std::find_if(types.begin(), types.end(), [&](const RecordType& type) { return !custom && type.kind == dataset.kind; });
  return of_kind != types.end() ? *of_kind : PlainType();
}

DataFormat FormatOf(exporting::Format format) {
  if (format == exporting::Format::kCsv) return DataFormat::kCsv;
  return format == exporting::Format::kNdjson ? DataFormat::kNdjson : DataFormat::kJson;
}

class BundleLayout final : public exporting::ForeignLayout {
 public:
  explicit BundleLayout(std::string version) : version_(std::move(version)) {}

  std::vector<Extract> ExtractsOf(const exporting::Plan& plan) const override {
    std::vector<Extract> extracts;
    if (TypeOf(*plan.dataset).path != "events" || plan.aggregate != nullptr) return extracts;
    // What a filter of these could tell, the rows tell anyway.
    const auto& columns = plan.select.columns;
    const auto shown = [&](const model::Field& field) {
      return plan.options.privacy.generalise.find("\"" + field.id + "\"") == std::string::npos &&
             std::any_of(columns.begin(), columns.end(), [&](const auto& column) {
               return column.kind == model::ColumnKind::kField && &plan.dataset->fields[static_cast<std::size_t>(column.field)] == &field;
             });
    };
    const bool table = plan.options.inner == exporting::Format::kCsv;
    const auto add = [&](std::string_view name, EventKind kind) {
      if (std::string filter = FilterOf(kind, *plan.dataset, shown); !filter.empty()) extracts.push_back({std::string(name), filter});
    };
    add(kQuestionnaireFile, table ? EventKind::kAnswer : EventKind::kQuestionnaire);
    add(kComprehensionFile, EventKind::kComprehension);
    return extracts;
  }

  std::unique_ptr<exporting::Encoder> MakeEncoder(const exporting::Plan& plan, vault::StudyVault& study,
                                                  std::string_view extract) const override {
    const std::int32_t nobody = study.ParticipantNumber(kNobody).value_or(-1);
    if (!extract.empty() && plan.options.inner == exporting::Format::kCsv)
      return MakeAnswerEncoder({plan, std::string(extract), study.StudyId(), nobody});
    RowStyle style{plan, TypeOf(*plan.dataset), study.StudyId()};
    style.format = FormatOf(plan.options.inner);
    style.nobody = nobody;
    style.envelope = false;
    return MakeRowEncoder(std::move(style));
  }

  std::optional<std::string> NameOf(const model::Dataset& dataset) const override {
    const RecordType& type = TypeOf(dataset);
    if (type.dataset != dataset.id || type.files.empty()) return std::nullopt;
    return type.files.front();
  }

  std::string PathOf(const std::string& session, const std::string& participant, std::string_view id,
                     std::string_view name) const override {
    const std::string folder = session.empty() ? "no_room" : "room_" + session;
    // What is nobody's is the room's.
    const std::string person = id == kNobody ? "" : "/participant_" + participant;
    return folder + person + "/" + std::string(name);
  }

  std::string MediaPath(const std::string& session, const files::File& file, const std::string& subject) const override {
    const std::string folder = session.empty() ? "no_room" : "room_" + session;
    const std::string type = file.media_type.substr(0, file.media_type.find('/'));
    const bool known = type == "video" || type == "audio";
    const std::string who = !subject.empty() ? subject : file.participant.empty() ? "unknown" : file.participant;
    const std::string words = who + "_" + (known ? type : "recording") + "_" + (file.record.empty() ? file.id : file.record);
    // As the original's own package calls them, but for letters beyond ASCII: a character that is no letter, digit, _ or - is one _.
    std::string stem;
    for (const char c : words) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || c == '_' || c == '-');
      if ((byte & 0xC0) != 0x80) stem += plain ? c : '_';
    }
    std::string extension = exporting::Extension(file.name);
    if (extension.empty()) extension = type == "audio" ? ".webm" : known ? ".mp4" : "";
    return folder + "/media/" + stem + extension;
  }

  int SubjectField(const model::Dataset& dataset) const override {
    const int field = dataset.kind == model::DatasetKind::kRecordings ? dataset.FieldNumber("participantName") : -1;
    const bool text = field >= 0 && dataset.fields[static_cast<std::size_t>(field)].type == model::FieldType::kString;
    return text ? field : -1;
  }

  std::string FileName(const std::string& study, Micros instant) const override {
    return "experiment_" + study + "_" + FormatIsoUtc(instant).substr(0, 10) + ".zip";
  }

  Result<People> Describe(const model::Study& study, vault::StudyVault& vault, const privacy::Reader& reader,
                          const std::vector<std::pair<std::string, std::string>>& people,
                          const exporting::ExportOptions& options) const override {
    Table table{ParticipantColumns(), {}};
    std::map<std::string, model::Session> rooms;
    for (const auto& [room, participant] : people) {
      if (!room.empty() && rooms.count(room) == 0) {
        auto session = privacy::FindSession(vault, reader, room);
        if (!session && session.error().code != ErrorCode::kNotFound) return Fail(session.error());
        if (session) rooms.emplace(room, *std::move(session));
      }
      if (participant == kNobody) continue;
      const auto person = privacy::FindParticipant(vault, reader, participant);
      if (!person && person.error().code != ErrorCode::kNotFound) return Fail(person.error());
      if (!person || person->number == vault.ParticipantNumber(kNobody).value_or(-1)) continue;
      const auto found = rooms.find(room);
      const model::Session* const session = found == rooms.end() ? nullptr : &found->second;
      table.rows.push_back(ParticipantRow(*person, session, AttendanceOf(session, participant), study));
    }
    JsonArray list;
    for (const auto& [id, session] : rooms) {
      JsonObject object;
      object.Text("id", id).Raw("experimentStartedAt", InstantJson(session.start)).Raw("endedAt", InstantJson(session.end));
      object.Text("status", session.status);
      // Words of the study's own, which may name somebody.
      if (options.privacy.identifiers == privacy::IdentifierMode::kKeep) AddWords(session, study, object);
      list.Raw(object.Finish());
    }
    std::string text = TableText(table, 0, table.rows.size(), FormatOf(options.inner));
    if (FormatOf(options.inner) == DataFormat::kJson) text = "[" + text + "]\n";
    return People{std::move(text), table.rows.size(), list.Finish(), AboutOf(options)};
  }

 private:
  static void AddWords(const model::Session& session, const model::Study& study, JsonObject& object) {
    object.Text("name", session.name);
    if (!TextAttribute(session.attributes, "deploymentId")) return;
    object.Text("deploymentId", DeploymentOf(session, study)).Text("deploymentName", DeploymentNameOf(session, study));
  }
  //! What somebody asks of a download later: whose it is, in which form, and what made it.
  std::string AboutOf(const exporting::ExportOptions& options) const {
    JsonObject software;
    software.Text("name", "Sheaf").Text("version", version_);
    const bool coded = options.privacy.identifiers == privacy::IdentifierMode::kRemove;
    JsonObject about;
    about.Text("level", !options.participants.empty() ? "participant" : !options.sessions.empty() ? "room" : "experiment");
    about.Text("files_format", exporting::Name(options.inner)).Text("anonymisation", coded ? "remove" : "keep");
    return about.Raw("software", software.Finish()).Finish();
  }

  static const model::Attendance* AttendanceOf(const model::Session* session, const std::string& participant) {
    if (session == nullptr) return nullptr;
    const auto found = std::find_if(session->attendance.begin(), session->attendance.end(),
                                    [&](const model::Attendance& one) { return one.participant == participant; });
    return found == session->attendance.end() ? nullptr : &*found;
  }

  const std::string version_;
};

}  // namespace

std::shared_ptr<const exporting::ForeignLayout> MakeBundleLayout(std::string version) {
  return std::make_shared<BundleLayout>(std::move(version));
}

}  // namespace sheaf::api::hyperstudy
