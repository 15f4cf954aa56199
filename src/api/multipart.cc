#include "api/multipart.h"

#include <algorithm>

#include "http/server.h"

namespace sheaf::api {
namespace {

constexpr std::size_t kMostParts = 1000;

tl::unexpected<Error> Broken() { return Fail(ErrorCode::kBadRequest, "The form cannot be read."); }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

//! `name` of `form-data; name="x"; filename="y"`, quoted or not.
std::string Parameter(std::string_view header, const std::string& name) {
  const std::string lower = Lower(header);
  for (std::size_t at = lower.find(name + "="); at != std::string::npos; at = lower.find(name + "=", at + 1)) {
    if (at > 0 && lower[at - 1] != ' ' && lower[at - 1] != ';' && lower[at - 1] != '\t') continue;
    std::string_view rest = header.substr(at + name.size() + 1);
    if (rest.empty() || rest.front() != '"') return std::string(rest.substr(0, rest.find(';')));
    std::string value;
    for (std::size_t i = 1; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      value += rest[i];
    }
    return value;
  }
  return {};
}

Result<FormPart> ReadPart(std::string_view part) {
  const std::size_t end = part.find("\r\n\r\n");
  if (end == std::string_view::npos) return Broken();
  FormPart read;
  std::string_view head = part.substr(0, end + 2);
  while (!head.empty()) {
    const std::size_t line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    head.remove_prefix(line_end + 2);
    if (Lower(line).rfind("content-disposition:", 0) != 0) continue;
    read.name = Parameter(line, "name");
    read.file_name = Parameter(line, "filename");
  }
  read.value = part.substr(end + 4);
  return read;
}

Result<std::vector<FormPart>> ParseMultipart(std::string_view body, const std::string& boundary) {
  if (boundary.empty() || boundary.size() > 70) return Broken();
  const std::string first = "--" + boundary, between = "\r\n--" + boundary;
  std::size_t at = body.find(first);
  if (at == std::string_view::npos) return Broken();
  at += first.size();
  std::vector<FormPart> parts;
  while (body.substr(at, 2) != "--") {
    if (body.substr(at, 2) != "\r\n" || parts.size() == kMostParts) return Broken();
    at += 2;
    const std::size_t end = body.find(between, at);
    if (end == std::string_view::npos) return Broken();
    SHEAF_ASSIGN(FormPart part, ReadPart(body.substr(at, end - at)));
    parts.push_back(std::move(part));
    at = end + between.size();
  }
  return parts;
}

Result<std::vector<FormPart>> ParseUrlEncoded(std::string_view body) {
  std::vector<FormPart> parts;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const std::size_t equal = std::min(pair.find('='), pair.size());
    const auto name = http::PercentDecode(pair.substr(0, equal), true);
    const auto value = http::PercentDecode(pair.substr(std::min(equal + 1, pair.size())), true);
    if (!name || !value || parts.size() == kMostParts) return Broken();
    parts.push_back({*name, {}, *value});
  }
  return parts;
}

}  // namespace

Result<std::vector<FormPart>> ParseForm(std::string_view content_type, std::string_view body) {
  const std::string media = Lower(content_type.substr(0, content_type.find(';')));
  if (media.rfind("multipart/form-data", 0) == 0) return ParseMultipart(body, Parameter(content_type, "boundary"));
  if (media.rfind("application/x-www-form-urlencoded", 0) == 0 || media.empty()) return ParseUrlEncoded(body);
  return Fail(ErrorCode::kUnsupportedMediaType, "Send a form.", "Content-Type");
}

std::string_view FormValue(const std::vector<FormPart>& parts, std::string_view name) {
  for (const FormPart& part : parts) {
    if (part.name == name) return part.value;
  }
  return {};
}

}  // namespace sheaf::api
