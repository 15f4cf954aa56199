#pragma once
//! A rule set compiled to our own filter language and sort.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/avicenna/columns.h"
#include "base/error.h"

namespace boost::json {
class value;
}

namespace sheaf::api::avicenna {

struct RuleSet {
  std::vector<std::string> columns;  //!< as asked for, perhaps none
  std::string filter;                //!< JSON; empty: none
  std::string sort;
};

//! The id of a participant as the study keeps it.
using FindParticipant = std::function<std::string(std::string_view number_or_id)>;

//! Errors name their place as a client sees it: `rule_set.query.AND[0].value`. kBadMember, kBadFilter, kUnknownField,
//! kUnknownOperator, kWrongType.
Result<RuleSet> CompileRules(const boost::json::value& rule_set, const FieldNames& names, const FindParticipant& participant);

//! The place of a fault in a compiled filter (`/filter/all/0/value`) as a client sees it; other places as they are.
std::string PlaceInRules(std::string_view place);

}  // namespace sheaf::api::avicenna
