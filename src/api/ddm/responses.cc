// responses: answers to the questionnaire, as JSON and as CSV.

#include <algorithm>
#include <charconv>

#include "api/ddm/answers.h"
#include "api/ddm/pieces.h"
#include "api/ddm/texts.h"
#include "api/json_text.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::string_view kReadAllow = "GET, HEAD, OPTIONS";

//! What the two forms are made of.
struct Job {
  std::shared_ptr<const AnswersWanted> wanted;
  std::shared_ptr<const exporting::TimeZone> zone;
  bool snapshots = false;
  std::vector<bool> present = {};  //!< variables that are a column
  std::uint64_t rows = 0;          //!< when it was made once
};

std::string ResponseData(const std::vector<std::string>& names, const AnswerRecord& answer) {
  JsonObject data;
  for (const auto& [variable, json] : answer.values) data.Raw(names[variable], json);
  return data.Finish();
}

class JsonPieces final : public Pieces {
 public:
  explicit JsonPieces(std::shared_ptr<Job> job) : job_(std::move(job)), pages_(job_->wanted) {}
  Result<std::string> Next() override {
    if (ended_) return std::string();
    std::string piece = std::exchange(begun_, true) ? "" : R"({"responses":[)";
    SHEAF_ASSIGN(const auto answers, pages_.Next());
    for (const AnswerRecord& answer : answers) {
      if (rows_++ != 0) piece += ',';
      piece += One(answer);
    }
    EscapeSeparators(piece);
    if (!answers.empty()) return piece;
    ended_ = true;
    job_->rows = rows_;
    return piece + R"(],"metadata":{"n_responses":)" + std::to_string(rows_) + "}}";
  }

 private:
  std::string One(const AnswerRecord& answer) const {
    const std::string time = JsonTime(answer.time, *job_->zone);
    JsonObject one;
    one.Text("participant", answer.participant);
    if (!job_->snapshots) return one.Raw("response_data", ResponseData(job_->wanted->names, answer)).Text("time_submitted", time).Finish();
    one.Text("time_submitted", time).Raw("questionnaire_snapshot", answer.snapshot.empty() ? "{}" : CompactJson(answer.snapshot));
    one.Raw("response_data", ResponseData(job_->wanted->names, answer));
    return one.Raw("questionnaire_config", answer.config.empty() ? "null" : CompactJson(answer.config)).Finish();
  }

  const std::shared_ptr<Job> job_;
  AnswerPages pages_;
  std::uint64_t rows_ = 0;
  bool begun_ = false, ended_ = false;
};

//! The text of a JSON string; anything else as it is.
std::string Decoded(const std::string& json) {
  if (json.empty() || json.front() != '"') return json;
  std::string text;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] != '\\') {
      text += json[i];
      continue;
    }
    const char c = json[++i];
    if (c == 'u') {
      unsigned code = 0;
      std::from_chars(json.data() + i + 1, json.data() + i + 5, code, 16);
      i += 4;
      // Only control characters are written so.
      text += static_cast<char>(code);
    } else {
      text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
    }
  }
  return text;
}

//! A JSON scalar as Python's csv writer puts it.
std::string CellOf(const std::string& json) {
  if (json == "null") return {};
  if (json == "true") return "True";
  if (json == "false") return "False";
  return Decoded(json);
}

class CsvPieces final : public Pieces {
 public:
  explicit CsvPieces(std::shared_ptr<const Job> job) : job_(std::move(job)), pages_(job_->wanted) {}
  Result<std::string> Next() override {
    std::string piece = std::exchange(begun_, true) ? "" : Header();
    SHEAF_ASSIGN(const auto answers, pages_.Next());
    for (const AnswerRecord& answer : answers) AppendRow(answer, piece);
    return piece;
  }

 private:
  std::string Header() const {
    std::string header = "participant,time_submitted";
    for (std::size_t i = 0; i < job_->present.size(); ++i) {
      if (job_->present[i]) header += "," + CsvCell(job_->wanted->names[i]);
    }
    return header + "\r\n";
  }
  void AppendRow(const AnswerRecord& answer, std::string& out) {
    row_.assign(job_->present.size(), nullptr);
    for (const auto& [variable, json] : answer.values) row_[variable] = &json;
    out += CsvCell(answer.participant);
    out += "," + JsonTime(answer.time, *job_->zone);
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (!job_->present[i]) continue;
      out += ',';
      if (row_[i] != nullptr) out += CsvCell(CellOf(*row_[i]));
    }
    out += "\r\n";
  }

  const std::shared_ptr<const Job> job_;
  AnswerPages pages_;
  std::vector<const std::string*> row_;
  bool begun_ = false;
};

//! Which variables anybody answered, and how many did.
Status FindColumns(Job& job) {
  job.present.assign(job.wanted->names.size(), false);
  AnswerPages pages(job.wanted);
  while (true) {
    SHEAF_ASSIGN(const auto answers, pages.Next());
    if (answers.empty()) return {};
    job.rows += answers.size();
    for (const AnswerRecord& answer : answers) {
      for (const auto& value : answer.values) job.present[value.first] = true;
    }
  }
}

Result<http::Response> CsvAnswer(const Visit& visit, const std::shared_ptr<Job>& job) {
  SHEAF_TRY(FindColumns(*job));
  http::Response response;
  response.headers = {
      {"Content-Type", "text/csv"},
      {"Content-Disposition", "attachment; filename=\"ddm_" + visit.project.UrlId() + "_responses_" + StampOf(Now()) + ".csv\""}};
  SHEAF_TRY(FillBody(response, [job]() -> Result<std::unique_ptr<Pieces>> { return std::make_unique<CsvPieces>(job); }));
  return response;
}

Result<http::Response> Responses(const Visit& visit) {
  if (visit.project.SuperSecret()) return Detail(405, "Endpoint disabled for super secret projects.");
  const http::Request& request = visit.Request();
  std::optional<std::vector<std::string>> participants;
  if (const auto asked = request.QueryParameter("participants")) {
    participants = SplitList(*asked);
    std::erase(*participants, "");
  }
  const auto job = std::make_shared<Job>();
  job->wanted = std::make_shared<const AnswersWanted>(visit.service.rooms, visit.project, std::move(participants));
  job->zone = visit.service.zone;
  job->snapshots = request.QueryParameter("include_snapshot").value_or("") == "true";
  const bool csv = request.QueryParameter("csv").value_or("") == "true";
  auto answer = csv ? CsvAnswer(visit, job)
                    : JsonAnswer(
                          request, [job]() -> Result<std::unique_ptr<Pieces>> { return std::make_unique<JsonPieces>(job); }, kReadAllow);
  if (!answer) return answer;
  visit.call.audit.rows = job->rows;
  visit.Log("API access: Responses retrieved", "The response data was accessed through the API.");
  return answer;
}

//! A session is let in as the project's owner or an administrator only; a token is the owner's.
Status AllowSession(const Visit& visit) {
  if (visit.caller.way == Way::kToken || visit.caller.owner || visit.caller.superuser) return {};
  visit.Log("Failed Attempt", "Permission Denied.");
  return Fail(ErrorCode::kForbidden, "User does not have access.");
}

}  // namespace

void AddResponsesEndpoint(http::Router& router, const std::shared_ptr<const Service>& service) {
  Endpoint responses{"GET", "/api/project/{url_id}/responses", "Responses Api", "donations.responses", First::kSession};
  responses.allow = AllowSession;
  responses.handle = Responses;
  AddEndpoint(router, service, std::move(responses));
}

}  // namespace sheaf::api::ddm
