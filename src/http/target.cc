#include "http/target.h"

#include <utility>

namespace sheaf::http {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

Status CheckPath(std::string_view path) {
  const auto decoded = PercentDecode(path, false);
  if (!decoded) return Fail(ErrorCode::kBadRequest, "The path has a broken % escape.");
  for (const char c : *decoded) {
    if (IsControl(c)) return Fail(ErrorCode::kBadRequest, "The path has a control character.");
  }
  return {};
}

Result<std::string> DecodeQueryPart(std::string_view text) {
  auto decoded = PercentDecode(text, true);
  if (!decoded) return Fail(ErrorCode::kBadRequest, "The query has a broken % escape.");
  if (decoded->find('\0') != std::string::npos) return Fail(ErrorCode::kBadRequest, "The query has a NUL character.");
  return *std::move(decoded);
}

Status ReadQuery(std::string_view query, Request& request) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    SHEAF_ASSIGN(std::string name, DecodeQueryPart(pair.substr(0, equals)));
    SHEAF_ASSIGN(std::string value, DecodeQueryPart(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1)));
    request.query_parameters.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

// "http://host/path" → "/path"; the text itself when it has no scheme.
std::string_view WithoutAuthority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return target;
}

}  // namespace

Status ReadTarget(std::string_view target, Request& request) {
  target = WithoutAuthority(target);
  for (const char c : target) {
    if (IsControl(c) || c == ' ' || c == '#') {
      return Fail(ErrorCode::kBadRequest, "The address has a character that must be written as a % escape.");
    }
  }
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (request.path.empty() && question == 0) request.path = "/";
  if (!request.path.starts_with('/') && request.path != "*") {
    return Fail(ErrorCode::kBadRequest, "The address does not begin with '/'.");
  }
  SHEAF_TRY(CheckPath(request.path));
  if (question == std::string_view::npos) return {};
  request.query = target.substr(question + 1);
  return ReadQuery(request.query, request);
}

}  // namespace sheaf::http
