#include "export/encoder.h"

#include "export/encoder_formats.h"
#include "export/output_text.h"

namespace sheaf::exporting {

std::unique_ptr<Encoder> MakeEncoder(const Plan& plan) {
  switch (InnerFormat(plan.options)) {
    case Format::kJson: return MakeJsonEncoder(plan, false);
    case Format::kNdjson: return MakeJsonEncoder(plan, true);
    case Format::kAlida: return MakeAlidaEncoder(plan);
    default: return MakeCsvEncoder(plan);
  }
}

}  // namespace sheaf::exporting
