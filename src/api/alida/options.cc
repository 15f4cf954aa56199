#include "api/alida/options.h"

#include <array>

#include "api/named_options.h"

namespace sheaf::api::alida {
namespace {

constexpr std::array kSwitches = std::to_array<NamedSwitch<Options>>({
    {"single_choice_type", "enum", "set", &Options::single_choice_as_set},
    {"file_delivery", "redirect", "inline", &Options::inline_files},
    {"option_visibility", "hidden", "always", &Options::all_visibility},
    {"api_key", "optional", "required", &Options::require_api_key},
    {"password_grant", "off", "on", &Options::password_grant},
    {"api_key_access", "off", "on", &Options::api_key_only},
});

constexpr std::array kNumbers = std::to_array<NamedNumber<Options>>({
    {"token_lifetime_s", &Options::token_lifetime_s, 1},
    {"requests_per_minute", &Options::requests_per_minute, 0},
    {"request_burst", &Options::request_burst, 1},
    {"batches_per_hour", &Options::batches_per_hour, 0},
    {"unfinished_batches", &Options::unfinished_batches, 1},
    {"field_ids", &Options::field_ids, 1},
    {"run_time_s", &Options::run_time_s, 1},
    {"status_lifetime_s", &Options::status_lifetime_s, 1},
    {"file_lifetime_s", &Options::file_lifetime_s, 1},
    {"link_lifetime_s", &Options::link_lifetime_s, 1},
});

}  // namespace

Status SetOption(Options& options, std::string_view assignment) {
  return SetNamedOption<Options>("--alida", kSwitches, kNumbers, options, assignment);
}

}  // namespace sheaf::api::alida
