#include "export/job_file.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "base/guid.h"
#include "export/archive.h"
#include "export/encoder.h"
#include "export/handover_sink.h"
#include "export/job_answers.h"
#include "export/job_parts.h"
#include "export/pipeline.h"
#include "export/rows.h"
#include "export/spool_file.h"
#include "export/tickets.h"
#include "privacy/seen.h"
#include "quality/report_json.h"

namespace sheaf::exporting {
namespace {

//! Of a file in a ZIP that is made because it is large.
constexpr std::uint64_t kMostPackedRows = 1'000'000;
// A large study that was never checked is checked on its own time, not on the export's.
constexpr int kQualityPatienceMs = 3000;

class BlobSink final : public Sink {
 public:
  BlobSink(blobs::BlobWriter& writer, JobState& state) : writer_(writer), state_(state) {}
  Status Write(std::string_view bytes) override {
    SHEAF_TRY(writer_.Write(bytes));
    state_.bytes += bytes.size();
    return {};
  }

 private:
  blobs::BlobWriter& writer_;
  JobState& state_;
};

//! As it comes, or from `zip_from` bytes on inside a ZIP: only the end tells how many there are, so the first ones wait.
class PackingSink final : public Sink {
 public:
  //! `deflate`: packing is several times slower than writing, so what is huge is put in as it is.
  PackingSink(Sink& file, const ExportOptions& options, std::string entry, Micros instant, bool deflate)
      : file_(file), zip_from_(options.zip_from), entry_(std::move(entry)), instant_(instant), deflate_(deflate) {}

  Status Write(std::string_view bytes) override {
    if (zip_from_ == 0) return file_.Write(bytes);
    if (zip_) return zip_->Write(bytes);
    waiting_ += bytes;
    if (waiting_.size() < zip_from_) return {};
    SHEAF_ASSIGN(zip_, ZipWriter::Open([this](std::string_view packed) { return file_.Write(packed); }));
    SHEAF_TRY(zip_->Begin({entry_, std::nullopt, deflate_, instant_, false}));
    return zip_->Write(std::exchange(waiting_, {}));
  }

  //! True: it became a ZIP.
  Result<bool> Finish() {
    if (!zip_) {
      SHEAF_TRY(file_.Write(waiting_));
      return false;
    }
    SHEAF_ASSIGN(const auto written, zip_->End());
    (void)written;
    SHEAF_TRY(zip_->Finish());
    return true;
  }

 private:
  Sink& file_;
  const std::uint64_t zip_from_;
  const std::string entry_;
  const Micros instant_;
  const bool deflate_;
  std::string waiting_;
  std::unique_ptr<ZipWriter> zip_;
};
//! Parts lie in a ZIP.
Format FileFormat(const ExportOptions& options) { return options.part_size > 0 ? Format::kZip : options.format; }

//! STUDY_DATASET_20260131T081500Z.csv
std::string FileName(const JobContext& context, const ExportOptions& options, const std::vector<PlannedDataset>& datasets, Micros instant) {
  if (options.format == Format::kAlida) return datasets.front().plan.alida->id + ".json";
  const bool foreign = options.format == Format::kZip && options.layout == ZipLayout::kHyperStudy && context.foreign != nullptr;
  if (foreign) return SafeName(context.foreign->FileName(context.job.study, instant));
  std::string name = SafeName(context.job.study);
  if (datasets.size() == 1) name += "_" + SafeName(datasets.front().plan.dataset->id);
  return name + "_" + CompactTime(instant) + "." + std::string(Name(FileFormat(options)));
}

//! Each attempt has a blob of its own: one that was taken for dead and still writes gets in nobody's way.
std::string BlobName(const catalog::ExportJob& job) { return "exports/" + job.id + "-" + std::to_string(job.attempts); }

//! The datasets may share a rewriter's counts no more than its file: each has its own.
std::string PrivacyJson(const ExportOptions& options, const std::vector<PlannedDataset>& datasets) {
  std::vector<const Plan*> plans;
  for (const auto& planned : datasets) plans.push_back(&planned.plan);
  return ExportPrivacyJson(options, plans);
}

//! How good the data is that the file is made of: all of the datasets that whoever asked may see. An export does not fail for it.
void TellQuality(const JobContext& context, const std::vector<PlannedDataset>& datasets, Manifest& manifest) {
  if (context.quality == nullptr) return;
  context.state.Say("checking the data's quality");
  quality::Request request;
  request.patience_ms = kQualityPatienceMs;
  for (const auto& planned : datasets) {
    if (planned.plan.dataset->number > 0) request.datasets.push_back(planned.plan.dataset->id);
  }
  request.whom.with_records = !context.viewer.rights.datasets.empty();
  if (const auto seen = privacy::WhoIsSeen(context.viewer.rights, context.viewer.settings)) {
    auto numbers = context.study.ParticipantNumbers(*seen);
    if (!numbers) return;
    request.whom.seen = *std::move(numbers);
  }
  const auto report = context.quality->Report(context.study, request);
  if (!report) return;
  manifest.quality = quality::SummaryJson(*report, Now());
  for (const auto& dataset : report->datasets) manifest.completeness[dataset.dataset->id] = quality::CompletenessJson(dataset.completeness);
}

FileEntry SingleEntry(const PlannedDataset& planned, const TimeRange& range) {
  FileEntry entry;
  entry.dataset = planned.plan.dataset->id;
  entry.format = planned.plan.options.format;
  entry.rows = range.rows;
  entry.first_time = range.first;
  entry.last_time = range.last;
  return entry;
}

Result<blobs::BlobWriter::Published> WriteText(const JobContext& context, const PlannedDataset& planned, JobFile& file,
                                               Manifest& manifest) {
  vault::Select select = planned.plan.select;
  const std::size_t time_place = ColumnPlace(select, model::ColumnKind::kTime);
  const ExportOptions& options = planned.plan.options;
  SHEAF_ASSIGN(auto writer, context.blobs.Create(file.blob, context.seal_to));
  SHEAF_ASSIGN(auto cursor, ReadRows(context.study, planned.plan, select));
  ObservedCursor observed(std::move(cursor), time_place);
  const auto encoder = MakeEncoder(planned.plan);
  BlobSink blob(*writer, context.state);
  // Packing is one lane's work, and so are hashing and sealing behind it.
  std::optional<HandOverSink> behind;
  if (options.zip_from > 0) behind.emplace(blob);
  PackingSink sink(behind ? static_cast<Sink&>(*behind) : blob, options, options.entry_name.empty() ? file.name : options.entry_name,
                   manifest.created_at, planned.rows <= kMostPackedRows);
  SHEAF_TRY(RunPipeline(observed, *encoder, sink, context.state.progress));
  SHEAF_ASSIGN(const bool zipped, sink.Finish());
  if (behind) SHEAF_TRY(behind->Finish());
  if (zipped) file.name = file.name.substr(0, file.name.rfind('.')) + ".zip";
  SHEAF_TRY(CheckRows(*planned.plan.dataset, planned.rows, observed.Seen().rows));
  manifest.files.push_back(SingleEntry(planned, observed.Seen()));
  context.state.Say("checking and publishing the file");
  return writer->Publish();
}

Result<blobs::BlobWriter::Published> WriteParquet(const JobContext& context, const PlannedDataset& planned, JobFile& job_file,
                                                  Manifest& manifest) {
  SHEAF_ASSIGN(const ParquetFile file, WriteParquetFile(context, planned.plan));
  auto status = CheckRows(*planned.plan.dataset, planned.rows, file.range.rows);
  if (status) {
    manifest.files.push_back(SingleEntry(planned, file.range));
    context.state.Say("checking and publishing the file");
    auto published = context.blobs.Adopt(job_file.blob, file.path, context.seal_to);
    if (published) return published;
    status = tl::unexpected<Error>(published.error());
  }
  ::unlink(file.path.c_str());
  return Fail(std::move(status).error());
}

Result<blobs::BlobWriter::Published> WriteArchive(const JobContext& context, const ExportOptions& options,
                                                  const std::vector<PlannedDataset>& datasets, const std::string& blob,
                                                  Manifest& manifest) {
  SHEAF_ASSIGN(auto writer, context.blobs.Create(blob, context.seal_to));
  BlobSink file(*writer, context.state);
  HandOverSink sink(file);
  SHEAF_TRY(WriteZip(context, options, datasets, manifest, sink));
  SHEAF_TRY(sink.Finish());
  context.state.Say("checking and publishing the file");
  return writer->Publish();
}

Result<blobs::BlobWriter::Published> WriteCut(const JobContext& context, const ExportOptions& options, const PlannedDataset& planned,
                                              const std::string& blob, Manifest& manifest) {
  SHEAF_ASSIGN(auto writer, context.blobs.Create(blob, context.seal_to));
  BlobSink sink(*writer, context.state);
  context.state.SayWriting(planned.plan.dataset->id, planned.rows);
  SHEAF_TRY(WriteParts(context, options, planned, manifest, sink));
  context.state.Say("checking and publishing the file");
  return writer->Publish();
}

void AddSingleDataset(const PlannedDataset& planned, const std::string& name, const blobs::BlobWriter::Published& published,
                      Manifest& manifest) {
  FileEntry& entry = manifest.files.front();
  entry.path = name;
  entry.bytes = published.size;
  entry.sha256 = published.sha256;
  manifest.datasets.push_back({planned.plan.dataset, entry.rows.value_or(0), entry.first_time, entry.last_time});
}

//! One dataset in one file; with the files that its rows name it is a ZIP.
Result<blobs::BlobWriter::Published> WriteSingle(const JobContext& context, const PlannedDataset& planned, JobFile& file,
                                                 Manifest& manifest) {
  context.state.SayWriting(planned.plan.dataset->id, planned.rows);
  SHEAF_ASSIGN(const AnswerFiles answers, FindAnswerFiles(context, planned.plan));
  if (!answers.found.empty()) {
    SHEAF_ASSIGN(auto writer, context.blobs.Create(file.blob, context.seal_to));
    BlobSink sink(*writer, context.state);
    SHEAF_TRY(WriteWithAnswers(context, planned, answers, file.name, manifest, sink));
    file.name = file.name.substr(0, file.name.rfind('.')) + ".zip";
    context.state.Say("checking and publishing the file");
    return writer->Publish();
  }
  const bool parquet = planned.plan.options.format == Format::kParquet;
  SHEAF_ASSIGN(auto published, (parquet ? WriteParquet : WriteText)(context, planned, file, manifest));
  AddSingleDataset(planned, file.name, published, manifest);
  if (!planned.plan.options.file_folder.empty()) manifest.media = answers.missing;
  return published;
}

Result<JobFile> Write(const JobContext& context, const std::string& study_name) {
  const Micros instant = Now();
  SHEAF_ASSIGN(const ExportOptions options, OptionsFromJson(context.job.request));
  SHEAF_ASSIGN(const auto datasets, PlanDatasets(context, options));
  Manifest manifest;
  manifest.export_id = context.job.id;
  manifest.study = context.job.study;
  manifest.study_name = study_name;
  manifest.account = context.job.account;
  manifest.created_at = instant;
  manifest.request = context.job.request;
  TellQuality(context, datasets, manifest);
  manifest.cursor = datasets.empty() ? CursorText(context.study.LastSeq()) : datasets.front().plan.cursor;

  JobFile file;
  file.blob = BlobName(context.job);
  file.name = FileName(context, options, datasets, instant);
  file.cursor = manifest.cursor;
  blobs::BlobWriter::Published published;
  if (options.format == Format::kZip) {
    manifest.layout = options.layout;
    SHEAF_ASSIGN(published, WriteArchive(context, options, datasets, file.blob, manifest));
  } else if (options.part_size > 0) {
    SHEAF_ASSIGN(published, WriteCut(context, options, datasets.front(), file.blob, manifest));
  } else {
    SHEAF_ASSIGN(published, WriteSingle(context, datasets.front(), file, manifest));
  }
  file.size = published.size;
  file.sha256 = published.sha256;
  manifest.privacy = PrivacyJson(options, datasets);
  const bool with_files = !options.file_folder.empty() && file.name.ends_with(".zip");
  const ExportFile self{file.name, with_files ? Format::kZip : FileFormat(options), file.size, file.sha256};
  file.manifest = ManifestJson(manifest, &self);
  file.privacy = manifest.privacy;
  return file;
}

}  // namespace

Result<std::vector<PlannedDataset>> PlanDatasets(const JobContext& context, const ExportOptions& options) {
  const vault::Seq upto = context.study.LastSeq();
  SHEAF_ASSIGN(const auto ids, ResolveDatasets(context.study, options, context.viewer.rights));
  std::vector<PlannedDataset> datasets;
  for (const auto& id : ids) {
    if (context.state.Cancelled()) return Fail(CancelledError());
    context.state.Say("counting rows of " + id);
    PlannedDataset planned;
    SHEAF_ASSIGN(planned.plan, MakePlan(context.study, options, id, upto, context.viewer));
    SHEAF_TRY(PreparePlan(context.study, planned.plan));
    if (planned.plan.alida) planned.plan.alida->id = GuidOfId(context.job.id, "exp_", kAlidaBatchMark).value_or(NewGuid());
    SHEAF_ASSIGN(planned.rows, CountRows(context.study, planned.plan));
    context.state.rows_total += planned.rows;
    if (options.sort_up_to > 0 && planned.rows > options.sort_up_to) planned.plan.select.order.clear();
    datasets.push_back(std::move(planned));
  }
  return datasets;
}

Result<std::vector<std::string>> ResolveDatasets(vault::StudyVault& study, const ExportOptions& options, const model::ViewRights& rights) {
  std::vector<std::string> ids = options.datasets;
  if (ids.empty()) {
    for (const auto& dataset : study.Datasets()) {
      if (model::MaySeeDataset(rights, dataset->id)) ids.push_back(dataset->id);
    }
  }
  std::unordered_set<std::string_view> seen;
  for (const auto& id : ids) {
    if (!seen.insert(id).second) return Fail(ErrorCode::kBadParameter, "It names the dataset " + id + " twice.", "datasets");
  }
  if (options.format == Format::kZip) return ids;
  if (ids.empty()) return Fail(ErrorCode::kBadParameter, "The study has no dataset.", "datasets");
  if (ids.size() > 1) {
    return Fail(ErrorCode::kBadParameter,
                "A " + std::string(Name(options.format)) + " file holds one dataset; ask for format zip to get several.", "datasets");
  }
  return ids;
}

Result<ParquetFile> WriteParquetFile(const JobContext& context, const Plan& plan) {
  ParquetFile file;
  file.path = TemporaryPath(context.temporary, kJobFilePrefix, ".parquet");
  // The engine tells nothing while it writes; the size of its file does.
  const std::uint64_t bytes_before = context.state.bytes;
  auto rows = WriteParquetRows(context.study, plan, file.path, [&] {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file.path, missing);
    if (!missing) context.state.bytes = bytes_before + size;
    return context.state.Cancelled();
  });
  Status status;
  if (!rows) status = tl::unexpected<Error>(rows.error());
  if (status) {
    vault::Select select = plan.select;
    select.columns = {model::Column{model::ColumnKind::kTime, -1, {}}};
    select.order.clear();
    auto cursor = ReadRows(context.study, plan, select);
    if (!cursor) status = tl::unexpected<Error>(cursor.error());
    while (status) {
      auto batch = (*cursor)->Next();
      if (!batch) status = tl::unexpected<Error>(batch.error());
      else if (context.state.Cancelled()) status = Fail(CancelledError());
      else if (*batch == nullptr) break;
      else file.range.Add((*batch)->columns[0], 0, (*batch)->rows);
    }
  }
  if (status) status = CheckRows(*plan.dataset, *rows, file.range.rows);
  if (!status) {
    ::unlink(file.path.c_str());
    return Fail(std::move(status).error());
  }
  context.state.progress.rows += *rows;
  return file;
}

Status CheckRows(const model::Dataset& about, std::uint64_t counted, std::uint64_t written) {
  const std::string& dataset = about.id;
  // Participants are no records of an instant: one may have come in between.
  if (counted == written || dataset == vault::kParticipantsDataset) return {};
  return Fail(ErrorCode::kInternal, GroupedNumber(written) + " rows of " + dataset + " were written where " + GroupedNumber(counted) +
                                        " were counted, so the file was not published.");
}

Result<JobFile> WriteJobFile(const JobContext& context, const std::string& study_name) {
  Result<JobFile> file;
  const std::uint64_t people = context.study.PeopleGeneration();
  try {
    file = Write(context, study_name);
  } catch (const std::exception& exception) { file = Fail(ErrorCode::kInternal, std::string("The export broke off: ") + exception.what()); }
  // Counted with somebody who was gone when it was read: not a fault, to be done again.
  if (!file && file.error().code == ErrorCode::kInternal && context.study.PeopleGeneration() != people)
    file = Fail(ErrorCode::kStudyRewritten, "Somebody withdrew or was erased while the file was made.");
  // Whatever was published before something else failed must not stay.
  if (!file) std::ignore = context.blobs.Remove(BlobName(context.job));
  return file;
}

}  // namespace sheaf::exporting
