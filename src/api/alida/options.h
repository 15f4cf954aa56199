#pragma once
//! What can be set of the Alida protocol: limits, and what its documentation leaves open.

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace sheaf::api::alida {

struct Options {
  // What clients see.
  bool single_choice_as_set = false;  //!< single_choice_type=enum|set
  bool inline_files = false;          //!< file_delivery=redirect|inline: the file itself in the place of a redirect
  bool all_visibility = false;        //!< option_visibility=hidden|always: which options say whether they are shown
  // Who is let in.
  bool require_api_key = false;  //!< api_key=optional|required: the token endpoint wants `x-api-key`
  bool password_grant = false;   //!< password_grant=off|on
  bool api_key_only = false;     //!< api_key_access=off|on: a key's secret as `x-api-key` in the place of a bearer
  // Limits.
  std::int64_t token_lifetime_s = 1800;
  std::int64_t requests_per_minute = 600;  //!< of a token; 0: as many as come
  std::int64_t request_burst = 60;
  std::int64_t batches_per_hour = 60;   //!< of an application; 0: as many as come
  std::int64_t unfinished_batches = 5;  //!< of an application
  std::int64_t field_ids = 5000;        //!< in one request
  std::int64_t run_time_s = 3600;       //!< of a batch
  std::int64_t status_lifetime_s = 7 * 24 * 3600;
  std::int64_t file_lifetime_s = 24 * 3600;
  std::int64_t link_lifetime_s = 15 * 60;
};

//! Sets one by "name=value", the names being those above. kUsage with what is wrong.
Status SetOption(Options& options, std::string_view assignment);

}  // namespace sheaf::api::alida
