#include <algorithm>

#include "http/server.h"

namespace sheaf::http {
namespace {

template <class Pairs>
const std::string* FindFirst(const Pairs& pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
  return found == pairs.end() ? nullptr : &found->second;
}

}  // namespace

std::string_view Request::Header(std::string_view lower_case_name) const {
  const std::string* value = FindFirst(headers, lower_case_name);
  return value ? std::string_view(*value) : std::string_view();
}

std::string_view Request::PathParameter(std::string_view name) const {
  const std::string* value = FindFirst(path_parameters, name);
  return value ? std::string_view(*value) : std::string_view();
}

std::optional<std::string_view> Request::QueryParameter(std::string_view name) const {
  const std::string* value = FindFirst(query_parameters, name);
  if (!value) return std::nullopt;
  return *value;
}

}  // namespace sheaf::http
