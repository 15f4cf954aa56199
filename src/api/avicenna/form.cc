#include "api/avicenna/form.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/ids.h"
#include "http/server.h"
#include "model/strict_json.h"

namespace sheaf::api::avicenna {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxBoundary = 200;

tl::unexpected<Error> BadForm(std::string detail) { return Fail(ErrorCode::kBadRequest, std::move(detail)); }

Status Add(std::string name, std::string value, Form& form) {
  if (!IsUtf8(name) || !IsUtf8(value)) return Fail(ErrorCode::kBadUtf8, "The form is not valid UTF-8.");
  if (form.size() >= kMaxFields) return BadForm("The form has too many fields.");
  const std::string place = name;
  if (!form.emplace(std::move(name), std::move(value)).second) return Fail(ErrorCode::kBadMember, "It is given twice.", place);
  return {};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

//! name=value or name="value" of a header, `wanted` in lower case; empty when there is none.
std::string ParameterOf(std::string_view header, std::string_view wanted) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    header.remove_prefix(at + 1);
    while (!header.empty() && (header.front() == ' ' || header.front() == '\t')) header.remove_prefix(1);
    const std::size_t sign = header.find('=');
    if (sign == std::string_view::npos) return {};
    const std::string name = Lower(header.substr(0, sign));
    header.remove_prefix(sign + 1);
    std::string value;
    if (!header.empty() && header.front() == '"') {
      std::size_t end = 1;
      for (; end < header.size() && header[end] != '"'; ++end) {
        if (header[end] == '\\' && end + 1 < header.size()) ++end;
        value += header[end];
      }
      header.remove_prefix(std::min(end + 1, header.size()));
    } else {
      value = header.substr(0, header.find(';'));
      while (!value.empty() && value.back() == ' ') value.pop_back();
    }
    if (name == wanted) return value;
    at = header.find(';');
  }
  return {};
}

//! One part: its headers, an empty line, its content.
Status AddPart(std::string_view part, Form& form) {
  const std::size_t end = part.find("\r\n\r\n");
  if (end == std::string_view::npos) return BadForm("A part of the form has no end of its headers.");
  std::string_view headers = part.substr(0, end);
  std::string name;
  bool is_file = false;
  while (!headers.empty()) {
    const std::size_t line_end = std::min(headers.find("\r\n"), headers.size());
    const std::string_view line = headers.substr(0, line_end);
    if (Lower(line.substr(0, line.find(':'))) == "content-disposition") {
      name = ParameterOf(line, "name");
      is_file = !ParameterOf(line, "filename").empty();
    }
    headers.remove_prefix(std::min(line_end + 2, headers.size()));
  }
  if (name.empty()) return BadForm("A part of the form has no name.");
  if (is_file) return Fail(ErrorCode::kBadMember, "It is a file, which is not taken here.", name);
  return Add(std::move(name), std::string(part.substr(end + 4)), form);
}

Result<Form> ReadMultipart(std::string_view content_type, std::string_view body) {
  const std::string boundary = ParameterOf(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kMaxBoundary) return BadForm("The Content-Type names no boundary between the form's parts.");
  const std::string first = "--" + boundary, delimiter = "\r\n--" + boundary;
  std::size_t at = body.starts_with(first) ? first.size() : body.find(delimiter);
  if (at == std::string_view::npos) return BadForm("The form does not begin with its boundary.");
  if (!body.starts_with(first)) at += delimiter.size();
  Form form;
  while (!body.substr(at).starts_with("--")) {
    if (!body.substr(at).starts_with("\r\n")) return BadForm("A boundary of the form has no end of line.");
    at += 2;
    const std::size_t end = body.find(delimiter, at);
    if (end == std::string_view::npos) return BadForm("The form ends in the middle of a part.");
    SHEAF_TRY(AddPart(body.substr(at, end - at), form));
    at = end + delimiter.size();
  }
  return form;
}

Result<Form> ReadUrlEncoded(std::string_view body) {
  Form form;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const std::size_t sign = std::min(pair.find('='), pair.size());
    auto name = http::PercentDecode(pair.substr(0, sign), true);
    auto value = http::PercentDecode(sign < pair.size() ? pair.substr(sign + 1) : std::string_view(), true);
    if (!name || !value) return BadForm("The form has a broken percent escape.");
    SHEAF_TRY(Add(*std::move(name), *std::move(value), form));
  }
  return form;
}

Result<Form> ReadJson(std::string_view body) {
  json::value value;
  SHEAF_TRY(model::ParseStrictJson(body, {1u << 20, 4}, value));
  if (!value.is_object()) return Fail(ErrorCode::kBadJson, "The body must be an object.");
  Form form;
  for (const auto& [key, member] : value.get_object()) {
    const std::string name(key);
    if (member.is_null()) continue;
    if (member.is_string()) SHEAF_TRY(Add(name, std::string(member.get_string()), form));
    else if (member.is_int64()) SHEAF_TRY(Add(name, std::to_string(member.get_int64()), form));
    else if (member.is_array()) {
      std::string list;
      for (const json::value& one : member.get_array()) {
        if (!one.is_int64() && !one.is_string()) return Fail(ErrorCode::kBadMember, "It must list whole numbers or texts.", name);
        list += (list.empty() ? "" : ",") + (one.is_int64() ? std::to_string(one.get_int64()) : std::string(one.get_string()));
      }
      SHEAF_TRY(Add(name, std::move(list), form));
    } else {
      return Fail(ErrorCode::kBadMember, "It must be a text or a whole number.", name);
    }
  }
  return form;
}

}  // namespace

Result<Form> ReadForm(std::string_view content_type, std::string_view body) {
  const std::string media = Lower(content_type.substr(0, content_type.find(';')));
  if (media.starts_with("multipart/form-data")) return ReadMultipart(content_type, body);
  if (media.starts_with("application/json")) return ReadJson(body);
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && body[start] == '{') return ReadJson(body);
  return ReadUrlEncoded(body);
}

}  // namespace sheaf::api::avicenna
