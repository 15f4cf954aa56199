#pragma once
//! {"status","data","metadata"}: the shape of every answer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/hyperstudy/data_query.h"
#include "base/time.h"
#include "http/server.h"

namespace sheaf::api::hyperstudy {

//! What the metadata of one answer says.
struct Envelope {
  std::string data_type;    //!< "events"
  std::string rating_type;  //!< "sparse", "continuous"; empty: not a rating
  std::string scope;        //!< experiment, room, participant, user, deployment
  std::string scope_id;
  DataQuery query;
  std::uint64_t total = 0;
  Micros began = 0;  //!< MonotonicNow() when the request came
  std::optional<Micros> experiment_started_at;
  std::vector<std::string> warnings;  //!< "CODE: text"
  std::string more;                   //!< further members of metadata, `,"mode":"replay"`
};

//! The metadata after `returned` rows.
std::string MetadataJson(const Envelope& envelope, std::uint64_t returned);
//! `data`: JSON of any kind.
http::Response Enveloped(std::string_view data, std::string_view metadata, int status = 200);
//! One page of a list that is at hand as JSON texts.
http::Response ListResponse(const Envelope& envelope, const std::vector<std::string>& rows);

//! An instant with exactly three decimals, quoted; null for none.
std::string InstantJson(const std::optional<Micros>& instant);
//! The instant without what three decimals do not show.
Micros FloorMillis(Micros instant);

}  // namespace sheaf::api::hyperstudy
