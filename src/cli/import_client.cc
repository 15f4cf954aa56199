#include "cli/import_client.h"

#include <fmt/format.h>
#include <sodium.h>
#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#include "model/definition_json.h"

namespace sheaf::cli {
namespace {

constexpr int kTries = 6;

std::string PartKey(const std::string& study, const std::string& dataset, const std::string& body, int part) {
  unsigned char hash[16];
  const std::string salt = fmt::format("{}\n{}\n{}", study, dataset, part);
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(body.data()), body.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()),
                     std::min<std::size_t>(salt.size(), crypto_generichash_KEYBYTES_MAX));
  std::string key = fmt::format("import-{}-", part + 1);
  for (const unsigned char byte : hash) key += fmt::format("{:02x}", byte);
  return key;
}

Result<ImportClient::Outcome> ReadOutcome(const std::string& answer) {
  boost::system::error_code broken;
  const auto value = boost::json::parse(answer, broken);
  if (broken || !value.is_object()) return Fail(ErrorCode::kInternal, "the server's answer is not understood");
  const auto& object = value.as_object();
  ImportClient::Outcome outcome;
  if (const auto* accepted = object.if_contains("accepted")) outcome.accepted = accepted->to_number<std::uint64_t>(broken);
  const auto* rejected = object.if_contains("rejected");
  if (rejected == nullptr || !rejected->is_array()) return outcome;
  for (const auto& entry : rejected->as_array()) {
    const auto& fault = entry.as_object();
    const auto* field = fault.if_contains("field");
    const std::string name =
        field != nullptr && field->is_string() && !field->as_string().empty() ? std::string(field->as_string()) + ": " : "";
    outcome.rejected.push_back(
        {fault.at("line").to_number<std::uint64_t>(broken), name + std::string(std::string_view(fault.at("error").as_string()))});
  }
  const auto* total = object.if_contains("rejected_total");
  const auto all = total != nullptr ? total->to_number<std::uint64_t>(broken) : 0;
  if (all > outcome.rejected.size()) outcome.unlisted = all - outcome.rejected.size();
  return outcome;
}

}  // namespace

ImportClient::ImportClient(HttpClient client, std::string study)
    : client_(std::move(client)), study_(std::move(study)), base_("/api/v1/studies/" + QueryEscape(study_)) {}

Result<HttpReply> ImportClient::Send(const HttpRequest& request) {
  for (int attempt = 1;; ++attempt) {
    auto reply = client_.Send(request);
    const bool busy = reply && (reply->status == 503 || reply->status == 429);
    const bool silent = !reply && reply.error().code == ErrorCode::kUnavailable;
    if ((!busy && !silent) || attempt == kTries) return reply;
    const int wait = busy ? std::max(1, ErrorOf(*reply).retry_after_s) : 1 << attempt;
    std::this_thread::sleep_for(std::chrono::seconds(std::min(wait, 30)));
  }
}

Result<std::optional<model::Dataset>> ImportClient::FetchDataset(const std::string& dataset) {
  HttpRequest request;
  request.path = base_ + "/datasets/" + QueryEscape(dataset);
  SHEAF_ASSIGN(const auto reply, Send(request));
  if (reply.status == 404) return std::optional<model::Dataset>();
  if (reply.status != 200) return Fail(ErrorOf(reply));
  SHEAF_ASSIGN(auto found, model::ParseDataset(reply.body, dataset));
  return std::optional(std::move(found));
}

Status ImportClient::EnsureStudy() {
  HttpRequest study;
  study.path = base_;
  SHEAF_ASSIGN(const auto found, Send(study));
  if (found.status == 200) return {};
  if (found.status != 404) return Fail(ErrorOf(found));
  study.method = "POST";
  study.path = "/api/v1/studies";
  study.content_type = "application/json";
  study.body = boost::json::serialize(boost::json::object{{"id", study_}, {"name", study_}});
  SHEAF_ASSIGN(const auto created, Send(study));
  if (created.status != 201) return Fail(ErrorOf(created));
  fmt::print("study {} created\n", study_);
  return {};
}

Status ImportClient::PutDataset(const model::Dataset& dataset) {
  HttpRequest definition;
  definition.method = "PUT";
  definition.path = base_ + "/datasets/" + QueryEscape(dataset.id);
  definition.content_type = "application/json";
  definition.body = model::DatasetJson(dataset);
  SHEAF_ASSIGN(const auto put, Send(definition));
  if (put.status != 200 && put.status != 201) return Fail(ErrorOf(put));
  fmt::print("dataset {} {}\n", dataset.id, put.status == 201 ? "created" : "has new fields");
  return {};
}

Result<ImportClient::Outcome> ImportClient::PostRecords(const std::string& dataset, std::string body, int part) {
  HttpRequest request;
  request.method = "POST";
  request.path = base_ + "/datasets/" + QueryEscape(dataset) + "/records?on_error=skip";
  request.content_type = "application/x-ndjson";
  request.headers.push_back("Idempotency-Key: " + PartKey(study_, dataset, body, part));
  request.body = std::move(body);
  SHEAF_ASSIGN(const auto reply, Send(request));
  if (reply.status != 200) return Fail(ErrorOf(reply));
  return ReadOutcome(reply.body);
}

}  // namespace sheaf::cli
