#pragma once
//! What client commands say to a server. One thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheaf::cli {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  //!< names in lower case
  std::string body;
};

struct HttpRequest {
  std::string method = "GET";
  std::string path;  //!< "/api/v1/…", percent-encoded, with its query
  std::string body;
  std::string content_type;
  std::vector<std::string> headers;  //!< "Name: value"
};

class HttpClient {
 public:
  //! `server`: "http://127.0.0.1:8080", with or without a slash at the end. kUsage when it is no http(s) address.
  static Result<HttpClient> Make(const std::string& server, const std::string& key);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  //! Any status is a reply; an error means that there was none (kUnavailable, with what went wrong).
  Result<HttpReply> Send(const HttpRequest& request);
  //! Hands the body of a 2xx reply to `sink` as it comes; of others it is in the reply. kLengthMismatch when the
  //! connection broke before the end: what came is not complete.
  using Sink = std::function<Status(std::string_view bytes)>;
  Result<HttpReply> Download(const HttpRequest& request, const Sink& sink);

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

//! The error a problem document tells of: its code, detail, place and the request's id.
Error ErrorOf(const HttpReply& reply);
//! For the query of a path.
std::string QueryEscape(std::string_view text);

}  // namespace sheaf::cli
