#include "cli/import_people.h"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "model/strict_json.h"

namespace sheaf::cli {
namespace {

namespace json = boost::json;

std::string TextOf(const json::object& row, std::string_view name) {
  const json::value* const value = row.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<Micros> TimeOf(const json::object& row, std::string_view name) {
  const auto time = ParseIsoTime(TextOf(row, name));
  return time ? std::optional(time->instant) : std::nullopt;
}

std::string FirstText(const json::object& row, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::string text = TextOf(row, name); !text.empty()) return text;
  }
  return {};
}

json::value TimeJson(const std::optional<Micros>& time) { return time ? json::value(json::string(FormatIsoUtc(*time))) : json::value(); }

// What of a participant's row stands elsewhere than in the attributes.
constexpr std::array<std::string_view, 11> kPlaced = {"id",     "participantId", "experimentId", "roomId",    "sessionId", "role",
                                                      "status", "timestamp",     "attributes",   "sessionID", "onset"};

}  // namespace

void ImportPeople::TakeRoom(const json::object& row) {
  const std::string id = FirstText(row, {"id", "roomId", "sessionId"});
  if (!IsRecordId(id)) return;
  Room& room = rooms_[id];
  room.start = TimeOf(row, "startTime");
  const auto end = TimeOf(row, "endTime");
  json::object attributes;
  const std::string deployment = TextOf(row, "deploymentId");
  if (!deployment.empty() && deployment != TextOf(row, "experimentId")) {
    attributes["deploymentId"] = json::string(deployment);
    if (const std::string name = TextOf(row, "deploymentName"); !name.empty()) attributes["deploymentName"] = json::string(name);
  }
  json::object settings{{"name", json::string(TextOf(row, "name"))}, {"status", json::string(TextOf(row, "status"))}};
  settings["start"] = TimeJson(room.start);
  if (!room.start || !end || *end >= *room.start) settings["end"] = TimeJson(end);
  settings["attributes"] = std::move(attributes);
  room.settings = model::CompactJson(settings);
}

void ImportPeople::TakeUnlistedRoom(const json::object& row) {
  const auto found = rooms_.find(FirstText(row, {"id", "roomId", "sessionId"}));
  if (found == rooms_.end() || found->second.settings.empty()) TakeRoom(row);
}

void ImportPeople::TakeParticipant(const json::object& row) {
  const std::string id = FirstText(row, {"id", "participantId"});
  if (!IsRecordId(id)) return;
  json::object attributes;
  if (const json::value* const more = row.if_contains("attributes"); more != nullptr && more->is_object()) attributes = more->as_object();
  const std::string room = FirstText(row, {"roomId", "sessionId"});
  for (const auto& [name, value] : row) {
    const bool placed = std::find(kPlaced.begin(), kPlaced.end(), name) != kPlaced.end();
    // With a room they are that attendance's own.
    const bool of_room = !room.empty() && (name == "joinedAt" || name == "deploymentId");
    if (!placed && !of_room && !value.is_null()) attributes[name] = value;
  }
  const std::string role = TextOf(row, "role");
  if (room.empty() && !role.empty()) attributes["role"] = json::string(role);
  participants_[id] =
      model::CompactJson(json::object{{"status", json::string(TextOf(row, "status"))}, {"attributes", std::move(attributes)}});
  if (!IsRecordId(room)) return;
  rooms_[room].people[id] = {role, TimeOf(row, "joinedAt"), TimeOf(row, "completedAt"), true};
  const std::string deployment = TextOf(row, "deploymentId");
  if (!deployment.empty() && deployment != TextOf(row, "experimentId")) rooms_[room].deployment = deployment;
}

void ImportPeople::TakeAttendance(const std::string& room, const std::string& participant, std::optional<Micros> time) {
  if (room.empty()) return;
  Attended& attended = rooms_[room].people[participant];
  if (attended.listed || !time) return;
  if (!attended.joined || *time < *attended.joined) attended.joined = time;
}

std::optional<Micros> ImportPeople::StartOf(const std::string& id) {
  Room& room = rooms_[id];
  if (room.start || room.asked || !room.settings.empty()) return room.start;
  room.asked = true;
  HttpRequest request;
  request.path = client_.Base() + "/sessions/" + QueryEscape(id);
  const auto reply = client_.Send(request);
  if (!reply || reply->status != 200) return std::nullopt;
  boost::system::error_code broken;
  const auto value = json::parse(reply->body, broken);
  if (!broken && value.is_object()) room.start = TimeOf(value.as_object(), "start");
  return room.start;
}

Status ImportPeople::Send() {
  for (const auto& [id, body] : participants_) {
    HttpRequest request;
    request.method = "PUT";
    request.path = client_.Base() + "/participants/" + QueryEscape(id);
    request.content_type = "application/json";
    request.body = body;
    SHEAF_ASSIGN(const auto reply, client_.Send(request));
    if (reply.status >= 300) return Fail(ErrorOf(reply));
  }
  for (const auto& [id, room] : rooms_) SHEAF_TRY(SendRoom(id, room));
  if (!participants_.empty() || !rooms_.empty()) fmt::print("{} participants, {} rooms\n", participants_.size(), rooms_.size());
  return {};
}

Status ImportPeople::SendRoom(const std::string& id, const Room& room) {
  HttpRequest request;
  request.path = client_.Base() + "/sessions/" + QueryEscape(id);
  SHEAF_ASSIGN(const auto found, client_.Send(request));
  json::object session;
  json::value value;
  if (found.status == 200) {
    if (model::ParseDataJson(found.body, value) && value.is_object()) session = std::move(value.as_object());
  } else if (found.status != 404) {
    return Fail(ErrorOf(found));
  }
  if (!room.settings.empty()) {
    json::value settings;
    if (model::ParseDataJson(room.settings, settings))
      for (const auto& member : settings.as_object()) session[member.key()] = member.value();
  }
  if (!room.deployment.empty()) {
    json::value& attributes = session["attributes"];
    if (!attributes.is_object()) attributes = json::object();
    attributes.as_object().emplace("deploymentId", json::string(room.deployment));
  }
  json::array attendance;
  std::map<std::string, bool> there;
  if (const json::value* const current = session.if_contains("attendance"); current != nullptr && current->is_array()) {
    for (const json::value& one : current->as_array()) {
      const std::string participant = one.is_object() ? TextOf(one.as_object(), "participant") : std::string();
      const auto listed = room.people.find(participant);
      // What the list says of them replaces what was there.
      if (listed != room.people.end() && listed->second.listed) continue;
      there[participant] = true;
      attendance.push_back(one);
    }
  }
  for (const auto& [participant, attended] : room.people) {
    if (there.count(participant) != 0) continue;
    attendance.push_back(json::object{{"participant", json::string(participant)},
                                      {"role", json::string(attended.role)},
                                      {"joined_at", TimeJson(attended.joined)},
                                      {"left_at", TimeJson(attended.left)}});
  }
  session["attendance"] = std::move(attendance);
  request.method = "PUT";
  request.content_type = "application/json";
  request.body = model::CompactJson(session);
  SHEAF_ASSIGN(const auto put, client_.Send(request));
  return put.status < 300 ? Status() : Fail(ErrorOf(put));
}

}  // namespace sheaf::cli
