// Files of participants' records.

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <limits>

#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_file_table.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

// A number that may be NULL is bound like a time.
using NullNumber = NullableTime<soci::indicator>;

constexpr const char* kColumns =
    "study, id, kind, name, media_type, participant, session, dataset, record, field, sha256, size, received, state, started_at, ended_at, "
    "duration_ms, width, height, attributes, account, created_at, updated_at, completed_at, digest";
constexpr const char* kUploading = "uploading";
constexpr const char* kComplete = "complete";

struct FileRow {
  using Value = File;
  File file;
  std::string state;
  long long received = 0, created_at = 0, updated_at = 0;
  NullNumber size, started_at, ended_at, duration_ms, width, height, completed_at;

  FileRow() = default;
  explicit FileRow(const File& from)
      : file(from),
        state(from.complete ? kComplete : kUploading),
        received(static_cast<long long>(from.received)),
        created_at(from.created_at),
        updated_at(from.updated_at),
        started_at(NullNumber::Of(from.started_at)),
        ended_at(NullNumber::Of(from.ended_at)),
        duration_ms(NullNumber::Of(from.duration_ms)),
        width(NullNumber::Of(from.width)),
        height(NullNumber::Of(from.height)),
        completed_at(NullNumber::Of(from.completed_at)) {
    if (from.size) size = NullNumber::Of(static_cast<Micros>(*from.size));
  }

  //! In the order of kColumns.
  template <class Visit>
  void ForEach(Visit&& visit) {
    visit("study", file.study);
    visit("id", file.id);
    visit("kind", file.kind);
    visit("name", file.name);
    visit("media_type", file.media_type);
    visit("participant", file.participant);
    visit("session", file.session);
    visit("dataset", file.dataset);
    visit("record", file.record);
    visit("field", file.field);
    visit("sha256", file.sha256);
    visit("size", size.value, size.indicator);
    visit("received", received);
    visit("state", state);
    visit("started_at", started_at.value, started_at.indicator);
    visit("ended_at", ended_at.value, ended_at.indicator);
    visit("duration_ms", duration_ms.value, duration_ms.indicator);
    visit("width", width.value, width.indicator);
    visit("height", height.value, height.indicator);
    visit("attributes", file.attributes);
    visit("account", file.account);
    visit("created_at", created_at);
    visit("updated_at", updated_at);
    visit("completed_at", completed_at.value, completed_at.indicator);
    visit("digest", file.digest);
  }
  void Into(soci::statement& statement) {
    ForEach([&](const char*, auto&... bound) { statement.exchange(soci::into(bound...)); });
  }
  Result<File> Take() {
    if (state != kUploading && state != kComplete) return Fail(ErrorCode::kStorageDamaged, "A file in the catalog has an unknown state.");
    file.complete = state == kComplete;
    file.received = static_cast<std::uint64_t>(received);
    file.created_at = created_at;
    file.updated_at = updated_at;
    file.size.reset();
    if (const auto known = size.Get()) file.size = static_cast<std::uint64_t>(*known);
    file.started_at = started_at.Get();
    file.ended_at = ended_at.Get();
    file.duration_ms = duration_ms.Get();
    file.width = width.Get();
    file.height = height.Get();
    file.completed_at = completed_at.Get();
    return file;
  }
};

struct PartRow {
  using Value = FilePart;
  FilePart part;
  long long size = 0;
  void Into(soci::statement& statement) {
    statement.exchange(soci::into(part.blob));
    statement.exchange(soci::into(size));
  }
  Result<FilePart> Take() {
    part.size = static_cast<std::uint64_t>(size);
    return part;
  }
};

struct BlobRow {
  using Value = std::string;
  std::string blob;
  void Into(soci::statement& statement) { statement.exchange(soci::into(blob)); }
  Result<std::string> Take() { return blob; }
};

// Empty texts mean any.
const std::string kChosen =
    "study = :study AND (:kind = '' OR kind = :kind2) AND (:participant = '' OR participant = :participant2) AND "
    "(:session = '' OR session = :session2) AND (:dataset = '' OR dataset = :dataset2) AND (:record = '' OR record = :record2) AND "
    "(:field = '' OR field = :field2) AND (:state = '' OR state = :state2)";

struct Choice {
  Choice(std::string_view of_study, const FileFilter& chosen)
      : study(of_study), filter(chosen), state(chosen.complete ? (*chosen.complete ? kComplete : kUploading) : "") {}
  std::string study;
  FileFilter filter;
  std::string state;

  //! kChosen's parameters, in order.
  void Bind(soci::statement& statement) {
    statement.exchange(soci::use(study, "study"));
    const std::pair<const char*, std::string*> texts[] = {{"kind", &filter.kind},
                                                          {"participant", &filter.participant},
                                                          {"session", &filter.session},
                                                          {"dataset", &filter.dataset},
                                                          {"record", &filter.record},
                                                          {"field", &filter.field},
                                                          {"state", &state}};
    for (const auto& [name, text] : texts) {
      statement.exchange(soci::use(*text, name));
      statement.exchange(soci::use(*text, std::string(name) + "2"));
    }
  }
};

tl::unexpected<Error> NoFile() { return Fail(ErrorCode::kNotFound, "There is no such file."); }

Result<File> One(soci::session& sql, const std::string& study, const std::string& id) {
  SHEAF_ASSIGN(auto found,
               (SelectOne<FileRow, soci::statement>(sql, fmt::format("SELECT {} FROM file WHERE study = :study AND id = :id", kColumns),
                                                    soci::use(study, "study"), soci::use(id, "id"))));
  if (!found) return NoFile();
  return *std::move(found);
}

Result<std::vector<FilePart>> PartsOf(soci::session& sql, const std::string& study, const std::string& id) {
  return SelectAll<PartRow, soci::statement>(sql, "SELECT blob, size FROM file_part WHERE study = :study AND file = :id ORDER BY start",
                                             soci::use(study, "study"), soci::use(id, "id"));
}

void InsertPart(soci::session& sql, const std::string& study, const std::string& id, std::uint64_t offset, const FilePart& part) {
  const auto start = static_cast<long long>(offset), size = static_cast<long long>(part.size);
  Change<soci::statement>(sql, "INSERT INTO file_part (study, file, start, blob, size) VALUES (:study, :id, :start, :blob, :size)",
                          soci::use(study, "study"), soci::use(id, "id"), soci::use(start, "start"), soci::use(part.blob, "blob"),
                          soci::use(size, "size"));
}

void DeleteParts(soci::session& sql, const std::string& study, const std::string& id) {
  Change<soci::statement>(sql, "DELETE FROM file_part WHERE study = :study AND file = :id", soci::use(study, "study"), soci::use(id, "id"));
}

}  // namespace

Result<File> SqlFileTable::AddFile(const File& file) {
  File kept = file;
  if (kept.created_at == 0) kept.created_at = Now();
  kept.updated_at = kept.created_at;
  return store_.Write([&](soci::session& sql) -> Result<File> {
    int studies = 0, taken = 0;
    sql << "SELECT count(*) FROM study WHERE id = :study", soci::into(studies), soci::use(kept.study, "study");
    if (studies == 0) return Fail(ErrorCode::kNotFound, "There is no such study.");
    sql << "SELECT count(*) FROM file WHERE study = :study AND id = :id", soci::into(taken), soci::use(kept.study, "study"),
        soci::use(kept.id, "id");
    if (taken != 0) return Fail(ErrorCode::kConflict, "There is a file with this id.", "/id");
    FileRow row(kept);
    std::string names;
    soci::statement statement(sql);
    row.ForEach([&](const char* column, auto& value, auto&... indicator) {
      names += fmt::format("{}:{}", names.empty() ? "" : ", ", column);
      statement.exchange(soci::use(value, indicator..., column));
    });
    statement.alloc();
    statement.prepare(fmt::format("INSERT INTO file ({}) VALUES ({})", kColumns, names));
    statement.define_and_bind();
    statement.execute(true);
    return kept;
  });
}

Result<File> SqlFileTable::FindFile(std::string_view study, std::string_view id) {
  const std::string study_text(study), id_text(id);
  return store_.Read([&](soci::session& sql) { return One(sql, study_text, id_text); });
}

Result<std::vector<File>> SqlFileTable::Files(std::string_view study, const FileFilter& filter, std::string_view after,
                                              std::uint64_t limit) {
  const std::string after_text(after);
  const auto most =
      static_cast<long long>(std::min<std::uint64_t>(limit, static_cast<std::uint64_t>(std::numeric_limits<long long>::max())));
  return store_.Read([&](soci::session& sql) -> Result<std::vector<File>> {
    Choice choice(study, filter);
    long long created_at = std::numeric_limits<long long>::min();
    if (!after_text.empty()) {
      sql << "SELECT created_at FROM file WHERE study = :study AND id = :id", soci::into(created_at), soci::use(choice.study, "study"),
          soci::use(after_text, "id");
      if (!sql.got_data()) return Fail(ErrorCode::kBadCursor, "The file the list went on from is gone.", "cursor");
    }
    FileRow row;
    soci::statement statement(sql);
    row.Into(statement);
    choice.Bind(statement);
    statement.exchange(soci::use(created_at, "created"));
    statement.exchange(soci::use(created_at, "created2"));
    statement.exchange(soci::use(after_text, "after"));
    statement.exchange(soci::use(most, "most"));
    statement.alloc();
    statement.prepare(
        fmt::format("SELECT {} FROM file WHERE {} AND (created_at > :created OR (created_at = :created2 AND id > :after)) "
                    "ORDER BY created_at, id LIMIT :most",
                    kColumns, kChosen));
    statement.define_and_bind();
    statement.execute();
    std::vector<File> files;
    while (statement.fetch()) {
      SHEAF_ASSIGN(File file, row.Take());
      files.push_back(std::move(file));
    }
    return files;
  });
}

Result<std::uint64_t> SqlFileTable::CountFiles(std::string_view study, const FileFilter& filter) {
  return store_.Read([&](soci::session& sql) -> Result<std::uint64_t> {
    Choice choice(study, filter);
    long long count = 0;
    soci::statement statement(sql);
    statement.exchange(soci::into(count));
    choice.Bind(statement);
    statement.alloc();
    statement.prepare(fmt::format("SELECT count(*) FROM file WHERE {}", kChosen));
    statement.define_and_bind();
    statement.execute(true);
    return static_cast<std::uint64_t>(count);
  });
}

Result<std::vector<FilePart>> SqlFileTable::Parts(std::string_view study, std::string_view id) {
  const std::string study_text(study), id_text(id);
  return store_.Read([&](soci::session& sql) { return PartsOf(sql, study_text, id_text); });
}

Status SqlFileTable::AddPart(std::string_view study, std::string_view id, std::uint64_t offset, const FilePart& part,
                             std::string_view digest) {
  const std::string study_text(study), id_text(id), digest_text(digest);
  const auto before = static_cast<long long>(offset), after = static_cast<long long>(offset + part.size);
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Status {
    const long long changed = Change<soci::statement>(
        sql,
        "UPDATE file SET received = :after, digest = :digest, updated_at = :now WHERE study = :study AND id = :id AND "
        "received = :before AND state = 'uploading'",
        soci::use(after, "after"), soci::use(digest_text, "digest"), soci::use(now, "now"), soci::use(study_text, "study"),
        soci::use(id_text, "id"), soci::use(before, "before"));
    if (changed == 0) {
      SHEAF_TRY(One(sql, study_text, id_text));
      return Fail(ErrorCode::kConflict, "Another upload of this file was quicker.");
    }
    InsertPart(sql, study_text, id_text, offset, part);
    return {};
  });
}

Result<std::vector<FilePart>> SqlFileTable::RemoveParts(std::string_view study, std::string_view id) {
  const std::string study_text(study), id_text(id);
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Result<std::vector<FilePart>> {
    SHEAF_ASSIGN(auto parts, PartsOf(sql, study_text, id_text));
    const long long changed =
        Change<soci::statement>(sql,
                                "UPDATE file SET received = 0, digest = '', updated_at = :now WHERE study = :study AND id = :id AND "
                                "state = 'uploading'",
                                soci::use(now, "now"), soci::use(study_text, "study"), soci::use(id_text, "id"));
    if (changed == 0) {
      SHEAF_TRY(One(sql, study_text, id_text));
      return Fail(ErrorCode::kConflict, "The file is complete.");
    }
    DeleteParts(sql, study_text, id_text);
    return parts;
  });
}

Result<std::vector<FilePart>> SqlFileTable::CompleteFile(const File& file, const std::optional<FilePart>& only) {
  const auto size = static_cast<long long>(file.size.value_or(0));
  const long long now = Now();
  const int any_size = only ? 1 : 0;
  return store_.Write([&](soci::session& sql) -> Result<std::vector<FilePart>> {
    const long long changed = Change<soci::statement>(
        sql,
        "UPDATE file SET state = 'complete', received = :received, size = :size, sha256 = :sha256, digest = '', updated_at = :now, "
        "completed_at = :now2 WHERE study = :study AND id = :id AND state = 'uploading' AND (:any = 1 OR received = :size2)",
        soci::use(size, "received"), soci::use(size, "size"), soci::use(file.sha256, "sha256"), soci::use(now, "now"),
        soci::use(now, "now2"), soci::use(file.study, "study"), soci::use(file.id, "id"), soci::use(any_size, "any"),
        soci::use(size, "size2"));
    if (changed == 0) {
      SHEAF_TRY(One(sql, file.study, file.id));
      return Fail(ErrorCode::kConflict, "Another upload of this file was quicker.");
    }
    std::vector<FilePart> replaced;
    if (only) {
      SHEAF_ASSIGN(replaced, PartsOf(sql, file.study, file.id));
      DeleteParts(sql, file.study, file.id);
      InsertPart(sql, file.study, file.id, 0, *only);
    }
    return replaced;
  });
}

Status SqlFileTable::MeasureFile(const File& file) {
  FileRow row(file);
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(
        sql, "UPDATE file SET duration_ms = :duration, width = :width, height = :height WHERE study = :study AND id = :id",
        soci::use(row.duration_ms.value, row.duration_ms.indicator, "duration"), soci::use(row.width.value, row.width.indicator, "width"),
        soci::use(row.height.value, row.height.indicator, "height"), soci::use(file.study, "study"), soci::use(file.id, "id"));
    return {};
  });
}

Result<std::optional<Micros>> SqlFileTable::LastArrival(std::string_view study, std::string_view dataset) {
  return store_.Read([&](soci::session& sql) -> Result<std::optional<Micros>> {
    FileFilter filter;
    filter.dataset = dataset;
    Choice choice(study, filter);
    long long last = 0;
    soci::statement statement(sql);
    statement.exchange(soci::into(last));
    choice.Bind(statement);
    statement.alloc();
    statement.prepare(fmt::format("SELECT coalesce(max(updated_at), 0) FROM file WHERE {}", kChosen));
    statement.define_and_bind();
    statement.execute(true);
    if (last == 0) return std::optional<Micros>();
    return std::optional<Micros>(last);
  });
}

Status SqlFileTable::RenameSession(std::string_view study, std::string_view from, std::string_view to) {
  const std::string study_text(study), from_text(from), to_text(to);
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "UPDATE file SET session = :to WHERE study = :study AND session = :from", soci::use(to_text, "to"),
                            soci::use(study_text, "study"), soci::use(from_text, "from"));
    return {};
  });
}

Result<std::vector<FilePart>> SqlFileTable::RemoveFile(std::string_view study, std::string_view id) {
  const std::string study_text(study), id_text(id);
  return store_.Write([&](soci::session& sql) -> Result<std::vector<FilePart>> {
    SHEAF_ASSIGN(auto parts, PartsOf(sql, study_text, id_text));
    DeleteParts(sql, study_text, id_text);
    const long long gone = Change<soci::statement>(sql, "DELETE FROM file WHERE study = :study AND id = :id",
                                                   soci::use(study_text, "study"), soci::use(id_text, "id"));
    if (gone == 0) return NoFile();
    return parts;
  });
}

Result<std::vector<File>> SqlFileTable::StaleFiles(Micros since) {
  const long long before = since;
  return store_.Read([&](soci::session& sql) {
    return SelectAll<FileRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM file WHERE state = 'uploading' AND updated_at < :before", kColumns), soci::use(before, "before"));
  });
}

Result<std::vector<std::string>> SqlFileTable::FileBlobs() {
  return store_.Read(
      [&](soci::session& sql) { return SelectAll<BlobRow, soci::statement>(sql, "SELECT blob FROM file_part ORDER BY blob"); });
}

}  // namespace sheaf::catalog
