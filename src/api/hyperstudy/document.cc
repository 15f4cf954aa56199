// The description of what is served, made of the table of record types. JSON, which YAML readers read.

#include <boost/json.hpp>

#include "api/hyperstudy/routes.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

json::object Parameter(std::string_view name, std::string_view in, json::object schema) {
  return {{"name", name}, {"in", in}, {"required", in == "path"}, {"schema", std::move(schema)}};
}

json::object Text() { return {{"type", "string"}}; }
json::object Number(int least) { return {{"type", "integer"}, {"minimum", least}}; }

json::array DataParameters(std::string_view id, bool room_needed) {
  json::array parameters = {Parameter(id, "path", Text()),
                            Parameter("offset", "query", Number(0)),
                            Parameter("limit", "query", Number(1)),
                            Parameter("sort", "query", Text()),
                            Parameter("order", "query", {{"type", "string"}, {"enum", {"asc", "desc"}}}),
                            Parameter("format", "query", {{"type", "string"}, {"enum", {"json", "csv", "ndjson"}}}),
                            Parameter("startTime", "query", {{"type", "string"}, {"format", "date-time"}}),
                            Parameter("endTime", "query", {{"type", "string"}, {"format", "date-time"}}),
                            Parameter("deploymentId", "query", Text())};
  json::object room = Parameter("roomId", "query", Text());
  room["required"] = room_needed;
  parameters.push_back(std::move(room));
  return parameters;
}

std::string_view SchemaType(const Key& key) {
  if (key.source == Source::kOnset) return "number";
  if (key.source != Source::kField) return "string";
  switch (key.type) {
    case model::FieldType::kDouble: return "number";
    case model::FieldType::kBoolean: return "boolean";
    case model::FieldType::kJson: return "";
    default: return "string";
  }
}

json::object RecordSchema(const RecordType& type) {
  json::object properties;
  json::array required;
  for (const Key& key : type.keys) {
    json::object schema;
    const std::string_view name = SchemaType(key);
    if (!name.empty()) schema["type"] = {name, "null"};
    properties[key.name] = std::move(schema);
    required.emplace_back(key.name);
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

json::object Operation(std::string_view summary, json::array parameters, json::object item) {
  json::object body{
      {"type", "object"},
      {"required", {"status", "data", "metadata"}},
      {"properties",
       {{"status", {{"type", "string"}}}, {"data", {{"type", "array"}, {"items", std::move(item)}}}, {"metadata", {{"type", "object"}}}}}};
  json::object content{{"application/json", {{"schema", std::move(body)}}}};
  return {{"summary", summary},
          {"parameters", std::move(parameters)},
          {"responses",
           {{"200", {{"description", "The rows asked for."}, {"content", std::move(content)}}},
            {"4XX", {{"description", "{\"status\":\"error\",\"error\":{\"code\",\"message\",\"details\"}}"}}}}}};
}

json::object Paths() {
  json::object paths;
  for (const RecordType& type : RecordTypes()) {
    const json::object item{{"$ref", "#/components/schemas/" + type.dataset}};
    for (const std::string_view scope : {"experiment", "room", "participant"}) {
      if (type.path == "variables" && scope != "room") continue;
      const std::string id = std::string(scope) + "Id";
      const std::string path = "/data/" + type.path + "/" + std::string(scope) + "/{" + id + "}";
      paths[path] = {{"get", Operation(type.data_type, DataParameters(id, scope == "participant"), item)}};
    }
  }
  for (const std::string_view path : {"/data/ratings/experiment/{experimentId}",
                                      "/data/ratings/room/{roomId}",
                                      "/data/ratings/participant/{participantId}",
                                      "/data/participants/experiment/{experimentId}",
                                      "/data/participants/room/{roomId}",
                                      "/data/rooms/experiment/{experimentId}",
                                      "/data/rooms/room/{roomId}",
                                      "/experiments/shared",
                                      "/experiments/{experimentId}",
                                      "/experiments/{experimentId}/config",
                                      "/experiments/{experimentId}/export",
                                      "/deployments/{deploymentId}",
                                      "/deployments/{deploymentId}/sessions",
                                      "/data/check-access/experiment/{experimentId}",
                                      "/data/counts/participant/{participantId}",
                                      "/data/agent-decisions/experiment/{experimentId}",
                                      "/data/agent-decisions/room/{roomId}",
                                      "/data/agent-decisions/room/{roomId}/decision/{decisionId}",
                                      "/data/agent-runs/experiment/{experimentId}",
                                      "/data/recordings/download/{roomId}/{recordingId}",
                                      "/experiments",
                                      "/deployments",
                                      "/health"}) {
    json::array parameters;
    std::string_view rest = path;
    for (std::size_t open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
      const std::size_t close = rest.find('}');
      parameters.push_back(Parameter(rest.substr(open + 1, close - open - 1), "path", Text()));
      rest.remove_prefix(close + 1);
    }
    paths[path] = {{"get", Operation(path, std::move(parameters), {{"type", "object"}})}};
  }
  json::object batch = Operation("Up to 100 events, all or none", {}, {{"type", "object"}});
  batch["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}};
  paths["/data/events/batch"] = {{"post", std::move(batch)}};
  return paths;
}

std::string Document() {
  json::object schemas;
  for (const RecordType& type : RecordTypes()) schemas[type.dataset] = RecordSchema(type);
  json::object document{
      {"openapi", "3.1.0"},
      {"info", {{"title", "HyperStudy data API, as served by Sheaf"}, {"version", "3.0.0"}}},
      {"servers", {{{"url", "/api/v3"}}}},
      {"security", {{{"key", json::array()}}}},
      {"paths", Paths()},
      {"components",
       {{"schemas", std::move(schemas)}, {"securitySchemes", {{"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}}}}}}};
  return json::serialize(document);
}

}  // namespace

void AddDocumentRoute(const Routes& routes) {
  routes.router.Add("GET", "/api/v3/openapi.yaml", [](http::Request, http::Responder responder) {
    static const std::string kDocument = Document();
    http::Response response;
    response.headers = {{"Content-Type", "application/yaml"}, {"Access-Control-Allow-Origin", "*"}};
    response.body = kDocument;
    responder.Send(std::move(response));
  });
}

}  // namespace sheaf::api::hyperstudy
