#include <array>
#include <string>
#include <utility>

#include "demo/experiment.h"

namespace sheaf::demo {
namespace {

// Field ids are those that clients of experiment platforms know.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kFields = {{
    {"events", R"(
      {"id":"category","type":"enum","options":[{"id":"pre_experiment"},{"id":"system"},{"id":"state"},{"id":"component"},
        {"id":"media"},{"id":"communication"},{"id":"sparse_rating"},{"id":"questionnaire"},{"id":"post_experiment"}]},
      {"id":"eventType","type":"string"},{"id":"componentType","type":"string"},{"id":"componentId","type":"string"},
      {"id":"content","type":"string"},{"id":"stateId","type":"string"},{"id":"stateName","type":"string"},
      {"id":"participantRole","type":"string"},{"id":"duration","type":"integer","unit":"ms"},
      {"id":"response","type":"json","privacy":"sensitive"},{"id":"value","type":"json","privacy":"sensitive"})"},
    {"recordings", R"(
      {"id":"egressId","type":"identifier"},{"id":"participantName","type":"string","privacy":"quasi"},
      {"id":"startTime","type":"datetime"},{"id":"endTime","type":"datetime"},{"id":"duration","type":"integer","unit":"ms"},
      {"id":"videoOffset","type":"integer","unit":"ms"},{"id":"fileSize","type":"integer","unit":"B"},
      {"id":"format","type":"enum","options":[{"id":"mp4"},{"id":"webm"},{"id":"wav"}]},{"id":"resolution","type":"string"},
      {"id":"status","type":"enum","options":[{"id":"complete"},{"id":"failed"}]},{"id":"fileName","type":"string"},
      {"id":"metadata","type":"json"})"},
    {"chat", R"(
      {"id":"senderId","type":"identifier"},{"id":"senderName","type":"string","privacy":"quasi"},
      {"id":"content","type":"string","privacy":"sensitive"},{"id":"recipientIds","type":"json"},
      {"id":"messageType","type":"enum","options":[{"id":"text"}]},{"id":"deleted","type":"boolean"})"},
    {"continuous_ratings", R"(
      {"id":"componentId","type":"string"},{"id":"value","type":"double","min":0,"max":100},
      {"id":"normalizedValue","type":"double","min":0,"max":1},{"id":"rawValue","type":"double"},
      {"id":"scaleMin","type":"double"},{"id":"scaleMax","type":"double"})"},
    {"sparse_ratings", R"(
      {"id":"componentId","type":"string"},{"id":"value","type":"double","min":0,"max":100},{"id":"rawValue","type":"double"},
      {"id":"responseTime","type":"integer","unit":"ms"},{"id":"scaleMin","type":"double"},{"id":"scaleMax","type":"double"},
      {"id":"labels","type":"json"},{"id":"scale","type":"json"},{"id":"type","type":"string"},{"id":"stateId","type":"string"},
      {"id":"stimulusId","type":"string"},{"id":"stimulusTime","type":"double","unit":"s"},
      {"id":"confidence","type":"double","min":0,"max":1},{"id":"rawOnset","type":"integer","unit":"ms"},
      {"id":"clockOffsetApplied","type":"integer","unit":"ms"},{"id":"ratingEndOnset","type":"integer","unit":"ms"},
      {"id":"stateStartTime","type":"integer","unit":"ms"},{"id":"stateDuration","type":"integer","unit":"ms"},
      {"id":"metadata","type":"json"},{"id":"sparseRatingData","type":"json"})"},
    {"sync_metrics", R"(
      {"id":"timeDrift","type":"integer","unit":"ms"},{"id":"playbackRate","type":"double"},
      {"id":"syncQuality","type":"double","min":0,"max":1},{"id":"latency","type":"integer","unit":"ms","min":0},
      {"id":"bufferHealth","type":"double","min":0,"max":1})"},
    {"components", R"(
      {"id":"componentId","type":"string"},{"id":"componentType","type":"string"},{"id":"stateId","type":"string"},
      {"id":"config","type":"json"},{"id":"variableSnapshot","type":"json"},{"id":"response","type":"json","privacy":"sensitive"},
      {"id":"completed","type":"boolean"},{"id":"content","type":"string"},{"id":"stimulusUrl","type":"string"},
      {"id":"stimulusCaption","type":"string"})"},
}};

}  // namespace

model::Dataset ExperimentDefinition(std::string_view id) {
  for (const auto& [kind, fields] : kFields) {
    if (kind != id) continue;
    // Sampled while a clip plays: what lies between clips is not missing.
    const bool clips = id == "continuous_ratings" || id == "sync_metrics";
    const std::string design = clips ? R"("attributes":{"quality":{"completeness":"none","ignore":["gap"]}},)" : "";
    return Defined(id,
                   R"({"mode":"append",)" + design + R"("kind":")" + std::string(kind) + R"(","fields":[)" + std::string(fields) + "]}");
  }
  return Defined(id, "{}");
}

}  // namespace sheaf::demo
