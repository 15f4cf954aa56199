#include "api/avicenna/options.h"

#include <array>

#include "api/named_options.h"

namespace sheaf::api::avicenna {
namespace {

constexpr std::array kSwitches = std::to_array<NamedSwitch<Options>>({
    {"reversed_dates", "swap", "refuse", &Options::refuse_reversed_dates},
    {"empty_columns", "refuse", "all", &Options::empty_columns_are_all},
});

constexpr std::array kNumbers = std::to_array<NamedNumber<Options>>({
    {"unfinished_exports", &Options::unfinished_exports, 1},
    {"retry_after_s", &Options::retry_after_s, 1},
    {"sort_up_to_rows", &Options::sort_up_to_rows, 0},
    {"zip_from_bytes", &Options::zip_from_bytes, 0},
});

}  // namespace

Status SetOption(Options& options, std::string_view assignment) {
  return SetNamedOption<Options>("--avicenna", kSwitches, kNumbers, options, assignment);
}

}  // namespace sheaf::api::avicenna
