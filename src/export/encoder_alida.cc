// Alida's file. Whatever is the same in every record (keys, GUIDs of fields and options) is rendered beforehand into blocks
// of 64 bytes, so that a cell is two copies of a fixed size.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/guid.h"
#include "export/alida.h"
#include "export/encoder_formats.h"
#include "export/id_table.h"
#include "export/json_text.h"
#include "export/number_text.h"
#include "export/output_text.h"
#include "export/time_text.h"
#include "privacy/guids.h"

namespace sheaf::exporting {
namespace {

using model::FieldType;

//! Up to 64 bytes, copied as a whole.
struct Block {
  static constexpr std::size_t kSize = 64;
  Block() = default;
  explicit Block(const std::string& from) : size(std::min(from.size(), kSize)) { std::memcpy(text, from.data(), size); }
  char* Put(char* at, std::size_t skip = 0) const {
    std::memcpy(at, text + skip, kSize - 1);
    return at + size - skip;
  }
  std::size_t size = 0;
  char text[kSize] = {};
};

struct Member {
  FieldType type = FieldType::kString;
  std::size_t source = 0;
  std::size_t field = 0;       // its number in the dataset
  Block open;                  // ,{"id":"…","values":[
  Block skipped;               // ,{"id":"…","values":null}
  std::vector<Block> options;  // "…"
};

class AlidaEncoder final : public Encoder {
 public:
  explicit AlidaEncoder(const Plan& plan);

  void Begin(std::string& out) const override { out += AlidaHead(plan_, id_); }
  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const override;
  void End(std::string& out, std::uint64_t) const override { out += "\n]}\n"; }

 private:
  struct Run;

  Member Compile(const OutputColumn& output, const AlidaGuids& guids) const;
  char* PutOwner(std::int32_t number, char* at) const;
  char* PutTime(const model::ColumnBatch& batch, std::size_t row, Run& run, char* at) const;
  char* PutFields(const model::ColumnBatch& batch, std::size_t row, Run& run, char* at) const;
  char* PutValue(const Member& member, const model::ColumnView& view, std::size_t row, Run& run, char* at) const;
  char* PutSet(const Member& member, const model::ColumnView& view, std::size_t row, Run& run, char* at) const;
  static char* PutIdentifier(std::string_view text, Run& run, char* at);
  std::string OwnerId(std::string_view id) const { return privacy::Guid(plan_.alida->key, privacy::GuidKind::kParticipant, {}, id); }

  const Plan& plan_;
  const std::string id_;
  GuidTable owners_;
  std::vector<Member> members_;
  std::size_t participant_ = 0, time_ = 0, updated_ = 0;
};

struct AlidaEncoder::Run {
  explicit Run(std::string& out, std::size_t fields) : buffer(out), skipped(fields, 0) {}
  EncodeBuffer buffer;
  TimeText times{nullptr};
  std::vector<char> skipped;  // by field number, for the row at hand
  std::vector<std::int32_t> chosen;
};

AlidaEncoder::AlidaEncoder(const Plan& plan)
    : plan_(plan),
      id_(plan.alida->id.empty() ? NewGuid() : plan.alida->id),
      owners_(
          plan.people->ParticipantLimit(), [people = plan.people](std::int32_t number) { return people->ParticipantId(number); },
          [this](std::string_view id) { return OwnerId(id); }) {
  const AlidaGuids guids(plan.alida->key, *plan.dataset);
  for (const OutputColumn& output : plan.output) {
    if (output.field != nullptr) members_.push_back(Compile(output, guids));
    else if (output.column.kind == model::ColumnKind::kParticipant) participant_ = output.source;
    else if (output.column.kind == model::ColumnKind::kTime) time_ = output.source;
    else if (output.column.kind == model::ColumnKind::kUpdated) updated_ = output.source;
  }
}

Member AlidaEncoder::Compile(const OutputColumn& output, const AlidaGuids& guids) const {
  Member member;
  member.type = output.type;
  member.source = output.source;
  member.field = static_cast<std::size_t>(output.column.field);
  const std::string key = ",{\"id\":\"" + guids.OfField(*output.field) + "\",\"values\":";
  member.open = Block(key + "[");
  member.skipped = Block(key + "null}");
  const auto add = [&](std::string_view option) { member.options.emplace_back("\"" + guids.OfOption(*output.field, option) + "\""); };
  if (output.type == FieldType::kBoolean) {
    add("false");
    add("true");
  }
  for (const model::Option& option : output.field->options) add(option.id);
  return member;
}

void AlidaEncoder::Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const {
  static const Block kOwner("{\"ownerId\":\"");
  Run run(out, plan_.dataset->fields.size());
  char* at = run.buffer.Begin();
  for (std::size_t row = begin; row < end; ++row) {
    at = run.buffer.Room(at);
    if (!first) *at++ = ',';
    *at++ = '\n';
    first = false;
    at = kOwner.Put(at);
    at = PutOwner(batch.columns[participant_].At<std::int32_t>(row), at);
    at = PutTime(batch, row, run, at);
    at = PutFields(batch, row, run, at);
  }
  run.buffer.Finish(at);
}

inline char* AlidaEncoder::PutOwner(std::int32_t number, char* at) const {
  if (char* const end = owners_.Put(number, at); end != nullptr) [[likely]]
    return end;
  const std::string id = OwnerId(owners_.Id(number));
  return std::copy(id.begin(), id.end(), at);
}

inline char* AlidaEncoder::PutTime(const model::ColumnBatch& batch, std::size_t row, Run& run, char* at) const {
  static const Block kKey("\",\"lastUpdateDate\":\""), kFields("\",\"fields\":[");
  const model::ColumnView& time = batch.columns[time_];
  const model::ColumnView& best = time.IsNull(row) ? batch.columns[updated_] : time;
  at = run.times.Write(ToMilliseconds(best.At<std::int64_t>(row)), kKey.Put(at));
  return kFields.Put(at);
}

inline char* AlidaEncoder::PutFields(const model::ColumnBatch& batch, std::size_t row, Run& run, char* at) const {
  const SkippedFields skipped(batch.columns[plan_.skipped_source], row);
  const auto mark = [&](char value) {
    for (std::size_t place = 0; place < skipped.Size(); ++place) {
      if (skipped[place] < run.skipped.size()) run.skipped[skipped[place]] = value;
    }
  };
  mark(1);
  std::size_t comma = 1;  // left out before the first
  for (const Member& member : members_) {
    at = run.buffer.Room(at);
    const model::ColumnView& view = batch.columns[member.source];
    if (view.IsNull(row)) {
      if (run.skipped[member.field] == 0) continue;
      at = member.skipped.Put(at, comma);
    } else {
      char* const value = PutValue(member, view, row, run, member.open.Put(at, comma));
      if (value == nullptr) continue;
      at = run.buffer.Room(value);
      std::memcpy(at, "]}", 2);
      at += 2;
    }
    comma = 0;
  }
  mark(0);
  at = run.buffer.Room(at);
  std::memcpy(at, "]}", 2);
  return at + 2;
}

// nullptr: the cell has nothing to write; what stands at the place it was given is written over.
inline char* AlidaEncoder::PutValue(const Member& member, const model::ColumnView& view, std::size_t row, Run& run, char* at) const {
  switch (member.type) {
    case FieldType::kInteger: return WriteInteger(view.At<std::int64_t>(row), at);
    case FieldType::kDouble: {
      const double number = view.At<double>(row);
      return std::isfinite(number) ? WriteDouble(number, '.', at) : nullptr;
    }
    case FieldType::kDatetime:
      *at++ = '"';
      at = run.times.Write(ToMilliseconds(view.At<std::int64_t>(row)), at);
      *at++ = '"';
      return at;
    case FieldType::kBoolean: return member.options[view.At<bool>(row) ? 1 : 0].Put(at);
    case FieldType::kEnum: {
      const auto number = static_cast<std::uint32_t>(view.At<std::int32_t>(row));
      return number < member.options.size() ? member.options[number].Put(at) : nullptr;
    }
    case FieldType::kSet: return PutSet(member, view, row, run, at);
    case FieldType::kIdentifier: return PutIdentifier(view.At<model::StringCell>(row).View(), run, at);
    case FieldType::kString: return PutJsonCell(view.At<model::StringCell>(row), run.buffer, at);
    case FieldType::kJson: return PutJsonText(view.At<model::StringCell>(row).View(), run.buffer, at);
  }
  return nullptr;
}

char* AlidaEncoder::PutIdentifier(std::string_view text, Run& run, char* at) {
  const auto guid = text.size() == 36 ? ReadGuid(text) : std::nullopt;
  return PutJsonText(guid ? std::string_view(*guid) : text, run.buffer, at);
}

//! In the order of the options, each once.
char* AlidaEncoder::PutSet(const Member& member, const model::ColumnView& view, std::size_t row, Run& run, char* at) const {
  const auto& ticked = view.At<model::ListCell>(row);
  const std::int32_t* const begin = view.child + ticked.offset;
  const std::int32_t* chosen = begin;
  std::size_t size = ticked.length;
  if (std::adjacent_find(begin, begin + size, [](std::int32_t left, std::int32_t right) { return left >= right; }) != begin + size) {
    run.chosen.assign(begin, begin + size);
    std::sort(run.chosen.begin(), run.chosen.end());
    run.chosen.erase(std::unique(run.chosen.begin(), run.chosen.end()), run.chosen.end());
    chosen = run.chosen.data();
    size = run.chosen.size();
  }
  bool first = true;
  for (std::size_t place = 0; place < size; ++place) {
    const auto number = static_cast<std::uint32_t>(chosen[place]);
    if (number >= member.options.size()) continue;
    at = run.buffer.Room(at);
    if (!first) *at++ = ',';
    first = false;
    at = member.options[number].Put(at);
  }
  return at;
}

}  // namespace

std::unique_ptr<Encoder> MakeAlidaEncoder(const Plan& plan) { return std::make_unique<AlidaEncoder>(plan); }

}  // namespace sheaf::exporting
