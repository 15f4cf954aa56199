#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "model/definition_json.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxWord = 255;

Answer ListSensors(Call& call) {
  SHEAF_TRY(call.rooms->gate->Allow(call.principal, access::Action::kListStudies));
  SHEAF_TRY(call.OnlyParameters({}));
  return JsonResponse(call.rooms->sensors->Json());
}

//! By number or name, as `{"source": …}` gives it.
Result<const model::SensorSource*> FindSource(const Call& call, JsonBody& body) {
  const model::SensorSource* source = nullptr;
  SHEAF_ASSIGN(const auto number, body.WholeNumber("source"));
  if (number) {
    source = call.rooms->sensors->Find(*number);
  } else {
    SHEAF_ASSIGN(const auto name, body.Text("source", kMaxWord));
    if (!name) return Fail(ErrorCode::kBadMember, "\"source\" is missing.", body.Place("source"));
    source = call.rooms->sensors->Find(std::string_view(*name));
  }
  if (source == nullptr)
    return Fail(ErrorCode::kBadMember, "The registry has no such source; GET /api/v1/sensors lists them.", body.Place("source"));
  return source;
}

//! A dataset made from a source of the registry; the one that was made before stays as it is.
Answer PostSensor(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableStudy(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const model::SensorSource* source, FindSource(call, body));
  SHEAF_ASSIGN(const auto id, body.Text("id", kMaxWord));
  SHEAF_TRY(body.Finish());
  const std::string dataset_id = id.value_or(source->definition.id);
  if (!IsSlug(dataset_id)) return Fail(ErrorCode::kBadId, "A dataset's id has 1 to 64 of A-Z a-z 0-9 _ -.", body.Place("id"));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  call.audit.dataset = dataset_id;
  if (const auto known = vault->FindDataset(dataset_id)) {
    if (model::DataSourceOf(**known) == source->number) return JsonResponse(model::DatasetJson(**known));
    return Fail(ErrorCode::kConflict, "The study has another dataset " + dataset_id + ", which was not made from this source.",
                body.Place("id"));
  }
  bool created = false;
  SHEAF_ASSIGN(const auto kept, vault->PutDataset(model::DatasetFrom(*source, dataset_id), &created));
  http::Response response = JsonResponse(model::DatasetJson(*kept), created ? 201 : 200);
  response.headers.emplace_back("Location", call.Address("/api/v1/studies/" + study.id + "/datasets/" + kept->id));
  return response;
}

}  // namespace

void AddSensorRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/sensors", ListSensors);
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/sensors", PostSensor, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
