#include "export/job_answers.h"

#include <array>
#include <memory>
#include <set>
#include <utility>

#include "base/ids.h"
#include "export/archive.h"
#include "export/encoder.h"
#include "export/pipeline.h"
#include "export/plan_privacy.h"
#include "export/rows.h"
#include "export/tickets.h"
#include "privacy/files_seen.h"

namespace sheaf::exporting {
namespace {

constexpr std::size_t kMostAnswers = 100'000;
// Packing is several times slower than writing.
constexpr std::uint64_t kMostPackedRows = 1'000'000;
constexpr std::int32_t kNobody = -1;

struct KnownType {
  std::string_view type, extension;
};
constexpr std::array<KnownType, 18> kExtensions = {{{"image/jpeg", ".jpg"},
                                                    {"image/png", ".png"},
                                                    {"image/gif", ".gif"},
                                                    {"image/webp", ".webp"},
                                                    {"image/heic", ".heic"},
                                                    {"audio/webm", ".webm"},
                                                    {"audio/mpeg", ".mp3"},
                                                    {"audio/mp4", ".m4a"},
                                                    {"audio/aac", ".aac"},
                                                    {"audio/wav", ".wav"},
                                                    {"audio/x-wav", ".wav"},
                                                    {"audio/ogg", ".ogg"},
                                                    {"video/mp4", ".mp4"},
                                                    {"video/webm", ".webm"},
                                                    {"video/quicktime", ".mov"},
                                                    {"application/pdf", ".pdf"},
                                                    {"text/plain", ".txt"},
                                                    {"text/csv", ".csv"}}};

//! Of its name, else of what it is.
std::string ExtensionOf(const files::File& file) {
  std::string extension = Extension(SafeName(file.name));
  if (!extension.empty()) return extension;
  const std::string type = file.media_type.substr(0, file.media_type.find_first_of("; "));
  for (const KnownType& known : kExtensions) {
    if (known.type == type) return std::string(known.extension);
  }
  return {};
}

bool HoldsFiles(const OutputColumn& output) {
  const bool text = output.type == model::FieldType::kString || output.type == model::FieldType::kIdentifier;
  return text && output.field != nullptr && output.field->content == "file";
}

//! Ids in the rows, and by number the participants whose rows they are.
using Named = std::map<std::string, std::set<std::int32_t>>;

Result<Named> NamedFiles(const JobContext& context, const Plan& plan) {
  Named named;
  vault::Select select = plan.select;
  select.columns.clear();
  select.order.clear();
  for (const OutputColumn& output : plan.output) {
    if (HoldsFiles(output)) select.columns.push_back(output.column);
  }
  const std::size_t places = select.columns.size();
  if (places == 0) return named;
  const std::size_t participant = ColumnPlace(select, model::ColumnKind::kParticipant);
  SHEAF_ASSIGN(const auto cursor, ReadRows(context.study, plan, select));
  while (true) {
    if (context.state.Cancelled()) return Fail(CancelledError());
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return named;
    const model::ColumnView& people = batch->columns[participant];
    for (std::size_t place = 0; place < places; ++place) {
      const model::ColumnView& cells = batch->columns[place];
      for (std::size_t row = 0; row < batch->rows; ++row) {
        if (cells.IsNull(row)) continue;
        const std::string_view id = cells.At<model::StringCell>(row).View();
        // Any other text is no file's id.
        if (!IsSlug(id)) continue;
        named[std::string(id)].insert(people.IsNull(row) ? kNobody : people.At<std::int32_t>(row));
      }
    }
    if (named.size() > kMostAnswers)
      return Fail(ErrorCode::kExportFailed, "The ZIP would hold too many files. Ask for fewer responses at once.");
  }
}

//! A record may say any id: it does not make another participant's file its own.
bool IsOfTheirs(vault::StudyVault& study, const files::File& file, const std::set<std::int32_t>& participants) {
  if (file.participant.empty()) return true;
  const auto number = study.ParticipantNumber(file.participant);
  return number && participants.contains(*number);
}

MediaEntry Missing(const JobContext& context, const std::string& id) {
  MediaEntry entry;
  entry.file.study = context.job.study;
  entry.file.id = id;
  entry.file.kind = "answer";
  entry.fault = "missing";
  return entry;
}

Status AddCsv(const JobContext& context, const PlannedDataset& planned, const Plan& plan, const std::string& path, Manifest& manifest,
              ZipWriter& zip) {
  class EntrySink final : public Sink {
   public:
    explicit EntrySink(ZipWriter& archive) : zip_(archive) {}
    Status Write(std::string_view bytes) override { return zip_.Write(bytes); }

   private:
    ZipWriter& zip_;
  };
  vault::Select select = plan.select;
  const std::size_t time_place = ColumnPlace(select, model::ColumnKind::kTime);
  SHEAF_ASSIGN(auto cursor, ReadRows(context.study, plan, select));
  ObservedCursor observed(std::move(cursor), time_place);
  const auto encoder = MakeEncoder(plan);
  SHEAF_TRY(zip.Begin({path, std::nullopt, planned.rows <= kMostPackedRows, manifest.created_at}));
  EntrySink sink(zip);
  SHEAF_TRY(RunPipeline(observed, *encoder, sink, context.state.progress));
  SHEAF_ASSIGN(auto written, zip.End());
  const TimeRange& seen = observed.Seen();
  SHEAF_TRY(CheckRows(*plan.dataset, planned.rows, seen.rows));
  FileEntry entry;
  entry.path = path;
  entry.dataset = plan.dataset->id;
  entry.format = plan.options.format;
  entry.rows = seen.rows;
  entry.bytes = written.bytes;
  entry.first_time = seen.first;
  entry.last_time = seen.last;
  entry.sha256 = std::move(written.sha256);
  manifest.files.push_back(std::move(entry));
  manifest.datasets.push_back({plan.dataset, seen.rows, seen.first, seen.last});
  return {};
}

}  // namespace

Result<AnswerFiles> FindAnswerFiles(const JobContext& context, const Plan& plan) {
  AnswerFiles answers;
  const std::string& folder = plan.options.file_folder;
  if (folder.empty() || context.files == nullptr) return answers;
  SHEAF_TRY(RequireMedia(plan.options, context.viewer.rights));
  privacy::Reader reader{context.viewer.rights, context.viewer.settings, {}};
  if (context.viewer.rights.own_participant) { SHEAF_ASSIGN(reader.key, CodeKeyOf(context.viewer)); }
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(context.study, reader));
  SHEAF_ASSIGN(const Named named, NamedFiles(context, plan));
  FolderNames names;
  for (const auto& [id, participants] : named) {
    if (context.state.Cancelled()) return Fail(CancelledError());
    const auto file = context.files->Find(context.job.study, id);
    if (!file && file.error().code != ErrorCode::kNotFound) return Fail(file.error());
    if (file && seen.Sees(*file) && IsOfTheirs(context.study, *file, participants)) {
      answers.found.push_back({*file, *file, folder + "/" + names.Of(id) + ExtensionOf(*file)});
    } else {
      answers.missing.push_back(Missing(context, id));
    }
  }
  return answers;
}

Status WriteWithAnswers(const JobContext& context, const PlannedDataset& planned, const AnswerFiles& answers, const std::string& name,
                        Manifest& manifest, Sink& sink) {
  SHEAF_ASSIGN(const auto zip, ZipWriter::Open([&sink](std::string_view bytes) { return sink.Write(bytes); }));
  // The files come first: what became of them decides what the cells say.
  SHEAF_TRY(AddMedia(context, answers.found, manifest, *zip));
  auto paths = std::make_shared<std::map<std::string, std::string, std::less<>>>();
  for (const MediaEntry& entry : *manifest.media) {
    if (!entry.path.empty()) paths->emplace(entry.file.id, entry.path);
  }
  manifest.media->insert(manifest.media->end(), answers.missing.begin(), answers.missing.end());
  Plan plan = planned.plan;
  for (OutputColumn& output : plan.output) {
    if (HoldsFiles(output)) output.paths = paths;
  }
  context.state.SayWriting(plan.dataset->id, planned.rows);
  const std::string& entry_name = plan.options.entry_name;
  SHEAF_TRY(AddCsv(context, planned, plan, entry_name.empty() ? name : entry_name, manifest, *zip));
  return zip->Finish();
}

}  // namespace sheaf::exporting
