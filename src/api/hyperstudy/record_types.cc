#include "api/hyperstudy/record_types.h"

#include <algorithm>

namespace sheaf::api::hyperstudy {
namespace {

using access::Topic;
using model::DatasetKind;

// A key is NAME, what it is, and options: `@id` and its like are the record's own; s text, i identifier, n number, b boolean,
// t time, j JSON are fields; `~direct`, `~sensitive` are classes of privacy; `=JSON` is what stands where there is none, `?=JSON`
// the same unless a null was sent.
struct Row {
  std::string_view path, dataset;
  DatasetKind kind;
  Topic topic;
  std::string_view data_type, rating_type, files, count_key, sort, keys;
};

constexpr Row kRows[] = {
    {"events", "events", DatasetKind::kEvents, Topic::kEvents, "events", "", "events questionnaire comprehension instructions consent",
     "events", "timestamp",
     "id@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant timestamp@time onset@onset "
     "category:s eventType:s=\"unknown\" componentType:s?=\"unknown\" componentId:s content:s?=\"\" stateId:s stateName:s "
     "participantRole:s duration:n response:j~sensitive value:j~sensitive data:j clientTime:t"},
    {"recordings", "recordings", DatasetKind::kRecordings, Topic::kRecordings, "recordings", "", "recordings", "recordings", "startTime",
     "recordingId@id egressId:i participantId@participant participantName:s~direct experimentId@study roomId@session sessionId@session "
     "deploymentId:i timestamp@time onset@onset startTime:t endTime:t duration:n videoOffset:n fileSize:n format:s resolution:s status:s "
     "fileName:s~direct url:s~direct downloadUrl:s~direct downloadPath@media metadata:j?={}"},
    {"chat", "chat", DatasetKind::kChat, Topic::kChat, "chat", "", "chat textchat", "textchat", "timestamp",
     "messageId@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant senderId@participant "
     "senderName:s~direct content:s~sensitive?=\"\" timestamp@time onset@onset recipientIds:j=[] messageType:s=\"text\" deleted:b"},
    {"videochat", "videochat", DatasetKind::kCustom, Topic::kVideochat, "videochat", "", "videochat", "videochat", "timestamp",
     "id@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant timestamp@time onset@onset "
     "eventType:s duration:n metadata:j?={}"},
    {"ratings/continuous", "continuous_ratings", DatasetKind::kContinuousRatings, Topic::kContinuousRatings, "ratings", "continuous",
     "ratings_continuous continuous_ratings", "continuousRatings", "timestamp",
     "ratingId@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant componentId:s "
     "timestamp@time onset@onset value:n normalizedValue:n rawValue:n scaleMin:n scaleMax:n"},
    {"ratings/sparse", "sparse_ratings", DatasetKind::kSparseRatings, Topic::kSparseRatings, "ratings", "sparse",
     "ratings_sparse sparse_ratings", "sparseRatings", "timestamp",
     "ratingId@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant componentId:s "
     "timestamp@time onset@onset rawOnset:n clockOffsetApplied:n value:n rawValue:n responseTime:n scaleMin:n scaleMax:n labels:j scale:j "
     "type:s=\"sparse\" stateId:s stimulusId:s stimulusTime:n confidence:n metadata:j?={} ratingEndOnset:n sparseRatingData:j?={} "
     "stateStartTime:n stateDuration:n"},
    {"sync", "sync_metrics", DatasetKind::kSyncMetrics, Topic::kSyncMetrics, "sync", "", "sync_metrics sync", "sync", "timestamp",
     "metricId@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant timestamp@time onset@onset "
     "timeDrift:n playbackRate:n syncQuality:n latency:n bufferHealth:n"},
    {"components", "components", DatasetKind::kComponents, Topic::kComponents, "components", "", "components", "components", "timestamp",
     "id@id componentId:s componentType:s?=\"unknown\" experimentId@study roomId@session sessionId@session deploymentId:i "
     "participantId@participant stateId:s config:j variableSnapshot:j response:j~sensitive completed:b content:s?=\"\" stimulusUrl:s "
     "stimulusCaption:s timestamp@time onset@onset"},
    {"eyetracking", "eyetracking", DatasetKind::kCustom, Topic::kEvents, "eyetracking", "", "eyetracking", "eyetracking", "timestamp",
     "id@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant timestamp@time onset@onset "
     "eventType:s mode:s targetCount:n points:j rmsError:n gazeX:n gazeY:n pupilDiameter:n confidence:n sampleCount:n"},
    {"variables", "variables", DatasetKind::kCustom, Topic::kEvents, "variables", "", "variables", "variables", "timestamp",
     "id@id experimentId@study roomId@session sessionId@session deploymentId:i participantId@participant timestamp@time onset@onset "
     "variable:s value:j~sensitive source:s persisted:b stateId:s reason:s"},
};

Source SourceOf(std::string_view word) {
  if (word == "id") return Source::kRecordId;
  if (word == "study") return Source::kStudy;
  if (word == "session") return Source::kSession;
  if (word == "participant") return Source::kParticipant;
  if (word == "time") return Source::kTime;
  if (word == "onset") return Source::kOnset;
  return Source::kMedia;
}

model::FieldType TypeOf(char letter) {
  switch (letter) {
    case 'i': return model::FieldType::kIdentifier;
    case 'n': return model::FieldType::kDouble;
    case 'b': return model::FieldType::kBoolean;
    case 't': return model::FieldType::kDatetime;
    case 'j': return model::FieldType::kJson;
    default: return model::FieldType::kString;
  }
}

Key ParseKey(std::string_view text) {
  Key key;
  if (const std::size_t equal = text.find('='); equal != std::string_view::npos) {
    key.absent = text.substr(equal + 1);
    text = text.substr(0, equal);
    key.keeps_null = text.back() == '?';
    if (key.keeps_null) text.remove_suffix(1);
  }
  if (const std::size_t tilde = text.find('~'); tilde != std::string_view::npos) {
    key.privacy = text.substr(tilde + 1) == "direct" ? model::PrivacyClass::kDirect : model::PrivacyClass::kSensitive;
    text = text.substr(0, tilde);
  }
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    key.name = text.substr(0, at);
    key.source = SourceOf(text.substr(at + 1));
    return key;
  }
  const std::size_t colon = text.find(':');
  key.name = text.substr(0, colon);
  key.type = TypeOf(text[colon + 1]);
  return key;
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    if (blank > 0) words.emplace_back(text.substr(0, blank));
    text.remove_prefix(std::min(text.size(), blank + 1));
  }
  return words;
}

std::vector<RecordType> ParseTable() {
  std::vector<RecordType> types;
  for (const Row& row : kRows) {
    RecordType& type = types.emplace_back();
    type.path = row.path;
    type.dataset = row.dataset;
    type.kind = row.kind;
    type.topic = row.topic;
    type.data_type = row.data_type;
    type.rating_type = row.rating_type;
    type.files = Words(row.files);
    type.count_key = row.count_key;
    type.sort = row.sort;
    for (const std::string& key : Words(row.keys)) type.keys.push_back(ParseKey(key));
  }
  return types;
}

}  // namespace

const Key* RecordType::FindKey(std::string_view name) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

const std::vector<RecordType>& RecordTypes() {
  static const std::vector<RecordType> kTypes = ParseTable();
  return kTypes;
}

const RecordType* FindRecordType(std::string_view path) {
  const auto& types = RecordTypes();
  const auto found = std::find_if(types.begin(), types.end(), [&](const RecordType& type) { return type.path == path; });
  return found == types.end() ? nullptr : &*found;
}

const RecordType* FindRecordTypeByFile(std::string_view stem) {
  for (const RecordType& type : RecordTypes()) {
    if (std::find(type.files.begin(), type.files.end(), stem) != type.files.end()) return &type;
  }
  return nullptr;
}

model::Dataset DefinitionOf(const RecordType& type, const model::Dataset* current) {
  model::Dataset dataset;
  if (current != nullptr) {
    dataset = *current;
  } else {
    dataset.id = dataset.name = type.dataset;
    dataset.kind = type.kind;
    dataset.mode = model::DatasetMode::kAppend;
  }
  const auto add = [&dataset](std::string_view name, model::FieldType field_type, model::PrivacyClass privacy) {
    if (dataset.FieldNumber(name) >= 0) return;
    model::Field& field = dataset.fields.emplace_back();
    field.id = field.name = field.label = name;
    field.type = field_type;
    field.privacy = privacy;
  };
  for (const Key& key : type.keys) {
    if (key.source == Source::kField) add(key.name, key.type, key.privacy);
  }
  add(kExtraField, model::FieldType::kJson, model::PrivacyClass::kSensitive);
  return dataset;
}

}  // namespace sheaf::api::hyperstudy
