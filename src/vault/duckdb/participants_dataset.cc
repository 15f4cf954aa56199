#include "vault/duckdb/participants_dataset.h"

#include <fmt/format.h>

#include "vault/duckdb/schema.h"
#include "vault/vault.h"

namespace sheaf::vault {

std::shared_ptr<const model::Dataset> ParticipantsDataset() {
  static const std::shared_ptr<const model::Dataset> kDataset = [] {
    auto dataset = std::make_shared<model::Dataset>();
    dataset->id = kParticipantsDataset;
    dataset->name = "Participants";
    dataset->kind = model::DatasetKind::kProfile;
    dataset->mode = model::DatasetMode::kKeyed;
    const auto add = [&](const char* id, const char* name, model::FieldType type, model::PrivacyClass privacy) {
      model::Field field;
      field.id = id;
      field.name = field.label = name;
      field.type = type;
      field.system = true;
      field.privacy = privacy;
      dataset->fields.push_back(std::move(field));
    };
    add("code", "Code", model::FieldType::kString, model::PrivacyClass::kDirect);
    add("status", "Status", model::FieldType::kString, model::PrivacyClass::kPlain);
    add("attributes", "Attributes", model::FieldType::kJson, model::PrivacyClass::kDirect);
    return dataset;
  }();
  return kDataset;
}

std::string SourceSql(const std::string& alias, std::int32_t dataset_number) {
  if (dataset_number != 0) return TableName(alias, dataset_number);
  // Numbers are given in order, each with a change of the study, so that none is above the last seq.
  return fmt::format(
      "(SELECT no::BIGINT AS _seq, NULL::BIGINT AS _dead, id AS _id, no AS _participant, NULL::INTEGER AS _session, created AS _time, "
      "NULL::SMALLINT AS _offset, NULL::DOUBLE AS _onset, created AS _received, updated AS _updated, NULL::BLOB AS _skipped, "
      "NULL::VARCHAR AS _metadata, nullif(code, '') AS f0, nullif(status, '') AS f1, nullif(attributes, '{{}}') AS f2 "
      "FROM {}.main.participants)",
      alias);
}

}  // namespace sheaf::vault
