#include "export/manifest.h"

#include <algorithm>
#include <boost/json.hpp>

#include "export/pretty_json.h"
#include "model/strict_json.h"

namespace sheaf::exporting {
namespace {
namespace json = boost::json;

json::value Time(const std::optional<Micros>& instant) {
  if (!instant) return nullptr;
  return json::value(FormatIsoUtc(*instant));
}

json::value Parsed(const std::string& text) {
  json::value value;
  return model::ParseDataJson(text, value) ? value : json::value(nullptr);
}

json::object Object(const DatasetEntry& entry) {
  const model::Dataset& dataset = *entry.dataset;
  return {{"id", dataset.id},
          {"name", dataset.name},
          {"kind", model::Name(dataset.kind)},
          {"mode", model::Name(dataset.mode)},
          {"definition_version", dataset.version},
          {"rows", entry.rows},
          {"first_time", Time(entry.first_time)},
          {"last_time", Time(entry.last_time)}};
}

//! As JSON; empty where the file does not say.
std::string_view CompletenessOf(const FileEntry& entry, const Manifest& manifest) {
  if (IsByPerson(manifest.layout) || !entry.rows) return entry.completeness;
  const auto found = manifest.completeness.find(entry.dataset);
  return found == manifest.completeness.end() ? std::string_view() : std::string_view(found->second);
}

json::object Object(const FileEntry& entry, const Manifest& manifest) {
  json::object file{{"path", entry.path}};
  if (!entry.dataset.empty()) {
    file["dataset"] = entry.dataset;
    if (!entry.extract.empty()) file["extract"] = entry.extract;
    if (IsByPerson(manifest.layout)) {
      file["session"] = entry.session ? json::value(*entry.session) : json::value(nullptr);
      file["participant"] = entry.participant ? json::value(*entry.participant) : json::value(nullptr);
    }
    file["format"] = Name(entry.format);
  }
  if (entry.rows) file["rows"] = *entry.rows;
  file["bytes"] = entry.bytes;
  if (entry.part > 0) {
    file["part"] = entry.part;
    file["offset"] = entry.offset;
  } else if (entry.rows) {
    file["first_time"] = Time(entry.first_time);
    file["last_time"] = Time(entry.last_time);
    if (const std::string_view text = CompletenessOf(entry, manifest); !text.empty()) file["completeness"] = Parsed(std::string(text));
  }
  file["sha256"] = entry.sha256;
  return file;
}

json::value OrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

json::object Object(const MediaEntry& entry) {
  const files::File& file = entry.file;
  json::object object{{"id", file.id},
                      {"kind", file.kind},
                      {"name", OrNull(file.name)},
                      {"media_type", file.media_type},
                      {"state", entry.fault.empty() ? "included" : entry.fault},
                      {"path", OrNull(entry.path)},
                      {"participant", OrNull(file.participant)},
                      {"session", OrNull(file.session)},
                      {"dataset", OrNull(file.dataset)},
                      {"record", OrNull(file.record)},
                      {"field", OrNull(file.field)},
                      {"started_at", Time(file.started_at)},
                      {"ended_at", Time(file.ended_at)}};
  object["duration_ms"] = file.duration_ms ? json::value(*file.duration_ms) : json::value(nullptr);
  object["bytes"] = file.size ? json::value(*file.size) : json::value(nullptr);
  object["sha256"] = OrNull(file.sha256);
  return object;
}

json::array Folders(const std::vector<FolderNames::Renamed>& changed) {
  json::array folders;
  for (const auto& renamed : changed) folders.push_back(json::object{{"id", renamed.id}, {"folder", renamed.folder}});
  return folders;
}
}  // namespace

std::string ManifestJson(const Manifest& manifest, const ExportFile* file) {
  json::object root{{"format", "sheaf-manifest"},     {"version", 1},
                    {"export", manifest.export_id},   {"study", json::object{{"id", manifest.study}, {"name", manifest.study_name}}},
                    {"created_by", manifest.account}, {"created_at", FormatIsoUtc(manifest.created_at)},
                    {"cursor", manifest.cursor},      {"request", Parsed(manifest.request)}};
  if (!manifest.privacy.empty()) root["privacy"] = Parsed(manifest.privacy);
  if (!manifest.quality.empty()) root["quality"] = Parsed(manifest.quality);
  if (file != nullptr) {
    root["file"] = json::object{{"name", file->name}, {"format", Name(file->format)}, {"bytes", file->bytes}, {"sha256", file->sha256}};
  }
  std::uint64_t rows = 0;
  json::array datasets, files;
  for (const auto& entry : manifest.datasets) {
    rows += entry.rows;
    datasets.push_back(Object(entry));
  }
  for (const auto& entry : manifest.files) files.push_back(Object(entry, manifest));
  root["rows"] = rows;
  root["datasets"] = std::move(datasets);
  root["files"] = std::move(files);
  if (manifest.media) {
    json::array media;
    for (const auto& entry : *manifest.media) media.push_back(Object(entry));
    root["media"] = std::move(media);
  }
  if (!manifest.rooms.empty()) {
    root["rooms"] = Parsed(manifest.rooms);
    root["warnings"] = json::value_from(manifest.warnings);
    const json::value about = Parsed(manifest.about);
    if (about.is_object()) root.insert(about.get_object().begin(), about.get_object().end());
  }
  if (IsByPerson(manifest.layout)) {
    root["folders"] =
        json::object{{"participants", Folders(manifest.participant_folders)}, {"sessions", Folders(manifest.session_folders)}};
  }
  return PrettyJson(model::CompactJson(root));
}

std::string_view QualityOfManifest(std::string_view manifest) {
  // A member of the root, and nothing else, begins a line with two spaces.
  constexpr std::string_view kBegin = "\n  \"quality\": ";
  const std::size_t begin = manifest.find(kBegin);
  if (begin == std::string_view::npos) return {};
  std::string_view value = manifest.substr(begin + kBegin.size());
  value = value.substr(0, std::min(value.find("\n  \""), value.find("\n}")));
  if (!value.empty() && value.back() == ',') value.remove_suffix(1);
  return value;
}

std::string_view MediaType(Format format) {
  switch (format) {
    case Format::kCsv: return "text/csv";
    case Format::kJson: return "application/json";
    case Format::kNdjson: return "application/x-ndjson";
    case Format::kParquet: return "application/vnd.apache.parquet";
    case Format::kAlida: return "application/json";
    case Format::kZip: return "application/zip";
  }
  return "application/octet-stream";
}

std::string CompactTime(Micros instant) {
  std::string compact;
  for (const char c : FormatIsoUtc(instant)) {
    if (c == '.') break;
    if (c != '-' && c != ':') compact += c;
  }
  return compact + "Z";
}

}  // namespace sheaf::exporting
