// Records of one type: a page of them, or as many as are asked for.

#include <algorithm>
#include <utility>

#include "api/content_headers.h"
#include "api/hyperstudy/extracts.h"
#include "api/hyperstudy/places.h"
#include "api/hyperstudy/recordings.h"
#include "api/hyperstudy/routes.h"
#include "api/hyperstudy/row_encoder.h"
#include "api/hyperstudy/selection.h"
#include "api/hyperstudy/windows.h"
#include "export/pipeline.h"
#include "export/rows.h"
#include "model/view_rights.h"

namespace sheaf::api::hyperstudy {
namespace {

// A page of more rows is sent as it is made.
constexpr std::uint64_t kMostAtOnce = 10000;

std::string_view ContentType(DataFormat format) {
  switch (format) {
    case DataFormat::kCsv: return "text/csv; charset=utf-8";
    case DataFormat::kNdjson: return "application/x-ndjson";
    case DataFormat::kJson: break;
  }
  return "application/json; charset=utf-8";
}

//! events_p1_room1_2026-01-31.csv
std::string FileNameOf(const RecordType& type, const Target& target, const DataQuery& query) {
  std::string name = type.path == "events" && query.category == kQuestionnaireFile ? query.category : type.files.front();
  for (const std::string& id : {target.participant, target.room}) name += id.empty() ? "" : "_" + id;
  if (target.participant.empty() && target.room.empty()) name += "_" + target.Experiment();
  return name + "_" + FormatIsoUtc(Now()).substr(0, 10) + (query.format == DataFormat::kCsv ? ".csv" : ".ndjson");
}

http::Response BodyResponse(const RecordType& type, const Target& target, const DataQuery& query, std::uint64_t total) {
  http::Response response;
  response.headers = {{"Content-Type", std::string(ContentType(query.format))}, {"Cache-Control", "no-store"}};
  if (query.format == DataFormat::kJson) return response;
  response.headers.emplace_back("X-Total-Count", std::to_string(total));
  response.headers.emplace_back("Content-Disposition", AttachmentHeader(FileNameOf(type, target, query)));
  return response;
}

class StreamBody final : public http::BodySource {
 public:
  explicit StreamBody(std::unique_ptr<exporting::Stream> stream) : stream_(std::move(stream)) {}
  void Read(Ready ready) override { stream_->Read(std::move(ready)); }
  void Cancel() override { stream_->Cancel(); }

 private:
  std::unique_ptr<exporting::Stream> stream_;
};

//! One request for records.
class DataRequest {
 public:
  DataRequest(native::Call& call, Service& service, const RecordType& type) : call_(call), service_(service), type_(type) {}

  Answer Run() {
    SHEAF_ASSIGN(query_, ReadDataQuery(call_.request, type_.sort));
    const auto purpose = query_.format == DataFormat::kJson ? access::Intent::kView : access::Intent::kExport;
    SHEAF_ASSIGN(target_, FindTarget({call_, service_, type_.topic, purpose}, query_));
    call_.audit.dataset = type_.dataset;
    const auto dataset = DatasetOf(target_, type_);
    if (!dataset) return Empty();
    call_.audit.dataset = dataset->id;
    SHEAF_ASSIGN(options_, SelectRecords(target_, type_, *dataset, query_));
    SHEAF_TRY(FindPlace(*dataset));
    return query_.limit <= kMostAtOnce ? Page() : Stream();
  }

 private:
  //! The list in one text. Who sees the same of the same state reads the same rows.
  void NameList(const model::Dataset& dataset) {
    list_ = target_.Experiment() + "/" + dataset.id + "/" + std::to_string(dataset.version) + "/" +
            std::to_string(target_.vault->PeopleGeneration()) + model::ViewRightsJson(target_.access.rights) +
            exporting::OptionsJson(options_);
  }

  //! The plan at the instant of the list's first page, and where in it the page begins.
  Status FindPlace(const model::Dataset& dataset) {
    NameList(dataset);
    auto place = query_.offset > 0 ? service_.places.Find(list_, query_.offset) : std::nullopt;
    SHEAF_ASSIGN(auto plan,
                 exporting::MakePlan(*target_.vault, options_, dataset.id, place ? place->upto : 0, call_.Viewer(target_.access)));
    plan_ = std::move(plan);
    SHEAF_TRY(exporting::PreparePlan(*target_.vault, plan_));
    reader_.emplace(*target_.vault, plan_);
    SHEAF_TRY(reader_->Begin());
    if (type_.path == "recordings" && call_.rooms->files) { SHEAF_ASSIGN(media_, RecordingMedia::Find(call_, target_, dataset)); }
    if (place) {
      remembered_ = true;
      place_ = *std::move(place);
      return {};
    }
    SHEAF_ASSIGN(const std::uint64_t total, exporting::CountRows(*target_.vault, plan_));
    if (query_.offset < total) { SHEAF_ASSIGN(place_, reader_->Seek(query_.offset)); }
    place_.upto = plan_.select.upto;
    place_.total = total;
    SHEAF_ASSIGN(place_.started, StartOf(call_, target_));
    return {};
  }

  Envelope MakeEnvelope() const {
    Envelope envelope = EnvelopeFor(target_, type_.data_type, query_, began_);
    envelope.rating_type = type_.rating_type;
    envelope.total = place_.total;
    envelope.experiment_started_at = place_.started;
    return envelope;
  }

  RowStyle Style(const exporting::Plan& plan) const {
    const auto nobody = target_.vault->ParticipantNumber(kNobody).value_or(-1);
    const auto metadata = [envelope = MakeEnvelope()](std::uint64_t rows) { return MetadataJson(envelope, rows); };
    RowStyle style{plan, type_, target_.Experiment(), query_.format, nobody, metadata, {}};
    if (media_) {
      style.media = [media = media_](std::string_view recording, std::string_view room) { return media->PathOf(recording, room); };
      style.facts = [media = media_](std::string_view key, std::string_view recording) { return media->FactOf(key, recording); };
    }
    return style;
  }

  Answer Empty() {
    Envelope envelope = MakeEnvelope();
    SHEAF_ASSIGN(envelope.experiment_started_at, StartOf(call_, target_));
    call_.audit.rows = 0;
    http::Response response = BodyResponse(type_, target_, query_, 0);
    if (query_.format == DataFormat::kJson) return Enveloped("[]", MetadataJson(envelope, 0));
    if (query_.format == DataFormat::kCsv) {
      for (const Key& key : type_.keys) response.body += (response.body.empty() ? "" : ",") + key.name;
      response.body += "\r\n";
    }
    return response;
  }

  Answer Page() {
    std::vector<Slice> slices;
    Place place = place_;
    if (query_.offset < place.total) { SHEAF_ASSIGN(slices, reader_->Read(place, query_.limit)); }
    http::Response response = BodyResponse(type_, target_, query_, place.total);
    const auto encoder = MakeRowEncoder(Style(plan_));
    std::uint64_t rows = 0;
    encoder->Begin(response.body);
    for (const Slice& slice : slices) {
      encoder->Encode(*slice.batch, slice.begin, slice.end, rows == 0, response.body);
      rows += slice.end - slice.begin;
    }
    encoder->End(response.body, rows);
    call_.audit.rows = rows;
    if (rows > 0 && query_.offset + rows < place.total) service_.places.Put(list_, query_.offset + rows, std::move(place));
    if (remembered_) service_.places.Lighten(list_, query_.offset);
    return response;
  }

  Answer Stream() {
    const std::uint64_t left = query_.offset < place_.total ? place_.total - query_.offset : 0;
    http::Response response = BodyResponse(type_, target_, query_, place_.total);
    call_.audit.rows = std::min(left, query_.limit);
    if (place_.block && place_.before) place_.behind = place_.before;
    if (place_.behind) { SHEAF_ASSIGN(plan_.select.position, reader_->Complete(*place_.behind)); }
    plan_.select.limit = query_.limit;
    if (left == 0) plan_.select.limit = 1, plan_.select.upto = plan_.select.after;
    const auto coding = NegotiateCompression(call_.request.Header("accept-encoding"));
    const auto compression = coding.value_or(exporting::Compression::kNone);
    SHEAF_ASSIGN(auto stream, service_.rooms->streams->Open(target_.vault, std::move(plan_), compression,
                                                            [this](const exporting::Plan& plan) { return MakeRowEncoder(Style(plan)); }));
    if (compression == exporting::Compression::kGzip) response.headers.emplace_back("Content-Encoding", "gzip");
    if (compression == exporting::Compression::kZstd) response.headers.emplace_back("Content-Encoding", "zstd");
    response.headers.emplace_back("Vary", "Accept-Encoding");
    response.source = std::make_unique<StreamBody>(std::move(stream));
    return response;
  }

  native::Call& call_;
  Service& service_;
  const RecordType& type_;
  const Micros began_ = MonotonicNow();
  DataQuery query_;
  Target target_;
  exporting::ExportOptions options_;
  std::string list_;
  exporting::Plan plan_;
  std::optional<BlockReader> reader_;
  Place place_;
  bool remembered_ = false;
  std::shared_ptr<const RecordingMedia> media_;
};

Answer GetRecords(native::Call& call, Service& service, const RecordType& type) {
  if (type.path == "sync" && call.request.QueryParameter("aggregationWindow")) return GetWindows(call, service, type);
  return DataRequest(call, service, type).Run();
}

}  // namespace

void AddDataRoutes(const Routes& routes) {
  for (const RecordType& type : RecordTypes()) {
    if (type.path == "variables") continue;
    AddScopes(routes, type.path, "records.read", [&type](native::Call& call, Service& service) { return GetRecords(call, service, type); });
  }
  // One address for both kinds of ratings.
  AddScopes(routes, "ratings", "records.read", [](native::Call& call, Service& service) -> Answer {
    const std::string kind(call.request.QueryParameter("ratingType").value_or(""));
    const RecordType* const type = FindRecordType("ratings/" + kind);
    if (type == nullptr) return Fail(ErrorCode::kBadParameter, "ratingType is sparse or continuous.", "ratingType");
    return GetRecords(call, service, *type);
  });
}

}  // namespace sheaf::api::hyperstudy
