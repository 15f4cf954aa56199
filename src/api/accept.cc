#include "api/accept.h"

#include <cstdlib>
#include <string>

namespace sheaf::api {
namespace {

std::string Lower(std::string_view text) {
  std::string lower;
  for (const char c : text) {
    if (c != ' ' && c != '\t') lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}

//! 0 of "q=0", "q=0.0"; 1 when there is none.
double QualityOf(const std::string& parameters) {
  const std::size_t place = parameters.find(";q=");
  return place == std::string::npos ? 1 : std::strtod(parameters.c_str() + place + 3, nullptr);
}

}  // namespace

bool Accepts(std::string_view accept, std::string_view media_type) {
  const std::string type = Lower(media_type), family = type.substr(0, type.find('/')) + "/*";
  // The most particular range decides.
  double of_type = -1, of_family = -1, of_all = -1;
  bool any = false;
  while (!accept.empty()) {
    const std::size_t end = accept.find(',');
    const std::string range = Lower(accept.substr(0, end));
    accept = end == std::string_view::npos ? std::string_view() : accept.substr(end + 1);
    const std::string name = range.substr(0, range.find(';'));
    if (name.empty()) continue;
    any = true;
    const double quality = QualityOf(range);
    if (name == type) of_type = quality;
    else if (name == family) of_family = quality;
    else if (name == "*/*") of_all = quality;
  }
  if (!any) return true;
  if (of_type >= 0) return of_type > 0;
  if (of_family >= 0) return of_family > 0;
  return of_all > 0;
}

}  // namespace sheaf::api
