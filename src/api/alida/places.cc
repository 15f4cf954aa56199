#include "api/alida/places.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

#include "base/guid.h"
#include "model/strict_json.h"
#include "model/survey.h"
#include "privacy/guids.h"

namespace sheaf::api::alida {
namespace {

namespace json = boost::json;

constexpr std::string_view kDialect = "alida";
constexpr unsigned kUserMark = 2;

}  // namespace

Result<Application> FindApplication(const native::Call& call) {
  Application application;
  auto access = call.Access(access::Action::kExport);
  if (!access && access.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kNotFound, "The application could not be found.");
  if (!access) return Fail(access.error());
  application.access = *std::move(access);
  SHEAF_ASSIGN(application.vault, call.Vault(application.access.study));
  SHEAF_ASSIGN(application.key, call.rooms->keys->CodeKey(application.Id()));
  return application;
}

std::vector<std::shared_ptr<const model::Dataset>> Application::Activities() const {
  auto datasets = vault->Datasets();
  std::erase_if(datasets, [this](const auto& dataset) {
    return dataset->kind != model::DatasetKind::kSurvey || !dataset->published || !model::MaySeeDataset(access.rights, dataset->id);
  });
  return datasets;
}

Result<std::shared_ptr<const model::Dataset>> Application::FindActivity(std::string_view text) const {
  const auto guid = ReadGuid(text);
  for (const auto& dataset : guid ? Activities() : std::vector<std::shared_ptr<const model::Dataset>>()) {
    if (exporting::AlidaGuids(key, *dataset).OfDataset() == *guid) return dataset;
  }
  return Fail(ErrorCode::kNotFound, "The activity could not be found.");
}

Result<std::shared_ptr<const model::Dataset>> Application::FindProfiles() const {
  for (const auto& dataset : vault->Datasets()) {
    if (dataset->kind != model::DatasetKind::kProfile || !model::MaySeeDataset(access.rights, dataset->id)) continue;
    if (dataset->FieldNumber(model::kMemberStatusField) >= 0) return dataset;
  }
  return Fail(ErrorCode::kNotFound, "The application has no member profiles.");
}

bool Application::Leaves(const model::Dataset& dataset, std::size_t field) const {
  if (!exporting::InAlidaFile(dataset, field)) return false;
  return access.rights.identifiers || dataset.fields[field].privacy != model::PrivacyClass::kDirect;
}

std::string Attribute(const model::Dataset& dataset, std::string_view name) {
  json::value attributes;
  if (dataset.attributes.empty() || !model::ParseStrictJson(dataset.attributes, {}, attributes) || !attributes.is_object()) return {};
  const json::value* value = attributes.get_object().if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string().data(), value->get_string().size());
}

std::string BatchId(const catalog::ExportJob& job) { return GuidOfId(job.id, "exp_", exporting::kAlidaBatchMark).value_or(""); }
std::string FileId(const catalog::ExportJob& job) { return GuidOfId(job.id, "exp_", exporting::kAlidaFileMark).value_or(""); }
std::string UserId(std::string_view account) { return GuidOfId(account, "usr_", kUserMark).value_or(""); }

std::string BatchWords(BatchKind kind) { return kind == BatchKind::kActivity ? R"({"kind":"activity"})" : R"({"kind":"profile"})"; }

Result<catalog::ExportJob> FindBatch(const native::Call& call, const Application& application, BatchKind kind, std::string_view guid,
                                     unsigned mark, const char* missing) {
  const auto id = IdOfGuid(guid, "exp_", mark);
  if (!id) return Fail(ErrorCode::kNotFound, missing);
  auto job = call.rooms->jobs->Find(*id);
  if (!job && job.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kNotFound, missing);
  if (!job) return job;
  const bool own = job->study == application.Id() && job->dialect == kDialect && job->dialect_request == BatchWords(kind);
  const bool kept = job->created_at + call.rooms->alida.status_lifetime_s * 1'000'000 > Now();
  if (!own || !kept || !exporting::MaySeeJob(*job, application.access.rights)) return Fail(ErrorCode::kNotFound, missing);
  return job;
}

}  // namespace sheaf::api::alida
