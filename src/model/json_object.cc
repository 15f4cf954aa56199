#include "model/json_object.h"

namespace sheaf::model {

namespace json = boost::json;

const json::value* ObjectReader::Take(std::string_view member) {
  const json::value* value = object_.if_contains(json::string_view(member.data(), member.size()));
  if (value != nullptr) ++taken_;
  known_.push_back(member);
  return value;
}

Status ObjectReader::Text(std::string_view member, std::string& text) {
  const json::value* value = Take(member);
  if (value == nullptr) return {};
  if (!value->is_string()) return Wrong(member, "a string");
  const std::string_view view(value->get_string().data(), value->get_string().size());
  if (view.size() > kMaxTextBytes) {
    return Fail(ErrorCode::kBadMember, "the text has more than " + std::to_string(kMaxTextBytes) + " bytes", PlaceOf(member));
  }
  if (view.find('\0') != std::string_view::npos) {
    return Fail(ErrorCode::kBadMember, "the text contains a NUL character", PlaceOf(member));
  }
  text = view;
  return {};
}

Status ObjectReader::Flag(std::string_view member, bool& flag) {
  const json::value* value = Take(member);
  if (value == nullptr) return {};
  if (!value->is_bool()) return Wrong(member, "true or false");
  flag = value->get_bool();
  return {};
}

Status ObjectReader::Number(std::string_view member, std::optional<double>& number) {
  const json::value* value = Take(member);
  if (value == nullptr) return {};
  if (!value->is_number()) return Wrong(member, "a number");
  number = value->to_number<double>();
  return {};
}

Status ObjectReader::Integer(std::string_view member, std::int64_t& number, std::int64_t least, std::int64_t most) {
  const json::value* value = Take(member);
  if (value == nullptr) return {};
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
    return Wrong(member, "a whole number of " + std::to_string(least) + " to " + std::to_string(most));
  }
  number = value->get_int64();
  return {};
}

Status ObjectReader::Object(std::string_view member, std::string& text, std::size_t bytes) {
  const json::value* value = Take(member);
  if (value == nullptr) return {};
  if (!value->is_object()) return Wrong(member, "an object");
  text.clear();
  if (value->get_object().empty()) return {};
  AppendJson(text, *value);
  if (text.size() > bytes) {
    return Fail(ErrorCode::kBadDefinition, "the object has more than " + std::to_string(bytes) + " bytes", PlaceOf(member));
  }
  return {};
}

Status ObjectReader::List(std::string_view member, const json::array*& list, std::size_t limit) {
  const json::value* value = Take(member);
  if (value == nullptr) return {};
  if (!value->is_array()) return Wrong(member, "an array");
  list = &value->get_array();
  if (list->size() > limit) {
    return Fail(ErrorCode::kBadDefinition, "there are more than " + std::to_string(limit) + " elements", PlaceOf(member));
  }
  return {};
}

Status ObjectReader::NothingElse() const {
  if (taken_ == object_.size()) return {};
  for (const auto& entry : object_) {
    const std::string_view name(entry.key().data(), entry.key().size());
    bool known = false;
    for (const std::string_view candidate : known_) known = known || candidate == name;
    if (!known) return Fail(ErrorCode::kUnknownMember, "there is no such member", PlaceOf(name));
  }
  return {};
}

Status ObjectReader::Wrong(std::string_view member, std::string_view wanted) const {
  return Fail(ErrorCode::kBadMember, "'" + std::string(member) + "' must be " + std::string(wanted), PlaceOf(member));
}

}  // namespace sheaf::model
