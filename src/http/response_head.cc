#include "http/response_head.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

namespace sheaf::http {
namespace {

std::string_view Reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

bool EqualNames(std::string_view left, std::string_view right) {
  return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

bool IsServers(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kServers = {"Content-Length", "Transfer-Encoding", "Date",      "Server",
                                                               "X-Request-Id",   "Connection",        "Keep-Alive"};
  return std::any_of(kServers.begin(), kServers.end(), [&](std::string_view own) { return EqualNames(own, name); });
}

bool IsToken(std::string_view name) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

void AppendHeaders(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (IsServers(name) || !IsToken(name)) continue;
    out += name;
    out += ": ";
    const std::size_t start = out.size();
    out += value;
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }, ' ');
    out += "\r\n";
  }
}

}  // namespace

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string WriteHead(const Response& response, const ResponseFrame& frame) {
  std::string out;
  out.reserve(256);
  fmt::format_to(std::back_inserter(out), FMT_STRING("HTTP/1.1 {} {}\r\nServer: sheaf\r\nDate: {}\r\n"), response.status,
                 Reason(response.status), frame.date);
  if (!frame.request_id.empty()) {
    out += "X-Request-Id: ";
    out += frame.request_id;
    out += "\r\n";
  }
  AppendHeaders(out, response.headers);
  if (frame.framing == Framing::kLength) {
    fmt::format_to(std::back_inserter(out), FMT_STRING("Content-Length: {}\r\n"), frame.length);
  } else if (frame.framing == Framing::kChunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (!frame.keep_alive) {
    out += "Connection: close\r\n";
  } else if (!frame.http11) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

std::string HttpDate(std::int64_t unix_seconds) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

Response PlainError(const Error& error, std::string_view request_id) {
  const ErrorEntry& entry = Describe(error.code);
  Response response;
  response.status = entry.http_status;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  response.body = fmt::format("{}. {}\n{}\n", entry.title, error.detail, request_id);
  return response;
}

}  // namespace sheaf::http
