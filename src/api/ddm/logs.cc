// What was done with a project, and what went wrong in participants' browsers: shown to its owner, and to be taken along.

#include <array>

#include "api/ddm/route.h"
#include "api/ddm/texts.h"
#include "api/json_text.h"

namespace sheaf::api::ddm {
namespace {

//! One of the two: its columns, and its rows as they are shown.
struct Log {
  std::string name;  //!< of the table and of its files
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

std::string MinuteOf(Micros instant, bool seconds) {
  const std::string text = UtcTime(instant);
  return text.substr(0, 10) + ", " + text.substr(11, seconds ? 8 : 5);
}

Result<Log> EventLog(const Service& service, const Project& project) {
  Log log{"DDM_EventLogs_" + project.UrlId(), {"Date", "Description", "Message"}, {}};
  SHEAF_ASSIGN(const auto events, service.rooms->catalog->Donations().Events(project.study.id));
  for (const auto& event : events) log.rows.push_back({MinuteOf(event.time, false), event.description, event.message});
  return log;
}

Result<Log> ExceptionLog(const Service& service, const Project& project) {
  Log log{"DDM_ExceptionLogs_" + project.UrlId(), {"Date", "Participant", "Type", "Raised by", "Related Blueprint", "Message"}, {}};
  SHEAF_ASSIGN(const auto exceptions, service.rooms->catalog->Donations().Exceptions(project.study.id));
  for (const auto& one : exceptions) {
    log.rows.push_back({MinuteOf(one.time, true), one.participant.empty() ? "None" : one.participant, one.type, one.raised_by,
                        one.blueprint, one.message});
  }
  return log;
}

std::string Row(const std::vector<std::string>& cells, const char* tag) {
  std::string row = "<tr>";
  for (const std::string& cell : cells) row += std::string("<") + tag + ">" + Escaped(cell) + "</" + tag + ">";
  return row + "</tr>\n";
}

std::string Table(const Log& log, std::string_view heading) {
  std::string html = "<h2>" + std::string(heading) + "</h2>\n<table id=\"" + log.name + "\">" + Row(log.columns, "th");
  for (const auto& row : log.rows) html += Row(row, "td");
  html += "</table>\n<p>";
  for (const char* kind : {"csv", "json"}) html += "<a href=\"" + log.name + "." + kind + "\" download>" + log.name + "." + kind + "</a> ";
  return html + "</p>\n";
}

std::string Csv(const Log& log) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text;
    for (const std::string& cell : cells) text += (text.empty() ? "" : ",") + Quoted(cell);
    return text + "\r\n";
  };
  std::string csv = line(log.columns);
  for (const auto& row : log.rows) csv += line(row);
  return csv;
}

std::string Json(const Log& log) {
  JsonArray list;
  for (const auto& row : log.rows) {
    JsonObject object;
    for (std::size_t i = 0; i < row.size(); ++i) object.Text(log.columns[i], row[i]);
    list.Raw(object.Finish());
  }
  return list.Finish();
}

http::Response GetLogs(const Service& service, native::Call& call) {
  auto visit = EnterPage(service, call);
  if (!visit) return std::move(visit.error());
  const auto events = EventLog(service, visit->project);
  const auto exceptions = ExceptionLog(service, visit->project);
  if (!events || !exceptions) return ErrorAnswer(events ? exceptions.error() : events.error());
  if (const Status audited = Audit(call, "donations.logs", nullptr); !audited) return ErrorAnswer(audited.error());
  return HtmlPage("Logs of " + visit->project.study.name, Table(*events, "Event log") + Table(*exceptions, "Exception log"));
}

//! A log as a file, as the original's page makes it of its table.
http::Response GetLogFile(const Service& service, native::Call& call) {
  auto visit = EnterPage(service, call);
  if (!visit) return std::move(visit.error());
  const std::string name(call.Part("file"));
  for (const auto make : {&EventLog, &ExceptionLog}) {
    const auto log = make(service, visit->project);
    if (!log) return ErrorAnswer(log.error());
    const bool csv = name == log->name + ".csv";
    if (!csv && name != log->name + ".json") continue;
    if (const Status audited = Audit(call, "donations.logs", nullptr); !audited) return ErrorAnswer(audited.error());
    http::Response response;
    response.headers = {{"Content-Type", csv ? "text/csv; charset=utf-8" : "application/json"},
                        {"Content-Disposition", "attachment; filename=\"" + name + "\""},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}};
    response.body = csv ? Csv(*log) : Json(*log);
    return response;
  }
  return NotThere();
}

}  // namespace

void AddLogPages(http::Router& router, const std::shared_ptr<const Service>& service) {
  AddPage(router, service, "GET", "/projects/{url_id}/logs/", GetLogs);
  AddPage(router, service, "GET", "/projects/{url_id}/logs/{file}", GetLogFile);
}

}  // namespace sheaf::api::ddm
