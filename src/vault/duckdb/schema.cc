#include "vault/duckdb/schema.h"

#include <fmt/format.h>
#include <sodium.h>

namespace sheaf::vault {
namespace {

// Times are microseconds since 1970 in BIGINT, definitions and attributes JSON text. `seq` of a row is the study-wide
// number of the change that wrote it.
constexpr const char* kStepOne[] = {
    "CREATE TABLE {0}.meta(name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    "CREATE TABLE {0}.datasets(no INTEGER NOT NULL, id VARCHAR NOT NULL, definition VARCHAR NOT NULL, seq BIGINT NOT NULL)",
    "CREATE TABLE {0}.participants(no INTEGER NOT NULL, id VARCHAR NOT NULL, code VARCHAR, status VARCHAR, attributes VARCHAR, "
    "created BIGINT NOT NULL, updated BIGINT NOT NULL, seq BIGINT NOT NULL)",
    "CREATE TABLE {0}.sessions(no INTEGER NOT NULL, id VARCHAR NOT NULL, name VARCHAR, status VARCHAR, starts BIGINT, ends BIGINT, "
    "attributes VARCHAR, created BIGINT NOT NULL, updated BIGINT NOT NULL, seq BIGINT NOT NULL)",
    "CREATE TABLE {0}.attendance(session INTEGER NOT NULL, participant INTEGER NOT NULL, role VARCHAR, joined BIGINT, departed BIGINT)",
    "CREATE TABLE {0}.tombstones(seq BIGINT NOT NULL, dataset INTEGER NOT NULL, record_seq BIGINT NOT NULL, record_id VARCHAR, "
    "deleted BIGINT NOT NULL)",
    "CREATE TABLE {0}.requests(key BLOB NOT NULL, digest BLOB NOT NULL, accepted BIGINT NOT NULL, seq BIGINT NOT NULL, "
    "response VARCHAR NOT NULL, kept BIGINT NOT NULL)",
    "CREATE TABLE {0}.statistics(dataset INTEGER NOT NULL, upto BIGINT NOT NULL, counts BLOB NOT NULL)",
};

Status StepOne(Connection& connection, const std::string& prefix) {
  for (const char* sql : kStepOne) SHEAF_TRY(connection.Execute(fmt::format(fmt::runtime(sql), prefix)));
  // Hashes of record ids are keyed, so that the index tells nothing about ids without this file.
  unsigned char key[32];
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "no secure random numbers");
  randombytes_buf(key, sizeof key);
  char hex[sizeof key * 2 + 1];
  sodium_bin2hex(hex, sizeof hex, key, sizeof key);
  return connection.Execute(fmt::format("INSERT INTO {}.meta VALUES ('index_key', '{}')", prefix, hex));
}

// What participants want: consents is a history, withdrawals too (`ended` when taken back). A tombstone knows whose record
// it was, so that an erasure finds it: 0 for nobody's any more, null where the version was cleared away before.
constexpr const char* kStepTwo[] = {
    "CREATE TABLE {0}.consents(participant INTEGER NOT NULL, purpose VARCHAR NOT NULL, given BOOLEAN NOT NULL, version VARCHAR, source "
    "VARCHAR, "
    "given_at BIGINT NOT NULL, recorded BIGINT NOT NULL, seq BIGINT NOT NULL)",
    "CREATE TABLE {0}.withdrawals(participant INTEGER NOT NULL, reason VARCHAR, withdrawn_at BIGINT NOT NULL, seq BIGINT NOT NULL, ended "
    "BIGINT, "
    "ended_seq BIGINT)",
    "ALTER TABLE {0}.tombstones ADD COLUMN participant INTEGER",
};

Status StepTwo(Connection& connection, const std::string& prefix) {
  for (const char* sql : kStepTwo) SHEAF_TRY(connection.Execute(fmt::format(fmt::runtime(sql), prefix)));
  std::vector<std::int32_t> datasets;
  {
    SHEAF_ASSIGN(auto rows, connection.Query(fmt::format("SELECT no FROM {}.datasets", prefix)));
    while (true) {
      const Chunk chunk(rows.NextChunk());
      if (!chunk) break;
      for (std::size_t row = 0; row < chunk.Size(); ++row) datasets.push_back(chunk.Int32(0, row));
    }
  }
  for (const auto number : datasets) {
    SHEAF_TRY(
        connection.Execute(fmt::format("UPDATE {0}.tombstones t SET participant = d._participant FROM {0}.d{1} d WHERE t.dataset = {1} "
                                       "AND d._seq = t.record_seq AND d._dead IS NOT NULL",
                                       prefix, number)));
  }
  return {};
}

}  // namespace

Result<int> SchemaVersion(Connection& connection, const std::string& alias) {
  SHEAF_ASSIGN(auto statement, connection.Prepare("SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND table_name = 'meta'"));
  statement.Bind(1, alias);
  SHEAF_ASSIGN(auto tables, statement.Run());
  const Chunk count(tables.NextChunk());
  if (!count || count.Int64(0, 0) == 0) return 0;
  SHEAF_ASSIGN(auto rows, connection.Query(fmt::format("SELECT value FROM {}.main.meta WHERE name = 'schema_version'", alias)));
  const Chunk version(rows.NextChunk());
  if (!version || version.Size() == 0) return 0;
  return std::atoi(std::string(version.Text(0, 0)).c_str());
}

Status Migrate(Connection& connection, const std::string& alias) {
  SHEAF_ASSIGN(const int version, SchemaVersion(connection, alias));
  if (version > kSchemaVersion) {
    return Fail(ErrorCode::kStorageDamaged, fmt::format("the study was written by a newer Sheaf (version {} of its file, this program "
                                                        "knows {}); upgrade Sheaf",
                                                        version, kSchemaVersion));
  }
  const std::string prefix = alias + ".main";
  using Step = Status (*)(Connection&, const std::string&);
  constexpr Step kSteps[] = {StepOne, StepTwo};
  static_assert(std::size(kSteps) == kSchemaVersion);
  for (int step = version; step < kSchemaVersion; ++step) {
    SHEAF_TRY(connection.Execute("BEGIN"));
    auto status = kSteps[step](connection, prefix);
    if (status) {
      status = connection.Execute(fmt::format("INSERT OR REPLACE INTO {}.meta VALUES ('schema_version', '{}')", prefix, step + 1));
    }
    if (status) status = connection.Execute("COMMIT");
    if (!status) {
      (void)connection.Execute("ROLLBACK");
      return status;
    }
  }
  return {};
}

std::string TableName(const std::string& alias, std::int32_t dataset_number) { return fmt::format("{}.main.d{}", alias, dataset_number); }
std::string FieldColumnName(std::int32_t field_number) { return fmt::format("f{}", field_number); }

std::string_view FieldSqlType(model::FieldType type) {
  switch (type) {
    case model::FieldType::kString:
    case model::FieldType::kIdentifier:
    case model::FieldType::kJson: return "VARCHAR";
    case model::FieldType::kInteger:
    case model::FieldType::kDatetime: return "BIGINT";
    case model::FieldType::kDouble: return "DOUBLE";
    case model::FieldType::kBoolean: return "BOOLEAN";
    case model::FieldType::kEnum: return "INTEGER";
    case model::FieldType::kSet: return "INTEGER[]";
  }
  return "VARCHAR";
}

std::string PhysicalName(const model::Column& column) {
  switch (column.kind) {
    case model::ColumnKind::kSeq: return "_seq";
    case model::ColumnKind::kRecordId: return "_id";
    case model::ColumnKind::kParticipant:
    case model::ColumnKind::kParticipantNumber: return "_participant";
    case model::ColumnKind::kSession:
    case model::ColumnKind::kSessionNumber: return "_session";
    case model::ColumnKind::kTime: return "_time";
    case model::ColumnKind::kTimeOffset: return "_offset";
    case model::ColumnKind::kOnset: return "_onset";
    case model::ColumnKind::kReceived: return "_received";
    case model::ColumnKind::kUpdated: return "_updated";
    case model::ColumnKind::kSkipped: return "_skipped";
    case model::ColumnKind::kMetadata:
      // Ids of fields have no character that means something in a path or in a text of SQL.
      if (column.field >= 0) return fmt::format("json_extract(_metadata, '$.\"{}\"')::VARCHAR", column.attribute);
      return "_metadata";
    case model::ColumnKind::kStudy: return SqlText(column.attribute);
    case model::ColumnKind::kField: return FieldColumnName(column.field);
    default: return {};
  }
}

std::string CreateTableSql(const std::string& alias, const model::Dataset& dataset) {
  // `_dead` is the seq of the change that replaced or deleted the row; null while it lives. No primary key: DuckDB's
  // index would live in memory and slow every append; the record index stands beside the file instead.
  std::string sql = fmt::format(
      "CREATE TABLE {}(_seq BIGINT NOT NULL, _dead BIGINT, _id VARCHAR, _participant INTEGER NOT NULL, _session INTEGER, _time BIGINT, "
      "_offset SMALLINT, _onset DOUBLE, _received BIGINT NOT NULL, _updated BIGINT NOT NULL, _skipped BLOB, _metadata VARCHAR",
      TableName(alias, dataset.number));
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    sql += fmt::format(", {} {}", FieldColumnName(static_cast<std::int32_t>(field)), FieldSqlType(dataset.fields[field].type));
  }
  return sql + ")";
}

std::vector<std::string> AddFieldsSql(const std::string& alias, const model::Dataset& dataset, std::size_t first_new) {
  std::vector<std::string> statements;
  for (std::size_t field = first_new; field < dataset.fields.size(); ++field) {
    statements.push_back(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", TableName(alias, dataset.number),
                                     FieldColumnName(static_cast<std::int32_t>(field)), FieldSqlType(dataset.fields[field].type)));
  }
  return statements;
}

}  // namespace sheaf::vault
