#pragma once
//! The encoders behind MakeEncoder.

#include <memory>
#include <string>
#include <vector>

#include "export/encoder.h"

namespace sheaf::exporting {

std::unique_ptr<Encoder> MakeCsvEncoder(const Plan& plan);
//! `lines`: NDJSON; else one JSON document.
std::unique_ptr<Encoder> MakeJsonEncoder(const Plan& plan, bool lines);
//! See alida.h. The plan has an AlidaFile.
std::unique_ptr<Encoder> MakeAlidaEncoder(const Plan& plan);
//! The value of "deleted": an array.
std::string TombstonesJson(const std::vector<vault::Tombstone>& tombstones);

}  // namespace sheaf::exporting
