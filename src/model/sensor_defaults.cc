#include "model/sensor_sources.h"

namespace sheaf::model {

std::string_view SensorSources::DefaultJson() {
  // Written to the data directory as it stands here, for an operator to edit.
  return R"json({"sources": [
  {"id": 1, "name": "accelerometer", "label": "Accelerometer", "fields": [
    {"id": "x_axis", "type": "double", "unit": "m/s2"},
    {"id": "y_axis", "type": "double", "unit": "m/s2"},
    {"id": "z_axis", "type": "double", "unit": "m/s2"},
    {"id": "accu", "type": "integer", "label": "Accuracy: 1 low, 2 medium, 3 high", "min": 0, "max": 3}]},
  {"id": 2, "name": "magnetic_field", "label": "Magnetic field", "fields": [
    {"id": "x_axis", "type": "double", "unit": "uT"},
    {"id": "y_axis", "type": "double", "unit": "uT"},
    {"id": "z_axis", "type": "double", "unit": "uT"},
    {"id": "accu", "type": "integer", "label": "Accuracy: 1 low, 2 medium, 3 high", "min": 0, "max": 3}]},
  {"id": 3, "name": "gyroscope", "label": "Gyroscope", "fields": [
    {"id": "x_axis", "type": "double", "unit": "rad/s"},
    {"id": "y_axis", "type": "double", "unit": "rad/s"},
    {"id": "z_axis", "type": "double", "unit": "rad/s"},
    {"id": "accu", "type": "integer", "label": "Accuracy: 1 low, 2 medium, 3 high", "min": 0, "max": 3}]},
  {"id": 4, "name": "linear_acceleration", "label": "Linear acceleration", "fields": [
    {"id": "x_axis", "type": "double", "unit": "m/s2"},
    {"id": "y_axis", "type": "double", "unit": "m/s2"},
    {"id": "z_axis", "type": "double", "unit": "m/s2"},
    {"id": "accu", "type": "integer", "label": "Accuracy: 1 low, 2 medium, 3 high", "min": 0, "max": 3}]},
  {"id": 5, "name": "gravity", "label": "Gravity", "fields": [
    {"id": "x_axis", "type": "double", "unit": "m/s2"},
    {"id": "y_axis", "type": "double", "unit": "m/s2"},
    {"id": "z_axis", "type": "double", "unit": "m/s2"},
    {"id": "accu", "type": "integer", "label": "Accuracy: 1 low, 2 medium, 3 high", "min": 0, "max": 3}]},
  {"id": 6, "name": "orientation", "label": "Orientation", "fields": [
    {"id": "x_axis", "type": "double", "unit": "deg"},
    {"id": "y_axis", "type": "double", "unit": "deg"},
    {"id": "z_axis", "type": "double", "unit": "deg"},
    {"id": "accu", "type": "integer", "label": "Accuracy: 1 low, 2 medium, 3 high", "min": 0, "max": 3}]},
  {"id": 10, "name": "gps", "label": "GPS", "fields": [
    {"id": "satellite_time", "type": "datetime"},
    {"id": "provider", "type": "string", "label": "gps, network, fused, gps-passive, network-passive"},
    {"id": "lat", "type": "double", "unit": "deg", "min": -90, "max": 90, "privacy": "quasi"},
    {"id": "lon", "type": "double", "unit": "deg", "min": -180, "max": 180, "privacy": "quasi"},
    {"id": "alt", "type": "double", "unit": "m"},
    {"id": "accu", "type": "double", "unit": "m"},
    {"id": "bearing", "type": "double", "unit": "deg"},
    {"id": "speed", "type": "double", "unit": "m/s"}]},
  {"id": 20, "name": "bluetooth", "label": "Bluetooth", "fields": [
    {"id": "dev_name", "type": "string", "privacy": "quasi"},
    {"id": "dev_class", "type": "string"},
    {"id": "mac", "type": "identifier", "privacy": "quasi"},
    {"id": "rssi", "type": "integer", "unit": "dBm"}]},
  {"id": 21, "name": "beacon", "label": "Bluetooth beacons", "fields": [
    {"id": "uuid", "type": "identifier"},
    {"id": "major", "type": "integer"},
    {"id": "minor", "type": "integer"},
    {"id": "rssi", "type": "integer", "unit": "dBm"}]},
  {"id": 30, "name": "screen_state", "label": "Screen state", "fields": [
    {"id": "end_time", "type": "datetime"},
    {"id": "state", "type": "boolean", "label": "On or off"},
    {"id": "lock_state", "type": "string", "label": "locked or unlocked"}]},
  {"id": 31, "name": "app_usage", "label": "App usage", "fields": [
    {"id": "app_name", "type": "string"},
    {"id": "app_package_name", "type": "string"},
    {"id": "app_version", "type": "string"},
    {"id": "start_time", "type": "datetime"},
    {"id": "end_time", "type": "datetime"},
    {"id": "duration", "type": "double", "unit": "s"},
    {"id": "last_used", "type": "datetime"}]},
  {"id": 40, "name": "battery", "label": "Battery", "fields": [
    {"id": "level", "type": "integer"},
    {"id": "scale", "type": "integer"},
    {"id": "plugged", "type": "integer", "label": "0 battery, 1 AC, 2 USB"}]},
  {"id": 41, "name": "light", "label": "Light", "fields": [
    {"id": "value", "type": "double", "unit": "lx"}]},
  {"id": 42, "name": "pedometer", "label": "Pedometer", "fields": [
    {"id": "steps", "type": "integer"},
    {"id": "end_time", "type": "datetime"}]},
  {"id": 50, "name": "fitbit_daily_activity", "label": "Fitbit activity summary", "fields": [
    {"id": "activity_calories", "type": "double", "unit": "kcal"},
    {"id": "calories", "type": "double", "unit": "kcal"},
    {"id": "calories_bmr", "type": "double", "unit": "kcal"},
    {"id": "distance", "type": "double", "unit": "km"},
    {"id": "elevation", "type": "double", "unit": "m"},
    {"id": "floors", "type": "double"},
    {"id": "minutes_sedentary", "type": "double", "unit": "min"},
    {"id": "minutes_lightly_active", "type": "double", "unit": "min"},
    {"id": "minutes_fairly_active", "type": "double", "unit": "min"},
    {"id": "minutes_very_active", "type": "double", "unit": "min"}]},
  {"id": 60, "name": "garmin_health_daily", "label": "Garmin daily", "fields": [
    {"id": "date", "type": "string"},
    {"id": "start_time", "type": "datetime"},
    {"id": "duration_sec", "type": "double", "unit": "s"},
    {"id": "steps", "type": "integer"},
    {"id": "distance_meter", "type": "double", "unit": "m"},
    {"id": "active_time_sec", "type": "double", "unit": "s"},
    {"id": "active_kilocalories", "type": "double", "unit": "kcal"},
    {"id": "bmr_kilocalories", "type": "double", "unit": "kcal"},
    {"id": "consumed_calories", "type": "double", "unit": "kcal"},
    {"id": "moderate_intensity_duration_sec", "type": "double", "unit": "s"},
    {"id": "vigorous_intensity_duration_sec", "type": "double", "unit": "s"},
    {"id": "floors_climbed", "type": "double"}]},
  {"id": 61, "name": "garmin_sdk_accelerometer", "label": "Garmin SDK accelerometer", "fields": [
    {"id": "x_value", "type": "double", "unit": "mg"},
    {"id": "y_value", "type": "double", "unit": "mg"},
    {"id": "z_value", "type": "double", "unit": "mg"},
    {"id": "device", "type": "string"}]},
  {"id": 62, "name": "garmin_sdk_actigraphy", "label": "Garmin SDK actigraphy", "fields": [
    {"id": "instance", "type": "integer", "min": 0, "max": 3},
    {"id": "end_timestamp", "type": "datetime"}]},
  {"id": 70, "name": "healthkit", "label": "HealthKit", "fields": [
    {"id": "start_date", "type": "datetime"},
    {"id": "end_date", "type": "datetime"},
    {"id": "device", "type": "string"},
    {"id": "source_revision", "type": "string"},
    {"id": "source_name", "type": "string"},
    {"id": "source_bundle_id", "type": "string"},
    {"id": "source_version", "type": "string"},
    {"id": "device_model", "type": "string"},
    {"id": "device_hardware_version", "type": "string"},
    {"id": "device_software_version", "type": "string"},
    {"id": "was_user_entered", "type": "boolean"},
    {"id": "creation_date", "type": "datetime"}]},
  {"id": 99, "alias_of": 1}
]}
)json";
}

}  // namespace sheaf::model
