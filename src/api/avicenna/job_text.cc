#include "api/avicenna/job_text.h"

#include <boost/json.hpp>

#include "api/avicenna/options.h"
#include "api/json_text.h"

namespace sheaf::api::avicenna {
namespace {

namespace json = boost::json;

const StatusWord& StatusOf(catalog::ExportState state) {
  switch (state) {
    case catalog::ExportState::kPending: return kPending;
    case catalog::ExportState::kExecuting: return kProcessing;
    case catalog::ExportState::kSucceeded: return kSuccess;
    case catalog::ExportState::kExpired: return kExpired;
    case catalog::ExportState::kFailed:
    case catalog::ExportState::kCancelled: break;
  }
  return kFailed;
}

json::object AskedOf(const catalog::ExportJob& job) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4 * kMaxQueryDepth;
  json::value value = json::parse(job.dialect_request, error, {}, options);
  return error || !value.is_object() ? json::object() : std::move(value.get_object());
}

//! As JSON, null where it was not given (or was forgotten with somebody it named).
std::string Member(const json::object& asked, const char* name) {
  const json::value* value = asked.if_contains(name);
  return value == nullptr ? "null" : json::serialize(*value);
}

//! Where clients reach this server: as it was told, else as this client did.
std::string Origin(const native::Call& call) {
  if (!call.rooms->public_url.empty()) return call.rooms->public_url;
  return "http://" + std::string(call.request.Header("host"));
}

//! The same for a job at all times, small enough for any reader of JSON.
std::int64_t IdNumber(const std::string& id) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return static_cast<std::int64_t>(hash >> 12);
}

std::string Extension(const catalog::ExportJob& job) { return job.file_name.ends_with(".zip") ? ".zip" : ".csv"; }

}  // namespace

std::string AskedJson(const Asked& asked) {
  JsonObject object;
  object.Integer("study_id", asked.study).Text("kind", asked.kind).Text("stem", asked.stem);
  if (asked.activity) object.Integer("activity_id", *asked.activity);
  if (asked.data_source) object.Integer("data_source", *asked.data_source);
  if (asked.site) object.Integer("site_ssid", *asked.site);
  if (!asked.export_version.empty()) object.Text("export_version", asked.export_version);
  if (!asked.rule_set.empty()) object.Raw("rule_set", asked.rule_set);
  object.Raw("request", asked.request);
  return object.Finish();
}

std::string FileName(const catalog::ExportJob& job) {
  const json::object asked = AskedOf(job);
  const json::value* stem = asked.if_contains("stem");
  const std::string name = stem != nullptr && stem->is_string() ? std::string(stem->get_string()) : "export";
  return name + "_" + std::to_string(job.number) + Extension(job);
}

std::int64_t StatusNumber(catalog::ExportState state) { return StatusOf(state).number; }

std::string ExportJson(const native::Call& call, const catalog::ExportJob& job) {
  const json::object asked = AskedOf(job);
  const StatusWord& status = StatusOf(job.state);
  const bool has_file = job.state == catalog::ExportState::kSucceeded;
  const auto account = call.rooms->catalog->FindAccount(job.account);
  JsonObject word;
  word.Integer("id", status.number).Text("label", status.label);
  JsonObject object;
  object.Integer("id", IdNumber(job.id)).Integer("study_specific_id", job.number);
  for (const char* name : {"study_id", "kind", "activity_id", "data_source", "site_ssid", "export_version", "rule_set"}) {
    object.Raw(name, Member(asked, name));
  }
  object.Raw("status", word.Finish());
  if (has_file) {
    const std::string path = "/media/exports/" + Member(asked, "study_id") + "/" + std::to_string(job.number) + "/" + FileName(job);
    object.Text("content", Origin(call) + path).Count("size", job.file_size).Count("rows", job.rows_done);
  } else {
    object.Raw("content", "null").Raw("size", "null").Raw("rows", "null");
  }
  if (job.error.empty()) object.Raw("error", "null");
  else object.Text("error", job.error);
  object.Time("created_at", job.created_at).OptionalTime("finished_at", job.finished_at).OptionalTime("expires_at", job.expires_at);
  object.Text("requested_by", account ? account->email : "");
  return object.Finish();
}

}  // namespace sheaf::api::avicenna
