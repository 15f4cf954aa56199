#include "export/job_parts.h"

#include <fmt/format.h>
#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "export/encoder.h"
#include "export/pipeline.h"
#include "export/rows.h"
#include "export/spool_file.h"
#include "export/tickets.h"

namespace sheaf::exporting {
namespace {

constexpr std::size_t kCopyBytes = 1u << 20;
// What ends a JSON document: "],"count":…,"cursor":…}".
constexpr std::uint64_t kJsonEnd = 256;

//! Records alone: beginning and end are the part's.
class BodyEncoder final : public Encoder {
 public:
  explicit BodyEncoder(const Encoder& encoder) : encoder_(encoder) {}
  void Begin(std::string&) const override {}
  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const override {
    encoder_.Encode(batch, begin, end, first, out);
  }
  void End(std::string&, std::uint64_t) const override {}

 private:
  const Encoder& encoder_;
};

//! Cuts what the pipeline writes. A part waits in a file without a name until its size is known, which its entry begins with.
class PartSink final : public Sink {
 public:
  PartSink(const JobContext& context, const Plan& plan, const Encoder& encoder, Manifest& manifest, ZipWriter& zip)
      : context_(context), plan_(plan), encoder_(encoder), manifest_(manifest), zip_(zip), format_(plan.options.format) {}

  Status Write(std::string_view bytes) override { return WriteRows(bytes, 0); }

  Status WriteRows(std::string_view bytes, std::uint64_t rows) override {
    while (!bytes.empty()) {
      if (!open_) SHEAF_TRY(Begin());
      // The comma before the first record of a part belongs to the record before it.
      if (format_ == Format::kJson && rows_ == 0 && bytes.front() == ',') bytes.remove_prefix(1);
      if (Fits(bytes.size())) {
        rows_ += rows;
        return Append(bytes);
      }
      std::uint64_t count = 0;
      const std::size_t end = PrefixThatFits(bytes, count);
      SHEAF_TRY(Append(bytes.substr(0, end)));
      rows_ += count;
      rows -= std::min(rows, count);
      bytes.remove_prefix(end);
      if (!bytes.empty()) SHEAF_TRY(Close());
    }
    return {};
  }

  //! An export without rows has a part, too.
  Status Finish() {
    if (!open_ && number_ == 0) SHEAF_TRY(Begin());
    return open_ ? Close() : Status();
  }

 private:
  bool Fits(std::uint64_t bytes) const { return size_ + bytes + (format_ == Format::kJson ? kJsonEnd : 0) <= plan_.options.part_size; }

  //! As many records as fit; one at least where the part has none.
  std::size_t PrefixThatFits(std::string_view bytes, std::uint64_t& count) const {
    std::size_t end = 0;
    while (end < bytes.size()) {
      const std::size_t next = EndOfRecord(format_, bytes, end);
      const bool fits = Fits(next);
      if (!fits && rows_ + count > 0) break;
      end = next;
      ++count;
      if (!fits) break;
    }
    return end;
  }

  Status Begin() {
    if (++number_ > kMostParts) {
      return Fail(ErrorCode::kExportFailed,
                  "The export would have more than " + GroupedNumber(kMostParts) + " parts. Ask for larger ones.");
    }
    SHEAF_ASSIGN(spool_, SpoolFile::Create(context_.temporary));
    open_ = true;
    rows_ = size_ = 0;
    std::string header;
    encoder_.Begin(header);
    return Append(header);
  }

  Status Append(std::string_view bytes) {
    if (bytes.empty()) return {};
    size_ += bytes.size();
    return spool_.Append(bytes);
  }

  Status Close() {
    std::string end;
    encoder_.End(end, rows_);
    SHEAF_TRY(Append(end));
    const std::string name = fmt::format("{0}/{0}-{1:05}.{2}", plan_.dataset->id, number_, Name(format_));
    // The bytes stand as they are, so that the part is a range of the file.
    SHEAF_TRY(zip_.Begin({name, size_, false, manifest_.created_at}));
    const std::uint64_t offset = zip_.Offset();
    for (std::uint64_t at = 0; at < size_;) {
      if (context_.state.Cancelled()) return Fail(CancelledError());
      SHEAF_ASSIGN(const std::string bytes, spool_.ReadAt(at, kCopyBytes));
      if (bytes.empty()) return Fail(ErrorCode::kIo, "A part is shorter than what was written.");
      SHEAF_TRY(zip_.Write(bytes));
      at += bytes.size();
    }
    SHEAF_ASSIGN(auto written, zip_.End());
    FileEntry entry;
    entry.path = name;
    entry.part = number_;
    entry.offset = offset;
    entry.dataset = plan_.dataset->id;
    entry.format = format_;
    entry.rows = rows_;
    entry.bytes = written.bytes;
    entry.sha256 = std::move(written.sha256);
    manifest_.files.push_back(std::move(entry));
    open_ = false;
    spool_ = SpoolFile();
    return {};
  }

  const JobContext& context_;
  const Plan& plan_;
  const Encoder& encoder_;
  Manifest& manifest_;
  ZipWriter& zip_;
  const Format format_;
  SpoolFile spool_;
  bool open_ = false;
  std::size_t number_ = 0;
  std::uint64_t rows_ = 0, size_ = 0;  // of the open part
};

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Unit, 8> kUnits = {
    {{"", 1}, {"B", 1}, {"KB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}, {"KIB", 1u << 10}, {"MIB", 1u << 20}, {"GIB", 1u << 30}}};

}  // namespace

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number > kMostPartSize) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  if (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  std::transform(unit.begin(), unit.end(), unit.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  const auto found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& known) { return known.name == unit; });
  if (found == kUnits.end() || number > kMostPartSize / found->bytes) return std::nullopt;
  return number * found->bytes;
}

std::size_t EndOfRecord(Format format, std::string_view text, std::size_t begin) {
  if (format != Format::kCsv) {
    // A record of JSON stands on a line of its own, behind its comma; a line break inside one is always written as \n.
    const bool json = format == Format::kJson;
    const std::size_t skip = json ? text[begin] == ',' ? 2 : 1 : 0;
    const std::size_t end = json ? text.find(",\n", begin + skip) : text.find('\n', begin);
    if (end == std::string_view::npos) return text.size();
    return json ? end : end + 1;
  }
  bool quoted = false;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == '\n' && !quoted) return at + 1;
  }
  return text.size();
}

Status WriteParts(const JobContext& context, const ExportOptions& options, const PlannedDataset& planned, Manifest& manifest, Sink& sink) {
  SHEAF_ASSIGN(const auto zip, ZipWriter::Open([&sink](std::string_view bytes) { return sink.Write(bytes); }));
  const Plan& plan = planned.plan;
  vault::Select select = plan.select;
  const std::size_t time_place = ColumnPlace(select, model::ColumnKind::kTime);
  SHEAF_ASSIGN(auto cursor, ReadRows(context.study, plan, select));
  ObservedCursor observed(std::move(cursor), time_place);
  const auto encoder = MakeEncoder(plan);
  PartSink parts(context, plan, *encoder, manifest, *zip);
  SHEAF_TRY(RunPipeline(observed, BodyEncoder(*encoder), parts, context.state.progress));
  SHEAF_TRY(parts.Finish());
  SHEAF_TRY(CheckRows(*plan.dataset, planned.rows, observed.Seen().rows));
  std::uint64_t rows = 0;
  for (const auto& entry : manifest.files) rows += entry.rows.value_or(0);
  SHEAF_TRY(CheckRows(*plan.dataset, planned.rows, rows));
  manifest.datasets.push_back({plan.dataset, observed.Seen().rows, observed.Seen().first, observed.Seen().last});
  manifest.privacy = ExportPrivacyJson(options, {&plan});
  const std::string text = ManifestJson(manifest, nullptr);
  SHEAF_TRY(zip->Begin({"metadata.json", text.size(), true, manifest.created_at}));
  SHEAF_TRY(zip->Write(text));
  SHEAF_ASSIGN(auto written, zip->End());
  FileEntry entry;
  entry.path = "metadata.json";
  entry.bytes = written.bytes;
  entry.sha256 = std::move(written.sha256);
  manifest.files.push_back(std::move(entry));
  return zip->Finish();
}

std::optional<Part> FindPart(std::string_view manifest, std::uint64_t number) {
  boost::system::error_code broken;
  const auto document = boost::json::parse({manifest.data(), manifest.size()}, broken);
  if (broken || !document.is_object() || number == 0) return std::nullopt;
  const auto* files = document.get_object().if_contains("files");
  if (files == nullptr || !files->is_array()) return std::nullopt;
  for (const auto& file : files->get_array()) {
    const auto* part = file.is_object() ? file.get_object().if_contains("part") : nullptr;
    if (part == nullptr || part->to_number<std::uint64_t>(broken) != number || broken) continue;
    const auto& object = file.get_object();
    Part found;
    const std::string path(object.at("path").as_string());
    found.name = path.substr(path.rfind('/') + 1);
    found.offset = object.at("offset").to_number<std::uint64_t>();
    found.bytes = object.at("bytes").to_number<std::uint64_t>();
    found.sha256 = object.at("sha256").as_string();
    return found;
  }
  return std::nullopt;
}

}  // namespace sheaf::exporting
