#include "api/hyperstudy/translate.h"

#include <boost/json.hpp>
#include <cmath>

#include "api/hyperstudy/envelope.h"
#include "base/ids.h"
#include "model/strict_json.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

// Whole numbers beyond it are not all doubles.
constexpr std::int64_t kExact = std::int64_t{1} << 53;

//! A number that comes out of a field of doubles as it went in.
bool IsExact(const json::value& value) {
  if (value.is_double()) return std::isfinite(value.as_double());
  if (value.is_int64()) return value.as_int64() <= kExact && value.as_int64() >= -kExact;
  return value.is_uint64() && value.as_uint64() <= static_cast<std::uint64_t>(kExact);
}

bool Fits(const json::value& value, const model::Field& field) {
  using model::FieldType;
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kIdentifier: return value.is_string();
    case FieldType::kInteger: return value.is_int64();
    case FieldType::kDouble: return IsExact(value);
    case FieldType::kBoolean: return value.is_bool();
    case FieldType::kDatetime: return value.is_string() && ParseIsoTime(value.as_string()).has_value();
    case FieldType::kEnum: return value.is_string() && field.OptionNumber(value.as_string()) >= 0;
    case FieldType::kJson: return !value.is_null();
    case FieldType::kSet: break;
  }
  return false;
}

class Translation {
 public:
  Translation(const RecordType& type, const model::Dataset& dataset, const StartOfRoom& start_of_room)
      : type_(type), dataset_(dataset), start_of_room_(start_of_room) {}

  Result<std::string> Run(const json::object& record, RecordHead* head) {
    for (const auto& member : record) SHEAF_TRY(Take(member.key(), member.value()));
    if (participant_.empty()) participant_ = kNobody;
    out_["participant"] = participant_;
    if (!session_.empty()) out_["session"] = session_;
    if (time_) out_["time"] = FormatIsoUtc(*time_);
    AddOnset();
    if (!extra_.empty()) values_[kExtraField] = std::move(extra_);
    if (head != nullptr) {
      const json::value* const event = record.if_contains("eventType");
      *head = {participant_, session_, event != nullptr && event->is_string() ? std::string(event->as_string()) : std::string(), time_};
    }
    out_["values"] = std::move(values_);
    return model::CompactJson(out_) + "\n";
  }

 private:
  Status Take(std::string_view name, const json::value& value) {
    const Key* const key = type_.FindKey(name);
    switch (key == nullptr ? Source::kField : key->source) {
      case Source::kStudy:
      case Source::kMedia: return {};
      case Source::kRecordId: return TakeId(name, value);
      case Source::kSession: return TakeText(name, value, session_);
      case Source::kParticipant: return TakeText(name, value, participant_);
      case Source::kTime: TakeTime(name, value); return {};
      case Source::kOnset: TakeOnset(name, value); return {};
      case Source::kField: TakeField(name, value, key); return {};
    }
    return {};
  }

  static tl::unexpected<Error> NoId(std::string_view name) {
    return Fail(ErrorCode::kBadMember, std::string(name) + " is an id: text of 1 to 255 bytes.", "/" + std::string(name));
  }

  Status TakeId(std::string_view name, const json::value& value) {
    if (value.is_null()) return {};
    std::string id = value.is_string() ? std::string(value.as_string()) : model::CompactJson(value);
    if (value.is_structured() || !IsRecordId(id)) return NoId(name);
    out_["id"] = std::move(id);
    return {};
  }

  static Status TakeText(std::string_view name, const json::value& value, std::string& text) {
    if (value.is_null()) return {};
    std::string id = value.is_string() ? std::string(value.as_string()) : model::CompactJson(value);
    if (id.empty()) return {};
    if (value.is_structured() || !IsRecordId(id)) return NoId(name);
    // Two names of one thing that differ are two things, and only one can be kept.
    if (!text.empty() && text != id)
      return Fail(ErrorCode::kBadMember, std::string(name) + " differs from another id of the same.", "/" + std::string(name));
    text = std::move(id);
    return {};
  }

  void TakeTime(std::string_view name, const json::value& value) {
    if (value.is_null()) return;
    if (value.is_string()) {
      if (const auto time = ParseIsoTime(value.as_string())) time_ = time->instant;
    } else if (value.is_int64() && value.as_int64() > kMinMicros / 1000 && value.as_int64() < kMaxMicros / 1000) {
      time_ = value.as_int64() * 1000;  // milliseconds since 1970
      return;
    }
    if (!time_) extra_[name] = value;
  }

  void TakeOnset(std::string_view name, const json::value& value) {
    if (value.is_null()) return;
    if (!IsExact(value)) {
      extra_[name] = value;
      return;
    }
    out_["onset_ms"] = value;
    has_onset_ = true;
  }

  void TakeField(std::string_view name, const json::value& value, const Key* key) {
    if (key != nullptr && value.is_null()) {
      if (key->keeps_null && dataset_.FieldNumber(name) >= 0) values_[name] = nullptr;
      return;
    }
    const int number = name == kExtraField ? -1 : dataset_.FieldNumber(name);
    const bool fits = number >= 0 && Fits(value, dataset_.fields[static_cast<std::size_t>(number)]);
    if (fits) values_[name] = value;
    else extra_[name] = value;
  }

  void AddOnset() {
    if (has_onset_ || extra_.if_contains("onset") != nullptr || !time_ || session_.empty() || !start_of_room_) return;
    // Of the times as they are shown: whole milliseconds.
    if (const auto start = start_of_room_(session_)) out_["onset_ms"] = (FloorMillis(*time_) - FloorMillis(*start)) / 1000;
  }

  const RecordType& type_;
  const model::Dataset& dataset_;
  const StartOfRoom& start_of_room_;
  json::object out_, values_, extra_;
  std::string participant_, session_;
  std::optional<Micros> time_;
  bool has_onset_ = false;
};

}  // namespace

Result<std::string> TranslateRecord(const json::object& record, const RecordType& type, const model::Dataset& dataset,
                                    const StartOfRoom& start_of_room, RecordHead* head) {
  return Translation(type, dataset, start_of_room).Run(record, head);
}

}  // namespace sheaf::api::hyperstudy
