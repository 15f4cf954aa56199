#include "api/ddm/answers.h"

#include <algorithm>

#include "api/json_text.h"

namespace sheaf::api::ddm {
namespace {

using model::ColumnKind;

constexpr std::size_t kPageBytes = std::size_t{2} << 20;
constexpr std::uint64_t kMostRows = 1000;
// The first columns of a page; a variable each follows.
enum Place : std::size_t { kWho, kWhen, kCame, kSeq, kSnapshot, kConfig, kSealed, kFixed };

std::string_view TextAt(const model::ColumnBatch& batch, std::size_t column, std::size_t row) {
  if (batch.columns[column].IsNull(row)) return {};
  return batch.columns[column].At<model::StringCell>(row).View();
}

std::vector<std::string> NamesOf(const Project& project, const ingest::SnapshotReader& reader) {
  std::vector<std::string> names = reader.Names();
  const auto known = static_cast<std::ptrdiff_t>(names.size());
  const auto dataset = project.vault->FindDataset(model::kQuestionnaireDataset);
  if (!dataset) return names;
  for (const model::Field& field : (*dataset)->fields) {
    if (field.type != model::FieldType::kString || field.id == model::kSealedAnswers) continue;
    if (std::find(names.begin(), names.begin() + known, field.id) == names.begin() + known) names.push_back(field.id);
  }
  std::sort(names.begin() + known, names.end());
  return names;
}

}  // namespace

AnswersWanted::AnswersWanted(std::shared_ptr<const native::Rooms> all_rooms, const Project& project,
                             std::optional<std::vector<std::string>> whose)
    : rooms(std::move(all_rooms)),
      study(project.study.id),
      settings(project.settings),
      reader(settings),
      names(NamesOf(project, reader)),
      participants(std::move(whose)),
      upto(project.vault->LastSeq()) {}

Result<std::string> AnswerPages::Unseal(const std::string& id) const {
  SHEAF_ASSIGN(const auto file, wanted_->rooms->files->Find(wanted_->study, id));
  SHEAF_ASSIGN(const auto bytes, wanted_->rooms->files->Open(file, {}));
  std::string text;
  while (text.size() < bytes->Size()) {
    SHEAF_ASSIGN(const std::string piece, bytes->ReadAt(text.size(), bytes->Size() - text.size()));
    if (piece.empty()) return Fail(ErrorCode::kStorageDamaged, "Sealed answers are shorter than they were.");
    text += piece;
  }
  return text;
}

Status AnswerPages::ReadValues(AnswerRecord& answer, const std::vector<std::size_t>& variables, const model::ColumnBatch& batch,
                               std::size_t row) const {
  if (!answer.snapshot.empty()) {
    SHEAF_ASSIGN(auto answered, wanted_->reader.Read(answer.snapshot));
    for (auto& one : answered) answer.values.emplace_back(one.variable, std::move(one.json));
    return {};
  }
  // Came as records of the dataset: texts.
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (batch.columns[i + kFixed].IsNull(row)) continue;
    std::string text;
    AppendJsonString(text, TextAt(batch, i + kFixed, row));
    answer.values.emplace_back(variables[i], std::move(text));
  }
  return {};
}

Result<std::vector<AnswerRecord>> AnswerPages::Next() {
  std::vector<AnswerRecord> answers;
  if (ended_ || (wanted_->participants && wanted_->participants->empty())) return answers;
  SHEAF_ASSIGN(const auto vault, wanted_->rooms->vault->OpenStudy(wanted_->study));
  const auto found = vault->FindDataset(model::kQuestionnaireDataset);
  if (!found) return answers;
  const model::Dataset& dataset = **found;
  const auto field = [&](std::string_view name) { return model::Column{ColumnKind::kField, dataset.FieldNumber(name), {}}; };
  vault::Select select;
  select.dataset = dataset.id;
  select.upto = wanted_->upto;
  select.after = after_;
  select.limit = limit_;
  const bool seals = dataset.FieldNumber(model::kSealedAnswers) >= 0;
  select.columns = {{ColumnKind::kParticipant, -1, {}},
                    {ColumnKind::kTime, -1, {}},
                    {ColumnKind::kReceived, -1, {}},
                    {ColumnKind::kSeq, -1, {}},
                    field("snapshot"),
                    field("config"),
                    field(seals ? model::kSealedAnswers : "config")};
  std::vector<std::size_t> variables;  // by column, behind the fixed ones
  for (std::size_t i = 0; i < wanted_->names.size(); ++i) {
    if (dataset.FieldNumber(wanted_->names[i]) < 0) continue;
    select.columns.push_back(field(wanted_->names[i]));
    variables.push_back(i);
  }
  if (wanted_->participants) {
    select.where.emplace();
    select.where->op = model::Operator::kIn;
    select.where->column = {ColumnKind::kParticipantId, -1, {}};
    select.where->values.assign(wanted_->participants->begin(), wanted_->participants->end());
  }
  SHEAF_ASSIGN(const auto cursor, vault->Read(select));
  const auto people = vault->People();
  std::size_t bytes = 0;
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      AnswerRecord& answer = answers.emplace_back();
      answer.participant = people->ParticipantId(batch->columns[kWho].At<std::int32_t>(row));
      answer.time = batch->columns[batch->columns[kWhen].IsNull(row) ? kCame : kWhen].At<std::int64_t>(row);
      after_ = batch->columns[kSeq].At<std::int64_t>(row);
      answer.snapshot = TextAt(*batch, kSnapshot, row);
      answer.config = TextAt(*batch, kConfig, row);
      const std::string_view sealed = seals ? TextAt(*batch, kSealed, row) : std::string_view();
      if (answer.snapshot.empty() && !sealed.empty()) { SHEAF_ASSIGN(answer.snapshot, Unseal(std::string(sealed))); }
      SHEAF_TRY(ReadValues(answer, variables, *batch, row));
      bytes += answer.snapshot.size() + answer.config.size();
    }
  }
  ended_ = answers.size() < limit_;
  // As many as fit, by what these took; a page never grows by more than four times.
  const std::uint64_t fit = answers.empty() ? kMostRows : kPageBytes / (bytes / answers.size() + 1);
  limit_ = std::clamp<std::uint64_t>(fit, 1, std::min<std::uint64_t>(limit_ * 4, kMostRows));
  return answers;
}

}  // namespace sheaf::api::ddm
