#include "export/jobs.h"

#include <boost/json.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include "export/job_runner.h"
#include "export/manifest.h"
#include "model/strict_json.h"

namespace sheaf::exporting {
namespace {
namespace json = boost::json;

json::value Time(const std::optional<Micros>& instant) {
  if (!instant) return nullptr;
  return json::value(FormatIsoUtc(*instant));
}
json::value Text(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}

double Fraction(const catalog::ExportJob& job) {
  if (job.state == catalog::ExportState::kSucceeded || job.state == catalog::ExportState::kExpired) return 1;
  if (job.rows_total == 0) return 0;
  // Until the file is published something is left to do.
  return std::min(0.99, static_cast<double>(job.rows_done) / static_cast<double>(job.rows_total));
}
}  // namespace

JobRunner::JobRunner(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
JobRunner::~JobRunner() { impl_->Stop(0); }
Status JobRunner::Start() { return impl_->Start(); }
void JobRunner::Stop(int grace_s) { impl_->Stop(grace_s); }
Result<catalog::ExportJob> JobRunner::Submit(std::string_view account, std::string_view study, const ExportOptions& options,
                                             std::string_view idempotency_key, bool* created, const model::ViewRights& rights,
                                             const DialectWords& words, std::string_view schedule) {
  bool is_new = false;
  auto job = impl_->Submit(account, study, options, idempotency_key, is_new, rights, words, schedule);
  if (created != nullptr) *created = is_new;
  return job;
}
Status JobRunner::Check(std::string_view study, const ExportOptions& options, const model::ViewRights& rights) {
  return impl_->Check(study, options, rights);
}
Result<catalog::ExportJob> JobRunner::Find(std::string_view id) { return impl_->Find(id); }
Result<std::uint64_t> JobRunner::Forget(std::string_view study, const std::vector<std::string>& participants, bool scrub,
                                        std::string_view reason) {
  return impl_->Forget(study, participants, scrub, reason);
}
Result<std::uint64_t> JobRunner::ExpireFiles(std::string_view study, std::string_view dataset, std::string_view reason) {
  return impl_->ExpireFiles(study, dataset, reason);
}
Status JobRunner::CancelOrRemove(std::string_view id) { return impl_->CancelOrRemove(id); }

bool MaySeeJob(const catalog::ExportJob& job, const model::ViewRights& rights) {
  if (rights == model::ViewRights{}) return true;
  const auto options = OptionsFromJson(job.request);
  const auto made_with = model::ParseViewRights(job.rights);
  if (!options || !made_with) return false;
  if (!rights.identifiers && options->privacy.identifiers == privacy::IdentifierMode::kKeep) return false;
  // Who may see ids has asked with ids, and perhaps with what people said.
  const bool names = !options->participants.empty() || !options->sessions.empty() || !options->filter.empty();
  if (!rights.identifiers && made_with->identifiers && names) return false;
  // What a job was asked for may be less than its maker was allowed.
  model::ViewRights shown = *made_with;
  if (!options->datasets.empty()) shown.datasets = options->datasets;
  return model::NoWider(shown, rights);
}

std::string JobJson(const catalog::ExportJob& job) {
  const bool has_file = job.state == catalog::ExportState::kSucceeded;
  boost::system::error_code error;
  json::value request = json::parse(job.request, error);
  if (error) request = nullptr;
  json::value privacy = nullptr;
  if (!job.privacy.empty()) privacy = json::parse(job.privacy, error);
  json::value quality = nullptr;
  if (const auto text = QualityOfManifest(job.manifest); has_file && !text.empty()) std::ignore = model::ParseDataJson(text, quality);
  json::object root{
      {"id", job.id},
      {"study", job.study},
      {"state", catalog::Name(job.state)},
      {"progress",
       json::object{{"rows", job.rows_done}, {"rows_total", job.rows_total}, {"bytes", job.bytes_done}, {"fraction", Fraction(job)}}},
      {"activity", job.activity},
      {"error", Text(job.error)},
      {"request", std::move(request)},
      {"privacy", std::move(privacy)},
      {"schedule", Text(job.schedule)},
      {"quality", std::move(quality)},
      {"file_name", nullptr},
      {"file_size", nullptr},
      {"sha256", nullptr},
      {"cursor", Text(job.cursor)},
      {"created_at", FormatIsoUtc(job.created_at)},
      {"started_at", Time(job.started_at)},
      {"finished_at", Time(job.finished_at)},
      {"expires_at", Time(job.expires_at)}};
  if (!job.dialect.empty()) {
    root["dialect"] = job.dialect;
    root["number"] = job.number;
  }
  if (has_file) {
    root["file_name"] = job.file_name;
    root["file_size"] = job.file_size;
    root["sha256"] = job.sha256;
  }
  return model::CompactJson(root);
}

}  // namespace sheaf::exporting
