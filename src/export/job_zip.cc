// The ZIP of a background export: data files, then what describes them.

#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "export/archive.h"
#include "export/datapackage.h"
#include "export/encoder.h"
#include "export/job_file.h"
#include "export/media.h"
#include "export/output_text.h"
#include "export/rows.h"
#include "export/spool_file.h"
#include "export/tickets.h"
#include "quality/report_json.h"

namespace sheaf::exporting {
namespace {
using model::ColumnKind;

// More would be of no use to anyone, and their manifest no longer fits memory.
constexpr std::size_t kMostFiles = 100000;
constexpr std::size_t kFlushBytes = 256u << 10;
constexpr std::size_t kCopyBytes = 1u << 20;
constexpr std::string_view kNoSession = "no-session";
constexpr std::string_view kSchemas = "schemas";

class EntrySink final : public Sink {
 public:
  explicit EntrySink(ZipWriter& zip) : zip_(zip) {}
  Status Write(std::string_view bytes) override { return zip_.Write(bytes); }

 private:
  ZipWriter& zip_;
};

//! Numbers of a session and a participant; no session: -1.
struct Person {
  std::int32_t session = -1;
  std::int32_t participant = -1;
  auto operator<=>(const Person&) const = default;
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

//! The name, with `-2`, `-3`… before its ending where it is taken; from now on it is. `taken`: in lower case.
std::string Untaken(std::set<std::string>& taken, const std::string& stem, const std::string& ending = {}) {
  std::string name = stem + ending;
  for (int number = 2; !taken.insert(Lower(name)).second; ++number) name = stem + "-" + std::to_string(number) + ending;
  return name;
}

class ZipJob {
 public:
  ZipJob(const JobContext& context, const ExportOptions& options, Manifest& manifest, ZipWriter& zip)
      : context_(context), options_(options), manifest_(manifest), zip_(zip), extension_("." + std::string(Name(options.inner))) {}

  //! What the files of each dataset are called; before any is added. Those that the layout knows have their names first.
  void NameFiles(const std::vector<PlannedDataset>& datasets) {
    if (!IsForeign()) return;
    std::vector<const Plan*> known, others;
    for (const auto& planned : datasets) (context_.foreign->NameOf(*planned.plan.dataset) ? known : others).push_back(&planned.plan);
    std::set<std::string> taken;
    const auto name = [&](const Plan* plan, const std::string& extract, const std::string& wanted) {
      file_names_[{plan->dataset->id, extract}] = Untaken(taken, wanted);
    };
    for (const Plan* plan : known) name(plan, "", *context_.foreign->NameOf(*plan->dataset));
    for (const auto* plans : {&known, &others}) {
      for (const Plan* plan : *plans) {
        for (const auto& extract : context_.foreign->ExtractsOf(*plan)) name(plan, extract.name, extract.name);
      }
    }
    for (const Plan* plan : others) name(plan, "", SafeName(plan->dataset->id));
  }

  Status Add(const PlannedDataset& planned) {
    FindCompleteness(planned.plan);
    context_.state.SayWriting(planned.plan.dataset->id, planned.rows);
    total_ = TimeRange();
    const bool parquet = options_.inner == Format::kParquet;
    if (options_.layout == ZipLayout::kDataset) {
      SHEAF_TRY(parquet ? AddParquet(planned.plan, DatasetPath(planned.plan), std::nullopt) : AddWhole(planned.plan));
    } else {
      SHEAF_TRY(parquet ? AddParquetByPerson(planned.plan) : AddByPerson(planned.plan));
    }
    SHEAF_TRY(CheckRows(*planned.plan.dataset, planned.rows, total_.rows));
    manifest_.datasets.push_back({planned.plan.dataset, total_.rows, total_.first, total_.last});
    return AddExtracts(planned.plan);
  }

  //! Where another system's downloads have such files; without effect on other layouts.
  Status NameMedia(const std::vector<PlannedDataset>& datasets, std::vector<MediaFile>& media) {
    if (!IsForeign()) return {};
    SHEAF_ASSIGN(const auto subjects, Subjects(datasets));
    for (MediaFile& one : media) {
      const auto subject = subjects.find({one.file.dataset, one.file.record});
      const std::string room = one.shown.session.empty() ? std::string() : sessions_.Of(one.shown.session);
      const std::string path = context_.foreign->MediaPath(room, one.shown, subject == subjects.end() ? std::string() : subject->second);
      const std::string extension = Extension(path), stem = path.substr(0, path.size() - extension.size());
      one.path = Untaken(media_paths_, stem, extension);
    }
    return {};
  }

  //! README.txt, schemas, datapackage.json and metadata.json, which counts all the others.
  Status Describe(const std::vector<PlannedDataset>& datasets) {
    context_.state.Say("describing the files");
    manifest_.participant_folders = participants_.Changed();
    manifest_.session_folders = sessions_.Changed();
    const bool tables = !IsForeign() && (options_.inner == Format::kCsv || options_.inner == Format::kParquet);
    std::vector<PackageDataset> packages;
    for (const auto& planned : datasets) {
      PackageDataset package{planned.plan.dataset->id, planned.plan.dataset->name, {}, {}};
      if (tables) {
        const auto summary = context_.study.Summarize(package.dataset);
        package.schema = TableSchemaJson(planned.plan, summary ? &*summary : nullptr);
        // Thousands of files of one dataset share one schema.
        if (IsByPerson(options_.layout)) {
          package.schema_path = std::string(kSchemas) + "/" + package.dataset + ".json";
          SHEAF_TRY(AddText(package.schema_path, package.schema));
        }
      }
      packages.push_back(std::move(package));
    }
    std::vector<const Plan*> plans;
    for (const auto& planned : datasets) plans.push_back(&planned.plan);
    manifest_.privacy = ExportPrivacyJson(options_, plans);
    if (IsForeign()) {
      SHEAF_TRY(DescribePeople());
      for (const MediaEntry& entry : manifest_.media.value_or(std::vector<MediaEntry>())) {
        if (!entry.fault.empty()) manifest_.warnings.push_back("The file " + entry.file.id + " is not in the ZIP: " + entry.fault + ".");
      }
      return AddText("metadata.json", ManifestJson(manifest_, nullptr));
    }
    SHEAF_TRY(AddText("README.txt", ReadmeText(manifest_, options_)));
    SHEAF_TRY(AddText("datapackage.json", DataPackageJson(manifest_, options_, packages)));
    return AddText("metadata.json", ManifestJson(manifest_, nullptr));
  }

 private:
  //! By dataset and record, how people call whom a file shows. Where identifiers leave as they are.
  Result<std::map<std::pair<std::string, std::string>, std::string>> Subjects(const std::vector<PlannedDataset>& datasets) const {
    std::map<std::pair<std::string, std::string>, std::string> subjects;
    for (const auto& planned : datasets) {
      const Plan& plan = planned.plan;
      const int field = context_.foreign->SubjectField(*plan.dataset);
      const bool leaves = std::any_of(plan.select.columns.begin(), plan.select.columns.end(), [&](const model::Column& column) {
        return column.kind == ColumnKind::kField && column.field == field;
      });
      if (field < 0 || !leaves || plan.rewriter != nullptr || options_.privacy.identifiers != privacy::IdentifierMode::kKeep) continue;
      vault::Select select = plan.select;
      select.columns = {{ColumnKind::kRecordId, -1, {}}, {ColumnKind::kField, field, {}}};
      select.order.clear();
      SHEAF_ASSIGN(const auto cursor, ReadRows(context_.study, plan, select));
      for (;;) {
        SHEAF_ASSIGN(const auto batch, cursor->Next());
        if (batch == nullptr) break;
        for (std::size_t row = 0; row < batch->rows; ++row) {
          if (batch->columns[0].IsNull(row) || batch->columns[1].IsNull(row)) continue;
          subjects[{plan.dataset->id, std::string(batch->columns[0].At<model::StringCell>(row).View())}] =
              batch->columns[1].At<model::StringCell>(row).View();
        }
      }
    }
    return subjects;
  }

  //! What each file by person is to say. Only those who are seen have files; an export does not fail for it.
  void FindCompleteness(const Plan& plan) {
    completeness_.reset();
    // Beside the rows it would tell how many were left out.
    const bool told = manifest_.completeness.contains(plan.dataset->id) && !plan.risk.suppress;
    if (!IsByPerson(options_.layout) || context_.quality == nullptr || !told) return;
    const auto pairs = context_.quality->ReportPairs(context_.study, plan.dataset->id);
    if (!pairs) return;
    completeness_.emplace();
    for (const auto& pair : *pairs) (*completeness_)[{pair.session == 0 ? -1 : pair.session, pair.participant}] = pair.completeness;
  }

  //! As JSON; empty where nothing is said of it.
  std::string CompletenessOf(const Person& person, std::string_view extract) const {
    if (!completeness_) return {};
    const auto found = completeness_->find(person);
    // Of some of the records nothing is expected.
    const bool expected = extract.empty() && found != completeness_->end();
    return quality::CompletenessJson(expected ? std::optional(found->second) : std::nullopt);
  }

  //! Who has records in the ZIP, and where they were.
  Status DescribePeople() {
    std::set<std::pair<std::string, std::string>> people;
    for (const FileEntry& entry : manifest_.files) {
      if (entry.participant) people.emplace(entry.session.value_or(""), *entry.participant);
    }
    privacy::Reader reader{context_.viewer.rights, context_.viewer.settings, {}};
    if (options_.privacy.identifiers != privacy::IdentifierMode::kKeep) reader.rights.identifiers = false;
    const bool codes = !reader.rights.identifiers || reader.rights.own_participant;
    if (codes) { SHEAF_ASSIGN(reader.key, CodeKeyOf(context_.viewer)); }
    model::Study study;
    study.id = context_.job.study;
    study.name = manifest_.study_name;
    SHEAF_ASSIGN(auto described, context_.foreign->Describe(study, context_.study, reader, {people.begin(), people.end()}, options_));
    manifest_.rooms = std::move(described.rooms);
    manifest_.about = std::move(described.about);
    return AddText("participants" + extension_, described.participants, described.rows);
  }

  std::string DatasetPath(const Plan& plan) const { return plan.dataset->id + "/" + plan.dataset->id + extension_; }

  Status Begin(const std::string& path, std::optional<std::uint64_t> size = std::nullopt, bool deflate = true) {
    if (manifest_.files.size() >= kMostFiles) {
      return Fail(ErrorCode::kExportFailed, "The ZIP would hold more than " + GroupedNumber(kMostFiles) +
                                                " files. Ask for layout dataset, or for fewer participants at once.");
    }
    return zip_.Begin({path, size, deflate, manifest_.created_at});
  }

  Status End(const std::string& path, const Plan& plan, const TimeRange& range, const std::optional<Person>& person,
             std::string_view extract = {}) {
    SHEAF_ASSIGN(auto written, zip_.End());
    FileEntry entry;
    entry.path = path;
    entry.dataset = plan.dataset->id;
    entry.extract = extract;
    entry.format = options_.inner;
    entry.rows = range.rows;
    entry.bytes = written.bytes;
    entry.first_time = range.first;
    entry.last_time = range.last;
    entry.sha256 = std::move(written.sha256);
    if (person) {
      entry.completeness = CompletenessOf(*person, extract);
      entry.participant = std::string(plan.people->ParticipantId(person->participant));
      if (person->session >= 0) entry.session = std::string(plan.people->SessionId(person->session));
    }
    manifest_.files.push_back(std::move(entry));
    if (extract.empty()) total_.Add(range);
    return {};
  }

  Status AddText(const std::string& path, const std::string& text, std::optional<std::uint64_t> rows = std::nullopt) {
    SHEAF_TRY(zip_.Begin({path, text.size(), true, manifest_.created_at}));
    SHEAF_TRY(zip_.Write(text));
    SHEAF_ASSIGN(auto written, zip_.End());
    FileEntry entry;
    entry.path = path;
    entry.rows = rows;
    if (rows && !manifest_.quality.empty()) entry.completeness = quality::CompletenessJson(std::nullopt);
    entry.bytes = written.bytes;
    entry.sha256 = std::move(written.sha256);
    manifest_.files.push_back(std::move(entry));
    return {};
  }

  Status AddWhole(const Plan& plan) {
    vault::Select select = plan.select;
    const std::size_t time_place = ColumnPlace(select, ColumnKind::kTime);
    SHEAF_ASSIGN(auto cursor, ReadRows(context_.study, plan, select));
    ObservedCursor observed(std::move(cursor), time_place);
    const auto encoder = NewEncoder(plan);
    EntrySink sink(zip_);
    const std::string path = DatasetPath(plan);
    SHEAF_TRY(Begin(path));
    SHEAF_TRY(RunPipeline(observed, *encoder, sink, context_.state.progress));
    return End(path, plan, observed.Seen(), std::nullopt);
  }

  Status AddParquet(const Plan& plan, const std::string& path, const std::optional<Person>& person) {
    const std::uint64_t bytes_before = context_.state.bytes;
    SHEAF_ASSIGN(const ParquetFile written, WriteParquetFile(context_, plan));
    context_.state.bytes = bytes_before;  // it counts again on its way into the archive
    SHEAF_ASSIGN(const SpoolFile file, SpoolFile::TakeOver(written.path));
    SHEAF_ASSIGN(const std::uint64_t size, file.Size());
    // Parquet is compressed in itself.
    SHEAF_TRY(Begin(path, size, false));
    for (std::uint64_t offset = 0; offset < size;) {
      if (context_.state.Cancelled()) return Fail(CancelledError());
      SHEAF_ASSIGN(const std::string bytes, file.ReadAt(offset, kCopyBytes));
      if (bytes.empty()) return Fail(ErrorCode::kIo, "The Parquet file is shorter than what was written.");
      SHEAF_TRY(zip_.Write(bytes));
      offset += bytes.size();
    }
    return End(path, plan, written.range, person);
  }

  bool IsForeign() const { return options_.layout == ZipLayout::kHyperStudy && context_.foreign != nullptr; }

  std::unique_ptr<Encoder> NewEncoder(const Plan& plan, std::string_view extract = {}) const {
    return IsForeign() ? context_.foreign->MakeEncoder(plan, context_.study, extract) : MakeEncoder(plan);
  }

  //! The same records again, as far as the other system has files of their own for them. They count once.
  Status AddExtracts(const Plan& plan) {
    if (!IsForeign()) return {};
    for (const auto& extract : context_.foreign->ExtractsOf(plan)) {
      ExportOptions options = plan.options;
      // Files come with all of the records, and are not chosen by a filter.
      options.media = false;
      options.filter = plan.options.filter.empty() ? extract.filter : "{\"all\":[" + plan.options.filter + "," + extract.filter + "]}";
      SHEAF_ASSIGN(Plan part, MakePlan(context_.study, options, plan.dataset->id, plan.select.upto, context_.viewer));
      part.select.order = plan.select.order;
      // Who hides how well is told by all of the records.
      part.risk = plan.risk;
      SHEAF_TRY(AddByPerson(part, extract.name));
    }
    return {};
  }

  std::string PersonPath(const Plan& plan, const Person& person, std::string_view extract = {}) {
    if (IsForeign()) {
      const std::string_view id = plan.people->ParticipantId(person.participant);
      const std::string room = person.session < 0 ? std::string() : sessions_.Of(plan.people->SessionId(person.session));
      const std::string& name = file_names_.at({plan.dataset->id, std::string(extract)});
      return context_.foreign->PathOf(room, participants_.Of(id), id, name) + extension_;
    }
    const std::string session(person.session < 0 ? kNoSession : std::string_view(sessions_.Of(plan.people->SessionId(person.session))));
    return session + "/" + participants_.Of(plan.people->ParticipantId(person.participant)) + "/" + plan.dataset->id + extension_;
  }

  //! One pass sorted by session and participant, cut where either changes: no query per person.
  Status AddByPerson(const Plan& plan, std::string_view extract = {}) {
    vault::Select select = plan.select;
    const std::size_t session_place = ColumnPlace(select, ColumnKind::kSession);
    const std::size_t participant_place = ColumnPlace(select, ColumnKind::kParticipant);
    const std::size_t time_place = ColumnPlace(select, ColumnKind::kTime);
    // In the order of codes nothing may tell the order of ids.
    const bool codes = plan.rewriter != nullptr;
    const std::vector<model::SortKey> by_person = {{{codes ? ColumnKind::kSessionNumber : ColumnKind::kSession, -1, {}}, false},
                                                   {{codes ? ColumnKind::kParticipantNumber : ColumnKind::kParticipant, -1, {}}, false}};
    select.order.insert(select.order.begin(), by_person.begin(), by_person.end());
    SHEAF_ASSIGN(auto cursor, ReadRows(context_.study, plan, select));
    const InterruptWatch watch(context_.state.progress.cancelled, [&cursor] { cursor->Interrupt(); });
    const auto encoder = NewEncoder(plan, extract);
    PersonFile open;
    open.extract = extract;
    for (;;) {
      SHEAF_ASSIGN(const auto batch, cursor->Next());
      if (context_.state.Cancelled()) return Fail(CancelledError());
      if (batch == nullptr) break;
      const auto& sessions = batch->columns[session_place];
      const auto& participants = batch->columns[participant_place];
      const auto person_at = [&](std::size_t row) {
        return Person{sessions.IsNull(row) ? -1 : sessions.At<std::int32_t>(row), participants.At<std::int32_t>(row)};
      };
      for (std::size_t begin = 0; begin < batch->rows;) {
        const Person person = person_at(begin);
        std::size_t end = begin + 1;
        while (end < batch->rows && person_at(end) == person) ++end;
        if (!open.person || *open.person != person) {
          SHEAF_TRY(EndPerson(plan, *encoder, open));
          SHEAF_TRY(BeginPerson(plan, *encoder, person, open));
        }
        encoder->Encode(*batch, begin, end, open.range.rows == 0, open.buffer);
        open.range.Add(batch->columns[time_place], begin, end);
        if (open.buffer.size() >= kFlushBytes) SHEAF_TRY(Flush(open));
        begin = end;
      }
      if (extract.empty()) context_.state.progress.rows += batch->rows;
    }
    return EndPerson(plan, *encoder, open);
  }

  struct PersonFile {
    std::optional<Person> person;
    std::string_view extract;
    std::string path;
    std::string buffer;
    TimeRange range;
  };

  Status Flush(PersonFile& open) {
    SHEAF_TRY(zip_.Write(open.buffer));
    open.buffer.clear();
    return {};
  }

  Status BeginPerson(const Plan& plan, const Encoder& encoder, const Person& person, PersonFile& open) {
    open.person = person;
    open.path = PersonPath(plan, person, open.extract);
    open.range = TimeRange();
    SHEAF_TRY(Begin(open.path));
    encoder.Begin(open.buffer);
    return {};
  }

  Status EndPerson(const Plan& plan, const Encoder& encoder, PersonFile& open) {
    if (!open.person) return {};
    encoder.End(open.buffer, open.range.rows);
    SHEAF_TRY(Flush(open));
    return End(open.path, plan, open.range, open.person, open.extract);
  }

  //! Whose rows there are, by one pass over two narrow columns; then a file for each of them.
  Status AddParquetByPerson(const Plan& plan) {
    vault::Select select = plan.select;
    select.columns = {{ColumnKind::kSession, -1, {}}, {ColumnKind::kParticipant, -1, {}}};
    select.order.clear();
    SHEAF_ASSIGN(auto cursor, ReadRows(context_.study, plan, select));
    std::map<Person, std::uint64_t> people;
    for (;;) {
      SHEAF_ASSIGN(const auto batch, cursor->Next());
      if (context_.state.Cancelled()) return Fail(CancelledError());
      if (batch == nullptr) break;
      const auto& sessions = batch->columns[0];
      for (std::size_t row = 0; row < batch->rows; ++row) {
        ++people[{sessions.IsNull(row) ? -1 : sessions.At<std::int32_t>(row), batch->columns[1].At<std::int32_t>(row)}];
      }
    }
    cursor.reset();
    for (const auto& [person, rows] : people) {
      Plan part = plan;
      part.select.where = OfPerson(plan, person);
      SHEAF_TRY(AddParquet(part, PersonPath(plan, person), person));
    }
    return {};
  }

  model::Predicate OfPerson(const Plan& plan, const Person& person) const {
    const auto ids = context_.study.People();  // the plan may have codes
    model::Predicate all;
    model::Predicate participant;
    participant.op = model::Operator::kEqual;
    participant.column = {ColumnKind::kParticipantId, -1, {}};
    participant.values = {std::string(ids->ParticipantId(person.participant))};
    model::Predicate session;
    session.op = person.session < 0 ? model::Operator::kIsNull : model::Operator::kEqual;
    session.column = {ColumnKind::kSessionId, -1, {}};
    if (person.session >= 0) session.values = {std::string(ids->SessionId(person.session))};
    all.children = {std::move(participant), std::move(session)};
    if (plan.select.where) all.children.push_back(*plan.select.where);
    return all;
  }

  const JobContext& context_;
  const ExportOptions& options_;
  Manifest& manifest_;
  ZipWriter& zip_;
  const std::string extension_;
  FolderNames participants_;
  FolderNames sessions_{{kNoSession, kSchemas, "files", "README.txt", "datapackage.json", "metadata.json"}};
  std::map<std::pair<std::string, std::string>, std::string> file_names_;  // of another system's layout, by dataset and extract
  std::optional<std::map<Person, quality::Completeness>> completeness_;    // of the dataset that is written
  TimeRange total_;
  std::set<std::string> media_paths_;  // in lower case
};

}  // namespace

Status WriteZip(const JobContext& context, const ExportOptions& options, const std::vector<PlannedDataset>& datasets, Manifest& manifest,
                Sink& sink) {
  SHEAF_ASSIGN(const auto zip, ZipWriter::Open([&sink](std::string_view bytes) { return sink.Write(bytes); }));
  ZipJob job(context, options, manifest, *zip);
  job.NameFiles(datasets);
  for (const auto& planned : datasets) SHEAF_TRY(job.Add(planned));
  if (options.media) {
    SHEAF_ASSIGN(auto media, ChooseMedia(context, options, datasets));
    SHEAF_TRY(job.NameMedia(datasets, media));
    SHEAF_TRY(AddMedia(context, media, manifest, *zip));
  }
  SHEAF_TRY(job.Describe(datasets));
  return zip->Finish();
}

}  // namespace sheaf::exporting
