#pragma once
//! The HTTP/1.1 server. Knows nothing of studies; no header of the library behind it is seen outside this room.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace sheaf::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

//! The body of a request. Small bodies (Content-Length up to ServerLimits::small_body) are already in memory when the
//! handler is called; longer and chunked ones arrive while it reads.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  //! Blocks until bytes are there and returns them (valid until the next call); empty at the end. Errors: the client
  //! went away or was too slow (kLengthMismatch, kTimeout), or the body is over the route's limit (kPayloadTooLarge).
  virtual Result<std::span<const char>> Read() = 0;
  //! The whole body at once; kPayloadTooLarge over `limit`.
  Result<std::string> ReadAll(std::size_t limit);
};

struct Request {
  std::string method;                                                 //!< upper case
  std::string path;                                                   //!< percent-encoded as sent, without the query
  std::string query;                                                  //!< raw, without '?'
  Headers headers;                                                    //!< names in lower case, in order
  std::string peer;                                                   //!< the client's address
  std::string id;                                                     //!< of this request, in log and errors: "req_…"
  std::vector<std::pair<std::string, std::string>> path_parameters;   //!< decoded
  std::vector<std::pair<std::string, std::string>> query_parameters;  //!< decoded, in order
  std::unique_ptr<BodyReader> body;

  std::string_view Header(std::string_view lower_case_name) const;              //!< empty when absent
  std::string_view PathParameter(std::string_view name) const;                  //!< empty when absent
  std::optional<std::string_view> QueryParameter(std::string_view name) const;  //!< the first of that name
};

//! A response body made while it is sent. The connection calls Read again only after the piece before is written to
//! the socket, so a slow client slows the source and nothing piles up. `ready` is called exactly once per Read, from any
//! thread: a piece, an empty piece at the proper end, or an error, which breaks the connection without ending the body
//! properly (or, when Read gives it at once as the first piece, is answered as an error). Destroyed when the connection
//! is done with it, on a thread that may block and never during a Read; Cancel is called first if the client left early,
//! also while a Read is under way, which must still call `ready`. Read and Cancel run on an I/O thread: no blocking.
class BodySource {
 public:
  virtual ~BodySource() = default;
  using Ready = std::function<void(Result<std::string>)>;
  virtual void Read(Ready ready) = 0;
  virtual void Cancel() = 0;
};

//! Part of a file, or of anything else that can be read from any place.
struct FileBody {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  //! In the place of `path`, where it is set: 1 to `most` bytes from `offset` on. Runs on a thread that may block, one piece
  //! ahead of the client; an error breaks the response off.
  std::function<Result<std::string>(std::uint64_t offset, std::uint64_t most)> read = nullptr;
};

struct Response {
  int status = 200;
  Headers headers;                     //!< Content-Length, Transfer-Encoding, Date, Server and X-Request-Id are the server's
  std::string body;                    //!< one of the three
  std::unique_ptr<BodySource> source;  //!< sent chunked
  std::optional<FileBody> file;        //!< sent with Content-Length
};

//! Sends the response of one request. Copyable handle; the first call of Send counts, from any thread. If all handles
//! go without a Send, the client gets kInternal.
class Responder {
 public:
  class Impl;
  explicit Responder(std::shared_ptr<Impl> impl);
  void Send(Response response) const;
  const std::string& RequestId() const;

 private:
  std::shared_ptr<Impl> impl_;
};

//! Runs on a worker thread and may block for a while (the pool grows within limits). A handler that waits for a commit keeps the
//! Responder and returns. Exceptions are caught, logged and answered as kInternal.
using Handler = std::function<void(Request request, Responder responder)>;

//! Routes: "/api/v1/studies/{study}/records"; a part in braces matches one segment, "{rest*}" the rest of the path.
//! Literal segments win over braces. HEAD falls back to GET without its body; an unknown path or method goes to the
//! error handler with kNotFound or kMethodNotAllowed (the Allow header is set by the router).
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  struct Options {
    std::uint64_t max_body = 1u << 20;  //!< bytes; 0: no limit (a streaming route)
  };
  void Add(std::string_view method, std::string_view pattern, Handler handler, Options options);
  void Add(std::string_view method, std::string_view pattern, Handler handler) { Add(method, pattern, std::move(handler), Options{}); }

  struct Match {
    const Handler* handler = nullptr;  //!< null: no such route
    Options options;
    std::string pattern;  //!< of the route: what the log may say of an address
    std::vector<std::pair<std::string, std::string>> path_parameters;
    std::vector<std::string> allowed;  //!< methods of the path, when the path is known
  };
  Match Find(std::string_view method, std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

//! Renders an Error (of the router, the parser, or an exception) in the shape that fits the path.
using ErrorRenderer = std::function<Response(const Error& error, std::string_view path, std::string_view request_id)>;

struct ServerLimits {
  std::size_t header_bytes = 32u << 10;
  std::size_t small_body = 1u << 20;
  int header_timeout_s = 30;  //!< to receive the headers; also how long an idle connection is kept × 2
  int body_timeout_s = 60;    //!< without any byte of the body arriving
  int write_timeout_s = 600;  //!< without any byte being taken by the client
  int max_connections = 4096;
  int io_threads = 2;
  int worker_threads = 16;  //!< handlers with the body in memory
  int upload_threads = 32;  //!< handlers that read a body while it arrives
};

class Server {
 public:
  struct Options {
    std::string listen = "127.0.0.1:8080";  //!< HOST:PORT; port 0 takes a free one
    ServerLimits limits;
    ErrorRenderer render_error;
  };
  //! Binds and starts serving. kIo when the address is taken (detail says so), kUsage when it cannot be read.
  static Result<std::unique_ptr<Server>> Start(Options options, Router router);
  ~Server();
  std::uint16_t Port() const;
  std::string Address() const;  //!< "127.0.0.1:8080" as bound
  //! Takes no more connections, lets running requests finish for up to `grace_s`, then breaks what is left. Returns
  //! when every handler has returned; not to be called by one.
  void Stop(int grace_s);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

//! "%41" → "A"; nullopt for a broken escape. `plus_is_space` for query values.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
std::string PercentEncode(std::string_view text);

}  // namespace sheaf::http
