#pragma once
//! Columns → bytes of a format. The part Sheaf is fast in: no allocation and no virtual call per cell.

#include <memory>
#include <string>

#include "export/plan.h"
#include "model/column.h"

namespace sheaf::exporting {

//! Immutable after construction; Encode may run on several threads at once, each with its own `out`. The bytes of an
//! export are Begin, the Encodes in row order, End.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual void Begin(std::string& out) const = 0;
  //! Appends rows [begin, end) of the batch. `first`: no row was written before (JSON's commas).
  virtual void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const = 0;
  virtual void End(std::string& out, std::uint64_t rows) const = 0;
};

//! csv, json, ndjson or alida (alida.h) (Parquet is written by the vault's engine, ZIP by `archive.h`). The plan must outlive it.
//!
//! CSV: RFC 4180 (a cell with the separator, a quote, CR or LF, or an empty string as an answer, is quoted; the empty string
//! is `""`, no answer is the missing text, unquoted). Booleans true/false. Times FormatIsoUtc or in the zone asked for.
//! Doubles: shortest text that reads back to the same double. Enum by ValueStyle.
//! NDJSON: one record a line as POST …/records takes it, plus seq, updated_at, received_at, time_offset when there is one:
//! {"id":…,"participant":…,"session":…,"time":…,"onset_ms":…,"values":{…},"skipped":[…],"metadata":{…},"seq":…,"updated_at":…,"received_at":…}; members
//! that are null or empty are left out, but for "values". With `columns`, only those members and fields.
//! JSON: {"definition":{…},"records":[ … ],"count":n,"cursor":"…"} with the same records.
std::unique_ptr<Encoder> MakeEncoder(const Plan& plan);

}  // namespace sheaf::exporting
