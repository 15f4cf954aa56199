#include "api/hyperstudy/recordings.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "api/hyperstudy/table.h"
#include "api/json_text.h"
#include "base/ids.h"
#include "export/rows.h"
#include "files/files.h"
#include "privacy/files_seen.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

// An address is good for a download that begins within it.
constexpr Micros kLoan = Micros{3600} * 1'000'000;
constexpr std::uint64_t kFilesPage = 1000;

bool IsHost(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == ':' || c == '-' || c == '[' || c == ']' || c == '_';
  });
}

//! `path` as a client can call it from anywhere: an address with its server.
std::string AbsoluteAddress(const native::Call& call, const std::string& path) {
  const std::string address = call.Address(path);
  const std::string_view host = call.request.Header("host");
  return address != path || !IsHost(host) ? address : "http://" + std::string(host) + path;
}

Result<privacy::FilesSeen> SeenBy(const native::Call& call, const Target& target) {
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(target.access));
  return privacy::FilesSeen::Make(*target.vault, reader);
}

//! The complete file of a recording; nullopt when there is none that the viewer sees.
Result<std::optional<files::File>> FileOf(const native::Call& call, const Target& target, const privacy::FilesSeen& seen,
                                          const model::Dataset& dataset, std::string_view recording) {
  files::FileFilter filter;
  filter.dataset = dataset.id;
  filter.record = recording;
  filter.complete = true;
  SHEAF_ASSIGN(auto list, call.rooms->files->List(target.Experiment(), filter, "", kFilesPage,
                                                  [&](const files::File& file) { return seen.Sees(file); }));
  if (list.items.empty()) return std::optional<files::File>();
  return std::optional<files::File>(std::move(list.items.front()));
}

Result<bool> HasRecording(const native::Call& call, const Target& target, const model::Dataset& dataset, std::string_view recording) {
  exporting::ExportOptions options;
  options.format = exporting::Format::kJson;
  options.sessions = {target.room};
  options.filter = json::serialize(json::object{{"field", "record.id"}, {"op", "="}, {"value", json::string(recording)}});
  exporting::ApplyConsent(options, target.access.study.settings);
  SHEAF_ASSIGN(const auto plan, exporting::MakePlan(*target.vault, options, dataset.id, 0, call.Viewer(target.access)));
  SHEAF_ASSIGN(const std::uint64_t rows, exporting::CountRows(*target.vault, plan));
  return rows > 0;
}

Answer MintAddress(native::Call& call, Service& service) {
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "startTime"));
  const std::string recording(call.Part("recording"));
  SHEAF_ASSIGN(const Target target,
               FindRoom({call, service, access::Topic::kRecordings, access::Intent::kExport}, call.Part("session"), query.experiment));
  call.seen_study = true;
  call.audit.study = target.Experiment();
  const Error missing{ErrorCode::kNotFound, "Recording not found", "", 0};
  const auto dataset = DatasetOf(target, *FindRecordType("recordings"));
  if (!dataset || !IsRecordId(recording)) return Fail(missing);
  SHEAF_ASSIGN(const privacy::FilesSeen seen, SeenBy(call, target));
  SHEAF_TRY(seen.RequireBytes());
  SHEAF_ASSIGN(const bool has, HasRecording(call, target, *dataset, recording));
  if (!has) return Fail(missing);
  call.audit.dataset = dataset->id;
  SHEAF_ASSIGN(const auto file, FileOf(call, target, seen, *dataset, recording));
  JsonObject object;
  // No address says that the file is not there; a refusal would end a client's whole download.
  if (!file) {
    object.Raw("url", "null").Raw("expiresAt", "null");
  } else {
    const Micros expires_at = Now() + kLoan;
    SHEAF_ASSIGN(const std::string word, call.rooms->files->Mint({file->study, file->id, call.principal.account, true}, expires_at));
    call.audit.participant = file->participant;
    call.audit.target = file->id;
    object.Text("url", AbsoluteAddress(call, "/api/v1/file-links/" + word)).Raw("expiresAt", InstantJson(expires_at));
  }
  Envelope envelope = EnvelopeFor(target, "recordings", query, MonotonicNow());
  envelope.total = 1;
  return Enveloped(object.Finish(), MetadataJson(envelope, 1));
}

}  // namespace

Result<std::shared_ptr<const RecordingMedia>> RecordingMedia::Find(const native::Call& call, const Target& target,
                                                                   const model::Dataset& dataset) {
  auto media = std::make_shared<RecordingMedia>();
  SHEAF_ASSIGN(const privacy::FilesSeen seen, SeenBy(call, target));
  if (!seen.RequireBytes()) return std::shared_ptr<const RecordingMedia>(std::move(media));
  files::FileFilter filter;
  filter.dataset = dataset.id;
  filter.complete = true;
  std::string after;
  while (true) {
    SHEAF_ASSIGN(const auto page, call.rooms->files->List(target.Experiment(), filter, after, kFilesPage,
                                                          [&](const files::File& file) { return seen.Sees(file); }));
    for (const files::File& file : page.items) {
      if (!file.record.empty())
        media->recordings_.try_emplace(file.record, Facts{file.size, file.duration_ms, file.width, file.height, file.media_type});
    }
    if (page.next.empty()) return std::shared_ptr<const RecordingMedia>(std::move(media));
    after = page.next;
  }
}

std::string RecordingMedia::PathOf(std::string_view recording, std::string_view room) const {
  if (recordings_.count(std::string(recording)) == 0) return "null";
  return QuotedJson("/data/recordings/download/" + http::PercentEncode(room) + "/" + http::PercentEncode(recording));
}

std::string RecordingMedia::FactOf(std::string_view key, std::string_view recording) const {
  const auto found = recordings_.find(std::string(recording));
  if (found == recordings_.end()) return "null";
  const Facts& facts = found->second;
  if (key == "duration" && facts.duration_ms) return std::to_string(*facts.duration_ms);
  if (key == "fileSize" && facts.size) return std::to_string(*facts.size);
  if (key == "resolution" && facts.width && facts.height)
    return QuotedJson(std::to_string(*facts.width) + "x" + std::to_string(*facts.height));
  const std::size_t slash = facts.media_type.find('/');
  const std::string format = slash == std::string::npos ? std::string() : facts.media_type.substr(slash + 1);
  return key == "format" && (format == "mp4" || format == "webm") ? QuotedJson(format) : "null";
}

void AddRecordingRoutes(const Routes& routes) {
  routes.Add("GET", "/data/recordings/download/{session}/{recording}", "file.lend", MintAddress);
}

}  // namespace sheaf::api::hyperstudy
