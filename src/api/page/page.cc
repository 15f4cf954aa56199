#include "api/page/page.h"

#include <array>
#include <memory>
#include <stdexcept>

#include "api/page/pack.h"

namespace sheaf::api::page {
namespace {

//! Where the page's own router takes over; web/src/app/routes.tsx has a view for each.
constexpr std::array kViews = {"/", "/sign-in", "/studies", "/studies/{rest*}", "/keys", "/account", "/server", "/server/{rest*}", "/me"};
constexpr std::uint64_t kNoBody = 1u << 16;

//! Scripts, fonts, connections: of this server or not at all. Styles may be inline, because the components size themselves
//! that way; scripts never.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

//! Whether Accept-Encoding takes `coding`: named, and not with q=0.
bool Takes(std::string_view accept, std::string_view coding) {
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string_view item = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    if (!item.starts_with(coding)) continue;
    const std::string_view weight = item.substr(coding.size());
    if (weight.empty()) return true;
    if (weight.front() != ';' && weight.front() != ' ') continue;
    const std::size_t q = weight.find("q=");
    return q == std::string_view::npos || weight.substr(q + 2).find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

http::Headers HeadersOf(const File& file) {
  const bool hashed = file.path.starts_with("/assets/");
  http::Headers headers = {{"Content-Type", file.type},
                           {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                           {"ETag", '"' + file.etag + '"'},
                           {"Vary", "Accept-Encoding"},
                           {"X-Content-Type-Options", "nosniff"},
                           {"Referrer-Policy", "no-referrer"},
                           {"Cross-Origin-Opener-Policy", "same-origin"},
                           {"Cross-Origin-Resource-Policy", "same-origin"}};
  if (!file.type.starts_with("text/html")) return headers;
  headers.emplace_back("Content-Security-Policy", kPolicy);
  headers.emplace_back("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()");
  return headers;
}

http::Response Answer(const File& file, const http::Request& request) {
  http::Response response;
  response.headers = HeadersOf(file);
  if (request.Header("if-none-match").find('"' + file.etag + '"') != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  const std::string_view accept = request.Header("accept-encoding");
  const bool brotli = !file.brotli.empty() && Takes(accept, "br");
  const bool gzip = !brotli && !file.gzip.empty() && Takes(accept, "gzip");
  if (brotli || gzip) response.headers.emplace_back("Content-Encoding", brotli ? "br" : "gzip");
  response.body = brotli ? file.brotli : gzip ? file.gzip : file.plain;
  return response;
}

void Serve(http::Router& router, std::string_view pattern, const std::shared_ptr<const File>& file) {
  auto handle = [file](const http::Request& request, const http::Responder& responder) { responder.Send(Answer(*file, request)); };
  router.Add("GET", pattern, std::move(handle), http::Router::Options{kNoBody});
}

}  // namespace

void AddRoutes(http::Router& router) {
  auto files = ReadPack(BuiltInPack());
  if (!files) throw std::logic_error(files.error().detail);
  std::shared_ptr<const File> index;
  for (File& file : *files) {
    auto shared = std::make_shared<const File>(std::move(file));
    if (shared->path == "/index.html") index = shared;
    else Serve(router, shared->path, shared);
  }
  if (!index) throw std::logic_error("the page's pack has no index.html");
  for (const char* view : kViews) Serve(router, view, index);
}

}  // namespace sheaf::api::page
