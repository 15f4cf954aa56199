#include "api/native/client_address.h"

#include "access/limits.h"

namespace sheaf::api::native {

std::string ClientAddress(const http::Request& request, bool trust_proxy) {
  if (!trust_proxy) return request.peer;
  std::string_view last;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-forwarded-for") last = value;
  }
  const std::size_t comma = last.rfind(',');
  if (comma != std::string_view::npos) last.remove_prefix(comma + 1);
  while (!last.empty() && (last.front() == ' ' || last.front() == '\t')) last.remove_prefix(1);
  while (!last.empty() && (last.back() == ' ' || last.back() == '\t')) last.remove_suffix(1);
  return access::IsAddress(last) ? std::string(last) : request.peer;
}

}  // namespace sheaf::api::native
