#include "cli/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

#include "http/server.h"

namespace sheaf::cli {
namespace {

constexpr long kConnectSeconds = 15;
// A server that sends nothing at all for so long is gone.
constexpr long kSilentSeconds = 300;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

struct Transfer {
  CURL* curl = nullptr;
  HttpReply reply;
  const HttpClient::Sink* sink = nullptr;
  Status sink_status;
};

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer.reply.headers.clear();
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    auto value = line.substr(colon + 1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front()))) value.remove_prefix(1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) value.remove_suffix(1);
    transfer.reply.headers[Lower(line.substr(0, colon))] = value;
  }
  return size * count;
}

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view bytes(data, size * count);
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (transfer.sink == nullptr || status < 200 || status > 299) {
    transfer.reply.body.append(bytes);
    return bytes.size();
  }
  transfer.sink_status = (*transfer.sink)(bytes);
  return transfer.sink_status ? bytes.size() : 0;
}

}  // namespace

struct HttpClient::Impl {
  std::string base;
  std::string key;
  CURL* curl = nullptr;
  ~Impl() { curl_easy_cleanup(curl); }

  Result<HttpReply> Perform(const HttpRequest& request, const Sink* sink) {
    Transfer transfer;
    transfer.curl = curl;
    transfer.sink = sink;
    curl_easy_reset(curl);
    curl_slist* headers = nullptr;
    const auto add = [&headers](const std::string& line) { headers = curl_slist_append(headers, line.c_str()); };
    add("Authorization: Bearer " + key);
    add("Expect:");
    if (!request.content_type.empty()) add("Content-Type: " + request.content_type);
    for (const auto& line : request.headers) add(line);
    const std::string url = base + request.path;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L * 1024);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    if (request.method != "GET" && request.method != "DELETE") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (!transfer.sink_status) return Fail(std::move(transfer.sink_status).error());
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = static_cast<int>(status);
    if (code == CURLE_OK) return std::move(transfer.reply);
    if (status >= 200 && sink != nullptr) {
      return Fail(ErrorCode::kLengthMismatch, fmt::format("the server broke off: {}", curl_easy_strerror(code)));
    }
    return Fail(ErrorCode::kUnavailable, fmt::format("{} does not answer: {}", base, curl_easy_strerror(code)));
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::Make(const std::string& server, const std::string& key) {
  if (!server.starts_with("http://") && !server.starts_with("https://")) {
    return Fail(ErrorCode::kUsage, "--server is an address such as http://127.0.0.1:8080");
  }
  if (key.find_first_of("\r\n") != std::string::npos) return Fail(ErrorCode::kUsage, "--key is one line");
  static const bool kReady = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  auto impl = std::make_unique<Impl>();
  impl->curl = kReady ? curl_easy_init() : nullptr;
  if (impl->curl == nullptr) return Fail(ErrorCode::kInternal, "libcurl does not start");
  impl->base = server;
  while (!impl->base.empty() && impl->base.back() == '/') impl->base.pop_back();
  impl->key = key;
  return HttpClient(std::move(impl));
}

Result<HttpReply> HttpClient::Send(const HttpRequest& request) { return impl_->Perform(request, nullptr); }
Result<HttpReply> HttpClient::Download(const HttpRequest& request, const Sink& sink) { return impl_->Perform(request, &sink); }

Error ErrorOf(const HttpReply& reply) {
  Error error{ErrorCode::kInternal, fmt::format("the server answered {}", reply.status), {}};
  boost::system::error_code broken;
  const auto document = boost::json::parse(reply.body, broken);
  if (broken || !document.is_object()) return error;
  const auto& problem = document.as_object();
  const auto text = [&problem](const char* name) -> std::string {
    const auto* member = problem.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
  };
  if (const auto* code = problem.if_contains("code"); code != nullptr && code->is_int64()) {
    for (const auto& entry : ErrorCatalogue()) {
      if (entry.number == code->as_int64()) error.code = entry.code;
    }
  }
  if (!text("detail").empty()) error.detail = text("detail");
  else if (!text("title").empty()) error.detail = text("title");
  error.place = text("place");
  if (!text("request_id").empty()) error.detail += fmt::format(" (request {})", text("request_id"));
  if (const auto retry = reply.headers.find("retry-after"); retry != reply.headers.end())
    error.retry_after_s = std::atoi(retry->second.c_str());
  return error;
}

std::string QueryEscape(std::string_view text) { return http::PercentEncode(text); }

}  // namespace sheaf::cli
