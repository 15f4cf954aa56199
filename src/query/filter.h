#pragma once
//! The filter language: JSON in, a typed predicate out. The only parser of filters: page, API, streams, jobs and
//! dialects all come here.
//!
//!   {"all":[…]}  {"any":[…]}  {"not":…}  {"field":F,"op":O,"value":V}
//!
//! F: a field's id, or time, seq, id, onset_ms, received_at, updated_at, participant, session (their ids),
//! participant.{id,code,status,ATTRIBUTE}, session.{id,name,status,start,end,ATTRIBUTE}. A field of the dataset hides
//! a word of the same name; `record.time` and so on reach the record's own. O: = != > >= < <= in not_in contains
//! not_contains starts_with not_starts_with ends_with not_ends_with is_null is_not_null between. Binding names the place of every fault.
//!
//! What suits what: texts (string, identifier and json fields, ids, codes, names, states) take every operator; numbers,
//! datetimes and times all but contains, starts_with, ends_with and their opposites; enum and boolean = != in not_in
//! is_null is_not_null; sets contains, not_contains (one option) is_null is_not_null. in and not_in take an array, between an array
//! of two; is_null and is_not_null take no value (or null) and do not tell skipped from absent. {"all":[]} and not_in [] match every row, {"any":[]} and in []
//! none. An integer may be compared with a number such as 2.5. A date alone means the start of that day in UTC.
//! Attributes are compared as text when the value is a text, as numbers when it is a number, and as booleans when it is
//! true or false (see model/predicate.h); their names have up to 255 bytes and neither quotes nor backslashes. With
//! `:datetime`, `:number` or `:boolean` behind the name (also behind participant.id) they are read as that, and null where
//! they cannot be.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/predicate.h"

namespace sheaf::query {

inline constexpr int kMaxFilterDepth = 32;
//! Conditions, those with a list counted by the length of the list.
inline constexpr std::size_t kMaxFilterLeaves = 10000;
inline constexpr std::size_t kMaxFilterBytes = 1u << 20;

//! Parses and binds. Values are checked against the column's type: numbers for integer and double, "…" for text,
//! ISO times for datetimes and `time`, ids or codes for enum and set, true/false for boolean.
//! Errors: kBadFilter, kUnknownField, kUnknownOperator, kWrongType, kUnknownOption, kBadTime, kBadJson, kBadUtf8,
//! kPayloadTooLarge; the place is a JSON pointer into the filter, prefixed by "/filter".
Result<model::Predicate> ParseFilter(std::string_view json, const model::Dataset& dataset);

//! A filter as JSON text whose members are in canonical order and whose numbers are written one way, for comparing
//! requests. It is not bound: only faults of the JSON are found.
Result<std::string> CanonicalFilter(std::string_view json);

//! What to write in the place of an id: `column` is one of participants' or sessions' ids.
using Rename = std::function<Result<std::string>(model::ColumnKind column, std::string_view id)>;
//! The filter with the ids of people that it compares with renamed, as canonical JSON. A condition that cannot be bound
//! stays as it is: ParseFilter says what is wrong with it. Errors: of the JSON, and of `rename`.
Result<std::string> RenamePeople(std::string_view json, const model::Dataset& dataset, const Rename& rename);

//! `sort`: comma-separated names as above, each with an optional leading `-` (descending) or `+` (which may have become
//! a space in an address). An empty text is an empty list.
//! Errors: kUnknownField, kBadParameter; sets, json and metadata cannot be sorted by, nor a name twice. Place "sort".
Result<std::vector<model::SortKey>> ParseSort(std::string_view text, const model::Dataset& dataset);

//! `columns`: comma-separated names of fields and of record columns (id, participant, session, time, time_offset,
//! onset_ms, seq, received_at, updated_at, skipped, metadata), `metadata.FIELD` (of one answer), `study`, and what
//! participants and sessions have beside their ids, as in filters. An empty text is an empty list. Errors as for sort; a
//! name twice is kBadParameter. Place "columns".
Result<std::vector<model::Column>> ParseColumns(std::string_view text, const model::Dataset& dataset);

//! The name the API uses for a column: a field's id, "time", "participant", …; "record.time" where a field is called
//! "time". ParseColumns reads it back.
std::string ColumnName(const model::Column& column, const model::Dataset& dataset);

}  // namespace sheaf::query
