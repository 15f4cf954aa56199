#include "ingest/donation.h"

#include <algorithm>
#include <boost/json.hpp>
#include <span>

#include "base/ids.h"
#include "ingest/ingest.h"
#include "model/strict_json.h"
#include "vault/care.h"

namespace sheaf::ingest {
namespace {

namespace json = boost::json;

tl::unexpected<Error> NotJson(const char* place) { return Fail(ErrorCode::kBadJson, "The JSON is not well-formed.", place); }

Status KeepRecord(const DonationStores& stores, const std::string& dataset, const json::object& record) {
  IngestOptions options;
  options.dataset = dataset;
  options.format = BodyFormat::kNdjson;
  options.spool_directory = stores.temporary;
  const std::string line = model::CompactJson(record) + "\n";
  SHEAF_ASSIGN(const IngestResult result, IngestAll(stores.study, options, line));
  if (result.rejected.empty()) return {};
  return Fail(result.rejected.front().code, result.rejected.front().error);
}

Status RefuseWithdrawn(vault::StudyVault& study, const std::string& participant) {
  const auto* const care = study.Care();
  if (care != nullptr && care->IsWithdrawn(participant)) return Fail(ErrorCode::kParticipantWithdrawn, "The participant has withdrawn.");
  return {};
}

//! Content of a record as a file, sealed. Its id follows from the record's, so that a repetition finds it.
Status KeepSealed(const DonationStores& stores, files::File file, const std::string& content) {
  file.study = stores.study_id;
  file.media_type = "application/json";
  file.account = stores.account;
  const std::string id = file.id;
  SHEAF_TRY(stores.files->Begin(std::move(file), nullptr));
  std::size_t at = 0;
  constexpr std::size_t kPiece = 1u << 20;
  const auto source = [&]() -> Result<std::span<const char>> {
    const std::size_t size = std::min(kPiece, content.size() - at);
    const std::span<const char> piece(content.data() + at, size);
    at += size;
    return piece;
  };
  SHEAF_TRY(stores.files->Put(stores.study_id, id, source));
  return {};
}

Status KeepPayload(const DonationStores& stores, const Donation& donation, const std::string& file_id) {
  files::File file;
  file.id = file_id;
  file.kind = "donation";
  file.dataset = model::BlueprintDatasetId(donation.blueprint);
  file.name = file.dataset + ".json";
  file.participant = donation.participant;
  file.record = donation.id;
  file.field = "payload";
  return KeepSealed(stores, std::move(file), donation.data);
}

std::string CellText(const json::value& value) { return value.is_string() ? std::string(value.get_string()) : model::CompactJson(value); }

}  // namespace

Status KeepDonation(const DonationStores& stores, const model::DonationProject& project, const Donation& given) {
  if (project.FindBlueprint(given.blueprint) == nullptr) return Fail(ErrorCode::kNotFound, "There is no such blueprint.");
  SHEAF_TRY(RefuseWithdrawn(*stores.study, given.participant));
  json::value data;
  if (!model::ParseDataJson(given.data, data)) return NotJson("data");
  Donation donation = given;
  const bool fresh = donation.id.empty();
  if (fresh) donation.id = NewId("don_");
  const std::string file = fresh ? "fil_" + donation.id.substr(4) : "fil_" + RandomToken(20);
  SHEAF_TRY(KeepPayload(stores, donation, file));
  json::object values{{"status", donation.status}, {"payload", file}};
  values["entries"] = data.is_array() ? data.get_array().size() : 1;
  if (donation.consent) values["consent"] = *donation.consent;
  const json::object record{
      {"id", donation.id}, {"participant", donation.participant}, {"time", FormatIsoUtc(donation.time)}, {"values", std::move(values)}};
  const Status kept = KeepRecord(stores, model::BlueprintDatasetId(donation.blueprint), record);
  // Nothing half there.
  if (!kept) std::ignore = stores.files->Remove(stores.study_id, file);
  return kept;
}

SnapshotReader::SnapshotReader(const model::DonationProject& project) {
  for (model::Variable& variable : model::Variables(project)) {
    const std::string question = std::to_string(variable.question->id);
    if (variable.item == nullptr) places_.push_back({"question-" + question, question, {}});
    else places_.push_back({"item-" + std::to_string(variable.item->id), question, std::to_string(variable.item->id)});
    names_.push_back(std::move(variable.name));
  }
}

Result<std::vector<SnapshotReader::Answered>> SnapshotReader::Read(std::string_view snapshot) const {
  json::value value;
  if (!model::ParseDataJson(snapshot, value) || !value.is_object()) return NotJson("snapshot");
  const json::object& object = value.get_object();
  std::vector<Answered> answered;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const json::value* answer = object.if_contains(place.key);
    if (answer == nullptr) {
      const json::value* const old = object.if_contains(place.old_question);
      answer = old != nullptr && old->is_object() ? old->get_object().if_contains("response") : nullptr;
      if (answer != nullptr && !place.old_item.empty())
        answer = answer->is_object() ? answer->get_object().if_contains(place.old_item) : nullptr;
    }
    if (answer != nullptr && !answer->is_object() && !answer->is_array()) answered.push_back({i, model::CompactJson(*answer)});
  }
  return answered;
}

namespace {
//! What the record's fields say of the answers, where everybody who may read the study may read them.
Result<json::object> PlainAnswers(const model::DonationProject& project, const Answers& answers) {
  json::object values;
  json::value read;
  if (!answers.snapshot.empty()) {
    const SnapshotReader reader(project);
    SHEAF_ASSIGN(const auto answered, reader.Read(answers.snapshot));
    for (const auto& one : answered) {
      if (one.json != "null" && model::ParseDataJson(one.json, read)) values[reader.Names()[one.variable]] = CellText(read);
    }
    if (!model::ParseDataJson(answers.snapshot, read)) return NotJson("snapshot");
    values["snapshot"] = std::move(read);
  } else if (!answers.values.empty()) {
    if (!model::ParseDataJson(answers.values, read) || !read.is_object()) return NotJson("values");
    for (const auto& [name, value] : read.get_object()) {
      if (!value.is_null()) values[name] = CellText(value);
    }
  }
  return values;
}

//! Answers of a locked study as a file, which its passphrase opens.
Status SealAnswers(const DonationStores& stores, const model::DonationProject& project, const Answers& answers, const std::string& id,
                   const std::string& file_id) {
  const std::string& text = answers.snapshot.empty() ? answers.values : answers.snapshot;
  json::value value;
  if (!model::ParseDataJson(text.empty() ? "{}" : text, value) || !value.is_object()) return NotJson("snapshot");
  const auto dataset = stores.study->FindDataset(model::kQuestionnaireDataset);
  // Made before there was such a field.
  if (dataset && (*dataset)->FieldNumber(model::kSealedAnswers) < 0)
    SHEAF_TRY(stores.study->PutDataset(model::QuestionnaireDataset(project), nullptr));
  files::File file;
  file.id = file_id;
  file.kind = "answer";
  file.dataset = model::kQuestionnaireDataset;
  file.name = "answers.json";
  file.participant = answers.participant;
  file.record = id;
  file.field = model::kSealedAnswers;
  return KeepSealed(stores, std::move(file), text.empty() ? "{}" : text);
}
}  // namespace

Status KeepAnswers(const DonationStores& stores, const model::DonationProject& project, const Answers& answers) {
  SHEAF_TRY(RefuseWithdrawn(*stores.study, answers.participant));
  const std::string id = answers.id.empty() ? NewId("rsp_") : answers.id;
  json::object values;
  std::string file;
  if (stores.locked) {
    file = "fil_" + RandomToken(20);
    SHEAF_TRY(SealAnswers(stores, project, answers, id, file));
    values[model::kSealedAnswers] = file;
  } else {
    SHEAF_ASSIGN(values, PlainAnswers(project, answers));
  }
  Status kept;
  if (!answers.config.empty()) {
    json::value config;
    if (!model::ParseDataJson(answers.config, config)) kept = NotJson("questionnaire_config");
    values["config"] = std::move(config);
  }
  if (kept)
    kept =
        KeepRecord(stores, std::string(model::kQuestionnaireDataset),
                   {{"id", id}, {"participant", answers.participant}, {"time", FormatIsoUtc(answers.time)}, {"values", std::move(values)}});
  // Nothing half there.
  if (!kept && !file.empty()) std::ignore = stores.files->Remove(stores.study_id, file);
  return kept;
}

}  // namespace sheaf::ingest
