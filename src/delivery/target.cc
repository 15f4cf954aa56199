#include "delivery/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/json.hpp>
#include <boost/url.hpp>

#include <algorithm>
#include <cstring>

#include "base/ids.h"
#include "model/strict_json.h"

namespace sheaf::delivery {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostUrlBytes = 2000;
constexpr std::size_t kMostPathBytes = 500;
constexpr model::JsonLimits kLimits{16u << 10, 8};

tl::unexpected<Error> Bad(const std::string& place, std::string detail) { return Fail(ErrorCode::kBadMember, std::move(detail), place); }

//! Segments that neither leave the root nor hide.
bool IsPath(std::string_view path) {
  if (path.empty() || path.size() > kMostPathBytes || path.front() == '/' || path.back() == '/') return false;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool plain =
        !segment.empty() && segment.front() != '.' && segment.size() <= 100 && IsUtf8(segment) &&
        std::none_of(segment.begin(), segment.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (!plain) return false;
    path.remove_prefix(end == path.size() ? end : end + 1);
  }
  return true;
}

//! A host that is written as an address: true when nobody may connect to it.
bool IsForbiddenAddress(const std::string& host, const AddressRules& rules) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) return !rules.Allows(reinterpret_cast<const sockaddr&>(four), host);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) return !rules.Allows(reinterpret_cast<const sockaddr&>(six), host);
  return false;
}

std::string PlainHost(const boost::urls::url_view& url) {
  std::string host = url.host();
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

Status CheckUrl(const std::string& text, const AddressRules& rules, const std::string& place) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || text.size() > kMostUrlBytes) return Bad(place, "It is no address such as https://hooks.example.org/sheaf.");
  const bool plain = url->scheme_id() == boost::urls::scheme::http;
  if (!plain && url->scheme_id() != boost::urls::scheme::https) return Bad(place, "It must begin with https://.");
  if (url->host().empty()) return Bad(place, "It names no host.");
  if (url->has_userinfo()) return Bad(place, "It may hold no name or password: what is sent is signed.");
  if (url->has_fragment()) return Bad(place, "It may have no fragment.");
  const std::string host = PlainHost(*url);
  if (plain && !rules.Trusts(host)) return Bad(place, "It must begin with https://, unless the administrator allows the host.");
  if (IsForbiddenAddress(host, rules)) return Bad(place, "Addresses of private networks are allowed by the administrator only.");
  return {};
}

}  // namespace

Result<Target> ParseTarget(std::string_view text, const std::string& pointer) {
  json::value document;
  SHEAF_TRY(model::ParseStrictJson(text, kLimits, document));
  if (!document.is_object()) return Bad(pointer, "It must be an object.");
  Target target;
  std::string kind;
  for (const auto& [name, value] : document.get_object()) {
    const std::string place = model::PointerTo(pointer, name);
    std::string* member = name == "kind" ? &kind : name == "path" ? &target.path : name == "url" ? &target.url : nullptr;
    if (member == nullptr) return Fail(ErrorCode::kUnknownMember, "A delivery has \"kind\", and \"path\" or \"url\".", place);
    if (!value.is_string()) return Bad(place, "It must be a string.");
    *member = value.get_string();
  }
  if (kind == "directory") target.kind = Kind::kDirectory;
  else if (kind == "webhook") target.kind = Kind::kWebhook;
  else if (kind != "none") return Bad(pointer + "/kind", "It must be one of none, directory, webhook.");
  if (target.kind != Kind::kDirectory && !target.path.empty()) return Bad(pointer + "/path", "Only a directory has a path.");
  if (target.kind != Kind::kWebhook && !target.url.empty()) return Bad(pointer + "/url", "Only a webhook has a url.");
  return target;
}

std::string TargetJson(const Target& target) {
  json::object object;
  object["kind"] = target.kind == Kind::kNone ? "none" : target.kind == Kind::kDirectory ? "directory" : "webhook";
  if (target.kind == Kind::kDirectory) object["path"] = target.path;
  if (target.kind == Kind::kWebhook) object["url"] = target.url;
  return json::serialize(object);
}

Status CheckTarget(const Target& target, const AddressRules& rules, const std::string& root, const std::string& pointer) {
  if (target.kind == Kind::kWebhook) return CheckUrl(target.url, rules, pointer + "/url");
  if (target.kind == Kind::kNone) return {};
  if (root.empty()) return Bad(pointer + "/kind", "This server delivers to no directories: the administrator sets --delivery-root.");
  if (!IsPath(target.path)) return Bad(pointer + "/path", "It must be a path below the server's directory, such as lab/sleep.");
  return {};
}

std::string HostOf(const std::string& text) {
  const auto url = boost::urls::parse_uri(text);
  return url ? PlainHost(*url) : std::string();
}

}  // namespace sheaf::delivery
